"""Search and facts."""
