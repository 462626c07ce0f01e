"""The event feed as an outsider follows it, over HTTP, from seq 0."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp

from workspace_server.demo.processes import Failed

Event = dict[str, Any]
PAUSE_S = 0.1
PAGE = 1000


class Feed:
    """All events so far, in their order; goes on where it was when the server went away in between.

    Args:
        on_event: Called with each event as it comes.
    """

    def __init__(self, url: str, on_event: Callable[[Event], None]) -> None:
        self._url = url
        self._on_event = on_event
        self._news = asyncio.Condition()
        self.events: list[Event] = []

    async def follow(self) -> None:
        """Follow the feed until cancelled."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_read=60)) as session:
            while True:
                with suppress(aiohttp.ClientError, TimeoutError, OSError):
                    await self._stream(session)
                await asyncio.sleep(PAUSE_S)

    async def until(self, wanted: Callable[[Event], bool], what: str, *, count: int = 1, timeout_s: float) -> Event:
        """Return the event that makes *count* events of the wanted kind, past ones included.

        Raises:
            Failed: It did not come within *timeout_s*.
        """

        def found() -> list[Event]:
            return [event for event in self.events if wanted(event)]

        try:
            async with asyncio.timeout(timeout_s), self._news:
                await self._news.wait_for(lambda: len(found()) >= count)
        except TimeoutError:
            raise Failed(f"waited {timeout_s:g} s in vain for {what}") from None
        return found()[count - 1]

    async def _stream(self, session: aiohttp.ClientSession) -> None:
        seq = self.events[-1]["seq"] if self.events else 0
        headers = {"accept": "text/event-stream", "last-event-id": str(seq)}
        async with session.get(f"{self._url}/api/v1/events", headers=headers) as response:
            response.raise_for_status()
            async for line in response.content:
                if line.startswith(b"data:"):
                    await self._add(json.loads(line[5:]))

    async def _add(self, event: Event) -> None:
        async with self._news:
            self.events.append(event)
            self._on_event(event)
            self._news.notify_all()


async def all_events(url: str) -> list[Event]:
    """Return every event from seq 0, a page at a time."""
    events: list[Event] = []
    seq = 0
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{url}/api/v1/events?since_seq={seq}&limit={PAGE}") as response:
                page = await response.json()
            events += page["events"]
            if not page["events"]:
                return events
            seq = page["next_seq"]


async def status(url: str) -> dict[str, Any]:
    """Return what the server says of itself."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/v1/status") as response:
        found: dict[str, Any] = await response.json()
        return found


def replay(events: list[Event]) -> dict[str, str]:
    """Return what events from seq 0 on add up to: path → sha256 of what stands there."""
    files: dict[str, str] = {}
    for event in events:
        _apply(event, files)
    return files


def _apply(event: Event, files: dict[str, str]) -> None:
    if event["type"] == "file.deleted":
        files.pop(event["path"], None)
    elif event["type"] == "file.moved":
        files.pop(event["moved_from"], None)
        files[event["path"]] = event["sha256"]
    elif event["type"] in ("file.created", "file.updated", "file.restored"):
        files[event["path"]] = event["sha256"]
