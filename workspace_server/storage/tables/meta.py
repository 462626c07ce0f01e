"""Facts about the workspace itself, and the numbers that only rise."""

from typing import Literal

from workspace_server.storage.database import Transaction

Counter = Literal["seq", "fence", "commit", "lock", "firing", "job", "draft"]


async def raise_counter(tx: Transaction, name: Counter, by: int = 1) -> int:
    """Raise a counter and return its new value."""
    row = await tx.one("UPDATE counters SET value = value + ? WHERE name = ? RETURNING value", by, name)
    assert row is not None
    return int(row[0])


async def counter(tx: Transaction, name: Counter) -> int:
    """Return where a counter stands."""
    row = await tx.one("SELECT value FROM counters WHERE name = ?", name)
    assert row is not None
    return int(row[0])


async def fact(tx: Transaction, name: str) -> str | None:
    """Return a fact about the workspace, or None."""
    row = await tx.one("SELECT value FROM meta WHERE name = ?", name)
    return None if row is None else str(row[0])


async def set_fact(tx: Transaction, name: str, value: str) -> None:
    """Record a fact about the workspace."""
    await tx.run(
        "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        value,
    )
