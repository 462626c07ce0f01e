"""What others have announced: intent locks keep nobody out, and whoever comes near is told of them."""

from collections.abc import Sequence

from workspace_server.core.access import Caller
from workspace_server.core.claims import Claims
from workspace_server.core.locks import Lock
from workspace_server.core.patterns import Selector
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import locks

INTENTS_SHOWN_MAX = 10
"""Most announcements that one answer carries."""


async def others_intents(tx: Transaction, caller: Caller, paths: Sequence[str]) -> list[Result]:
    """Return what other agents have announced over *paths*: `[{paths, agent, purpose, expires_in_seconds}]`.

    Asks the database nothing while nobody has announced anything.
    """
    return shown(await locks.intents_over(tx, caller.agent, paths), caller, now_s=tx.boot_s)


async def others_near(tx: Transaction, lock: Lock, caller: Caller) -> list[Result]:
    """Return what other agents have announced over something that *lock* covers, too; as `others_intents`."""
    if not await locks.any_intent(tx):
        return []
    claims = Claims(lock.selectors)
    others = [one for one in await locks.live(tx) if one.mode == "intent" and one.agent != lock.agent]
    near = [one for one in others if any(map(claims.meet, one.selectors))]
    return shown(near, caller, now_s=tx.boot_s)


def shown(intents: Sequence[Lock], caller: Caller, *, now_s: float) -> list[Result]:
    """Return announcements as answers tell them: `[{paths, agent, purpose, expires_in_seconds}]`.

    Who may not read all that one is about is not told its purpose, nor paths outside of its scope.

    Args:
        now_s: Seconds on the boot clock.
    """

    def purpose(lock: Lock) -> str | None:
        return lock.purpose if all(caller.scope.within("read", one) for one in lock.selectors) else None

    return [
        {
            "paths": [one.shown for one in lock.selectors if _is_known(caller, one)],
            "agent": lock.agent,
            "purpose": purpose(lock),
            "expires_in_seconds": round(lock.deadline_s - now_s),
        }
        for lock in intents[:INTENTS_SHOWN_MAX]
    ]


def _is_known(caller: Caller, selector: Selector) -> bool:
    """Whether all that a selector may name lies where the caller has something to do."""
    return any(caller.scope.within(verb, selector) for verb in caller.scope.verbs)
