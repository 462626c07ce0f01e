"""The folder on disk: the only place that opens, changes, scans or watches what is in it."""
