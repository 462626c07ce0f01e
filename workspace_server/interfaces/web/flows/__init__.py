"""Triggers, and what they set off."""
