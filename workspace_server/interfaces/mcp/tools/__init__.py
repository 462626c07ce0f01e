"""The tools, one file per noun: what each takes, and the one call that it makes."""

from workspace_server.interfaces.mcp.registry import ToolSpec
from workspace_server.interfaces.mcp.tools import events, files, jobs, locks, reading, search, triggers

TOOLS: tuple[ToolSpec, ...] = (
    *reading.TOOLS,
    *files.TOOLS,
    *locks.TOOLS,
    *search.TOOLS,
    *events.TOOLS,
    *triggers.TOOLS,
    *jobs.TOOLS,
)
"""Every tool, in the order in which `tools/list` shows them."""
