"""Files and directories: the tree, what stands in a file, and how it is shown."""
