"""What others have announced: intent locks keep nobody out, and whoever comes near is told of them."""

from collections.abc import Sequence

from workspace_server.core.claims import Claims
from workspace_server.core.locks import Lock
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import locks

INTENTS_SHOWN_MAX = 10
"""Most announcements that one answer carries."""


async def others_intents(tx: Transaction, agent: str, paths: Sequence[str], *, may_read: bool = True) -> list[Result]:
    """Return what other agents have announced over *paths*: `[{paths, agent, purpose, expires_in_seconds}]`.

    Asks the database nothing while nobody has announced anything.

    Args:
        may_read: Whether the caller may read those paths; who may not is not told the purpose.
    """
    return shown(await locks.intents_over(tx, agent, paths), now_s=tx.boot_s, may_read=may_read)


async def others_near(tx: Transaction, lock: Lock, *, may_read: bool) -> list[Result]:
    """Return what other agents have announced over something that *lock* covers, too; as `others_intents`."""
    if not await locks.any_intent(tx):
        return []
    claims = Claims(lock.selectors)
    others = [one for one in await locks.live(tx) if one.mode == "intent" and one.agent != lock.agent]
    near = [one for one in others if any(map(claims.meet, one.selectors))]
    return shown(near, now_s=tx.boot_s, may_read=may_read)


def shown(intents: Sequence[Lock], *, now_s: float, may_read: bool) -> list[Result]:
    """Return announcements as answers tell them: `[{paths, agent, purpose, expires_in_seconds}]`.

    Args:
        now_s: Seconds on the boot clock.
    """
    return [
        {
            "paths": lock.names(),
            "agent": lock.agent,
            "purpose": lock.purpose if may_read else None,
            "expires_in_seconds": round(lock.deadline_s - now_s),
        }
        for lock in intents[:INTENTS_SHOWN_MAX]
    ]
