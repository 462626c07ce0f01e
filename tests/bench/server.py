"""The real server with one tool more, which does nothing: the floor of every call."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from workspace_server.app.server import run
from workspace_server.config import load
from workspace_server.core.access import Caller
from workspace_server.interfaces.mcp import server
from workspace_server.interfaces.mcp.registry import ToolSpec
from workspace_server.interfaces.mcp.schemas import Arguments
from workspace_server.interfaces.mcp.tools import TOOLS
from workspace_server.services.engine import Engine
from workspace_server.services.index import indexing
from workspace_server.services.index.indexing import Indexing

CROWD = 16_384


class Nothing(Arguments):
    """Arguments as many as a small tool has."""

    path: str = ""
    limit: int = 10
    detail: str = "brief"


async def nothing(_engine: Engine, _caller: Caller, _given: Any) -> dict[str, Any]:
    """Do nothing."""
    return {"path": "", "version": 1}


NOOP = ToolSpec(name="noop", description="Nothing.", params=Nothing, verb="read", handler=nothing, changes=False)


async def rest(_: Indexing) -> None:
    """Index nothing."""
    await asyncio.sleep(float("inf"))


if __name__ == "__main__":
    vars(server)["TOOLS"] = (*TOOLS, NOOP)
    if "--without-index" in sys.argv:
        vars(indexing)["Indexing"].run = rest
    folder = Path(sys.argv[1])
    flags = {"port": 0, "webhooks_allow_loopback": True, "log_level": "warning"}
    if "--crowd" in sys.argv:  # all from one address, which is else bounded by itself
        flags |= {"connections_max": CROWD, "connections_per_address_max": CROWD}
    settings = load(folder, flags=flags)
    run(folder, settings, announce=lambda record, _: print(record.url, flush=True))
