"""Servers that break their word, each in one way: the checks must find every one of them."""

import asyncio
from collections.abc import Iterable
from typing import Any, Literal, get_args

from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine
from workspace_server.services.recording import Body, Result

Control = Literal[
    "honest",
    "answers early",
    "places before it commits",
    "clears intents before it places",
    "clears intents before it syncs",
    "syncs nothing",
]
DISHONEST: tuple[Control, ...] = get_args(Control)[1:]


def spoil(engine: Engine, control: Control) -> None:
    """Make *engine* break its word; "answers early" and "syncs nothing" are the process's own doing."""
    if control == "places before it commits":
        _place_first(engine)
    elif control == "clears intents before it places":
        _clear_first(engine)
    elif control == "clears intents before it syncs":
        materialiser = engine.tree.materialiser
        materialiser._tree.sync = lambda paths: None  # type: ignore[method-assign]


def _place_first(engine: Engine) -> None:
    change = engine.folder.change

    async def swapped(caller: Caller, action: str, body: Body, paths: Iterable[str]) -> Result:
        tree = engine.tree.tree

        def place() -> None:
            for path in paths:
                tree.place(tree.stage(b"placed before it was committed\n", path), path)

        await asyncio.to_thread(place)
        return await change(caller, action, body, paths)

    type(engine.folder).change = lambda _self, *given, **named: swapped(*given, **named)  # type: ignore[method-assign]


def _clear_first(engine: Engine) -> None:
    bring = engine.tree.materialiser._bring

    async def cleared(paths: Any) -> None:
        async def clear(tx: Any) -> None:
            await tx.run("DELETE FROM intents")

        await engine.db.write(clear)
        await bring(paths)

    engine.tree.materialiser._bring = cleared  # type: ignore[method-assign]
