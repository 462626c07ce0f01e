"""The long versions of the fault tests, and those that need root, ptrace or a mount: `make soak`."""
