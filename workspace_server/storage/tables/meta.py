"""Facts about the workspace itself, and the numbers that only rise."""

from typing import Literal, get_args

from workspace_server.storage.database import Transaction
from workspace_server.storage.memory import Remembered

Counter = Literal["seq", "fence", "commit", "lock", "firing", "job", "draft", "attention", "note"]


async def raise_counter(tx: Transaction, name: Counter, by: int = 1) -> int:
    """Raise a counter and return its new value."""
    kept = _COUNTERS[name]
    value = await tx.recall(kept) + by
    tx.remember(kept, value)
    return value


async def counter(tx: Transaction, name: Counter) -> int:
    """Return where a counter stands."""
    return await tx.recall(_COUNTERS[name])


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


def _remembered(name: Counter) -> Remembered[int]:
    """Return the counter *name* as the writer remembers it: its row is written once per batch."""

    async def load(tx: Transaction) -> int:
        row = await tx.one("SELECT value FROM counters WHERE name = ?", name)
        assert row is not None
        return int(row[0])

    async def save(tx: Transaction, value: int) -> None:
        await tx.run("UPDATE counters SET value = ? WHERE name = ?", value, name)

    return Remembered(load, save)


_COUNTERS: dict[Counter, Remembered[int]] = {name: _remembered(name) for name in get_args(Counter)}
