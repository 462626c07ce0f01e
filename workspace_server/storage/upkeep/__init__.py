"""What is done to a whole workspace, with or without a server beside it: read all of it, copy it, compare it."""
