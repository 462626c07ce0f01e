"""A shared workspace for AI agents: one folder, spoken to over MCP.

Kept free of imports: the `stdio` proxy starts through this package and must be up in milliseconds.
"""

__version__ = "0.1.0"
