"""What search and facts pages have in common: how many answers are shown, and what an agent pays for them."""

from collections.abc import Mapping
from typing import Any, Final

from workspace_server.core import tokens
from workspace_server.interfaces.web.view import View

SHOWN: Final = (10, 30, 100)
"""How many answers a page shows at first, and after each `more`; the last is what the services give at most."""
TOKENS_PER_ANSWER: Final = 200
"""The room that a page asks for each of them: what an agent gets by default for ten."""
_BRIEF: Final = ("fact", "cite", "kind", "by")

Answer = dict[str, Any]


def limit_of(view: View) -> int:
    """Return how many answers the address asks for: one of the known numbers."""
    asked = view.number("limit") or SHOWN[0]
    return next((known for known in SHOWN if known >= asked), SHOWN[-1])


def more_than(limit: int, *, found: int) -> int | None:
    """Return how many the next page shows; None when there is none, or nothing more to show."""
    if found < limit:
        return None
    return next((known for known in SHOWN if known > limit), None)


def tokens_of(answer: Mapping[str, Any]) -> int:
    """Return what an agent pays for an answer; for one of facts, in the brief form that it gets unless it asks."""
    if "facts" in answer:
        answer = {**answer, "facts": [{name: fact[name] for name in _BRIEF} for fact in answer["facts"]]}
    return tokens.of_bytes(tokens.bytes_of(answer))
