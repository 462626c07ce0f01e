"""The search index in a process of its own: what both ends say to each other, and either end."""
