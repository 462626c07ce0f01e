"""The MCP face: tools, resources, prompts over Streamable HTTP and the owner's socket."""
