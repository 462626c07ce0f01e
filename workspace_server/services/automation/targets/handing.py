"""What a target is given when a trigger fires, and what it gives back, all inside the commit that fires it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from workspace_server.core.events import EventType
from workspace_server.core.triggers.definition import Definition
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables.triggers import FiringRow


@dataclass(slots=True, kw_only=True)
class Made:
    """An event to be, before it has its seq."""

    type: EventType
    path: str | None = None
    version: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """One firing.

    Attributes:
        row: The firing as it is recorded; its data is what webhooks and jobs say.
        inputs: What it saw, as `{path, version, index_state?}`.
        path: The one file that it is about, when it is about one.
    """

    rule: Definition
    row: FiringRow
    inputs: list[dict[str, Any]]
    path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of it.

    Attributes:
        facts: What the event `trigger.fired` says of it beside the inputs.
        made: Events that this makes; unless they say otherwise, the firing is their cause.
        in_flight: Whether the firing lasts on, until `Reaction.finish`; else the next one of its key may follow.
    """

    facts: Mapping[str, Any]
    made: tuple[Made, ...] = ()
    in_flight: bool = True


class Taker(Protocol):
    """One kind of target at work."""

    async def take(self, tx: Transaction, handed: Handed) -> Taken:
        """Record what the firing sets off; whoever works on it is woken after the commit."""
