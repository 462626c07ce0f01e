"""From the text of a file to HTML that is safe to show: pure, and slow enough to be run in a thread."""
