"""How a lock ends inside a commit, and what its events say."""

from typing import Any

from workspace_server.core.events import EventType
from workspace_server.core.locks import Lock, State
from workspace_server.services.recording import Commit
from workspace_server.storage import locks

_KINDS: dict[State, EventType] = {"released": "lock.released", "expired": "lock.expired", "broken": "lock.broken"}


async def end(commit: Commit, held: Lock, state: State) -> None:
    """End a lock and tell of it."""
    await locks.end(commit.tx, held.lock_id, state)
    await commit.add(_KINDS[state], agent=held.agent, **told(held))


def told(lock: Lock) -> dict[str, Any]:
    """Return what events say of a lock: never its handle."""
    return {"lock": name(lock), "fence": lock.fence, "paths": lock.names(), "mode": lock.mode}


def name(lock: Lock) -> str:
    """Return what names a lock to others: its handle without the secret part."""
    return lock.handle.partition("-")[0]
