"""Programs with the calling form of coding agents, and none of their minds: a wrong flag ends them."""
