"""The past of the whole workspace: as of a moment, and undo."""
