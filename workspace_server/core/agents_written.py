"""What a stretch of the log says about each agent: its last act, and which files it has written how often."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from workspace_server.core.access import is_reserved

WRITES: Final = frozenset({"file.created", "file.updated", "file.restored", "file.moved"})
"""The events that say that an agent has made a version."""
OF_PEOPLE: Final = frozenset(
    {"agent.paused", "agent.resumed", "agent.noted", "workspace.paused", "workspace.resumed", "lock.broken"}
)
"""Events whose doer is a person that steps in, or whose agent has only suffered them."""


class Happened(Protocol):
    """One event of the log."""

    @property
    def seq(self) -> int: ...  # noqa: D102 - as the log has it

    @property
    def at(self) -> float: ...  # noqa: D102 - in seconds since 1970

    @property
    def type(self) -> str: ...  # noqa: D102

    @property
    def path(self) -> str | None: ...  # noqa: D102

    @property
    def agent(self) -> str: ...  # noqa: D102

    @property
    def data(self) -> Mapping[str, Any]: ...  # noqa: D102


class Acted(NamedTuple):
    """The last act of an agent in a stretch of the log, and when its first and its last one were."""

    agent: str
    seq: int
    first_at: float
    last_at: float


class Saved(NamedTuple):
    """How many versions of a file an agent has made, how many bytes those have, and when it made the last one."""

    agent: str
    path: str
    versions: int
    bytes: int
    at: float


def acted(events: Iterable[Happened]) -> list[Acted]:
    """Return what each agent did last; the server, the operator and edits on disk are no agents."""
    found: dict[str, Acted] = {}
    for event in events:
        if event.type not in OF_PEOPLE and not is_reserved(event.agent):
            first_at = found[event.agent].first_at if event.agent in found else event.at
            found[event.agent] = Acted(event.agent, event.seq, first_at, event.at)
    return list(found.values())


def saved(events: Iterable[Happened]) -> list[Saved]:
    """Return what each agent has written of each file."""
    found: dict[tuple[str, str], Saved] = {}
    for event in events:
        if event.type not in WRITES or event.path is None or is_reserved(event.agent):
            continue
        before = found.get((event.agent, event.path))
        versions, size = (before.versions, before.bytes) if before is not None else (0, 0)
        size += int(event.data.get("size_bytes", 0))
        found[event.agent, event.path] = Saved(event.agent, event.path, versions + 1, size, event.at)
    return list(found.values())
