"""The pictures of the README: a swarm at work on a real server, photographed in Chromium."""
