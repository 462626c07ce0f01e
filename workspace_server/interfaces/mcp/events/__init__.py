"""The MCP Events extension: what happens in the workspace, for clients that subscribe to it."""

EXTENSION = "io.modelcontextprotocol/events"
