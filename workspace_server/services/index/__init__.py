"""The index at work, and the answers that come from it."""
