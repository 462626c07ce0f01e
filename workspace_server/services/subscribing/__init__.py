"""The log for clients of the MCP Events extension: read by cursors, and sent to who subscribed."""
