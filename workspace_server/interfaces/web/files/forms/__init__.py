"""The forms in which files are shown: one module each, from one look at a version to a template and its values."""
