"""A client of the MCP Events extension, and how it calls the methods."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp import Client
from mcp.client.extension import ClientExtension, NotificationBinding
from mcp_types import NotificationParams, Request
from pydantic import BaseModel, ConfigDict

FRAMES = ("active", "event", "heartbeat", "error", "terminated")


class Answer(BaseModel):
    """Any result, as it came."""

    model_config = ConfigDict(extra="allow")


class Frame(NotificationParams):
    """What any frame of a stream carries."""

    model_config = ConfigDict(extra="allow")


class Ear(ClientExtension):
    """Hears the frames of streams, in the order in which they come."""

    identifier = "io.modelcontextprotocol/events"

    def __init__(self) -> None:
        self._heard: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()

    def notifications(self) -> Sequence[NotificationBinding[Any]]:
        return [self._binding(frame) for frame in FRAMES]

    async def next(self, *frames: str) -> dict[str, Any]:
        """Return what the next of these frames carries; others that come before are passed over."""
        with anyio.fail_after(10):
            while True:
                name, params = await self._heard.get()
                if name in frames:
                    return params

    def _binding(self, frame: str) -> NotificationBinding[Any]:
        async def hear(params: Frame) -> None:
            self._heard.put_nowait((frame, params.model_dump(by_alias=True, exclude_unset=True)))

        return NotificationBinding(method=f"notifications/events/{frame}", params_type=Frame, handler=hear)


async def ask(client: Client, method: str, **params: Any) -> dict[str, Any]:
    """Call a method and return its result without what belongs to the protocol."""
    answer = await client.session.send_request(Request[dict[str, Any], str](method=method, params=params), Answer)
    found = answer.model_dump(by_alias=True)
    return {name: value for name, value in found.items() if name not in {"_meta", "resultType"}}


@asynccontextmanager
async def stream(client: Client, **params: Any) -> AsyncIterator[None]:
    """Hold a stream open while the block runs."""
    async with anyio.create_task_group() as held:
        held.start_soon(lambda: ask(client, "events/stream", **params))
        yield
        held.cancel_scope.cancel()
