"""What becomes of a call whose client goes away."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import anyio
from starlette.requests import ClientDisconnect, Request

T = TypeVar("T")


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what *work* gives; cancel it when the client goes away. The request's body has been read.

    For calls that wait: what they would be given, nobody would hear of. Ten thousand may wait at once, so the work is
    done in the caller's own task, and one more watches the connection.

    Raises:
        ClientDisconnect: It went away.
    """
    with anyio.CancelScope() as call:
        watching = asyncio.ensure_future(_watch(request, call))
        try:
            return await work
        finally:
            watching.cancel()
    raise ClientDisconnect


async def _watch(request: Request, call: anyio.CancelScope) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    call.cancel()
