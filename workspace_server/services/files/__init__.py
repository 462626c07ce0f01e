"""The use cases of files: read, list, write, move, merge and commit them."""
