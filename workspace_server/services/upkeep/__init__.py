"""Upkeep of an open workspace: what is kept for how long, what is cleared, and what is removed for good."""
