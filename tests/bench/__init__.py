"""Speed, measured side by side in one run; never a timed test. Run by `make bench`."""
