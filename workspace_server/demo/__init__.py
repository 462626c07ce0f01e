"""The story that `workspace-server demo` plays: a swarm of scripted agents shares one folder.

The agents in `agents/` are clients and nothing else: each runs in a process of its own, speaks MCP through
`workspace_client`, and imports nothing of the server. They live here rather than beside the other examples so that the
demo works from an installed wheel as well as from a checkout.
"""
