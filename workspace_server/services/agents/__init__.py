"""Who works here: seen, served, paused, and told something."""
