"""Changing files by hand: write, edit, upload, move, delete, restore."""
