"""Puts the files of a workspace into its folder, for commands that make one: it is opened once, and closed again."""

import asyncio
from pathlib import Path

from workspace_server import config
from workspace_server.app.owner import Ownership
from workspace_server.services.engine import Engine

INDEX_S = 30.0
"""How long to wait for the facts: whoever asks for them next finds them, or has to wait for the server."""


def fill(root: Path) -> None:
    """Bring the folder *root* to what its database says, and the facts too as far as that is soon done. Blocks.

    Raises:
        Owned: Another process owns it.
        Unavailable: The database is of a newer program.
    """

    async def once() -> None:
        async with Engine.open(root, settings=config.load(root)) as engine:
            await engine.indexing.reach("facts", engine.head_seq, timeout_s=INDEX_S)

    with Ownership.take(root, "background"):
        asyncio.run(once())
