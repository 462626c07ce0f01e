"""The web view for people."""
