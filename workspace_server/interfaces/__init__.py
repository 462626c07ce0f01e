"""Faces: they translate and authorise, and hold no rule."""
