"""Locks: who may have which, how long, and in which order."""
