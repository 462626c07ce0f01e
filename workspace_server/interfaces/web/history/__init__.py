"""The versions of a file, and what changed between them."""
