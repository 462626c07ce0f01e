"""The line of those who wait for a lock: where two dispute a path, who came first goes first.

A place counts while a call waits on it. Between the calls of one agent it keeps its rank for a while and is passed
over, so that an agent that went away holds nobody up. Whoever asks without waiting comes last: so a waiting exclusive
is not starved by shared requests that come later. A request is granted whole or not at all, and only the live locks and
the places before it decide; the first of those that wait is therefore stopped by live locks alone, and those end.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from workspace_server.core.limits import LIMITS
from workspace_server.core.locks import Lock, Mode, disputed, in_the_way, modes_agree
from workspace_server.core.patterns import Selector
from workspace_server.errors import Locked, QuotaExceeded


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place in the line.

    Attributes:
        number: A lower one came first.
        waiting: How many calls wait on it now.
        since: When it was taken, in seconds since 1970.
    """

    number: int
    agent: str
    mode: Mode
    selectors: tuple[Selector, ...]
    purpose: str | None
    waiting: int
    since: float

    def is_for(self, *, agent: str, mode: Mode, selectors: Sequence[Selector]) -> bool:
        """Whether it is the place of this very request, in whatever order the request names its paths."""
        return self.agent == agent and self.mode == mode and set(self.selectors) == set(selectors)

    def names(self) -> list[str]:
        """What it waits for."""
        return [selector.shown for selector in self.selectors]


def before(
    line: Iterable[Place], *, mode: Mode, selectors: Sequence[Selector], number: int | None
) -> Iterator[tuple[Place, Selector]]:
    """Yield the places that go before a request, each with the part of the request that it disputes, first ones first.

    Args:
        line: All places, in their order.
        number: The request's own place; None when it has none, and so comes last.
    """
    for place in line:
        if number is not None and place.number >= number:
            break
        if not place.waiting or modes_agree(place.mode, mode):
            continue
        part = disputed(selectors, place.selectors)
        if part is not None:
            yield place, part


def called(live: Sequence[Lock], line: Sequence[Place]) -> list[int]:
    """Return the numbers of the places whose turn it is: all of them can be granted together, in any order."""
    return [
        place.number
        for place in line
        if place.waiting
        and in_the_way(live, mode=place.mode, selectors=place.selectors) is None
        and next(before(line, mode=place.mode, selectors=place.selectors, number=place.number), None) is None
    ]


def check_extent(selectors: Sequence[Selector], live: Iterable[Lock], line: Iterable[Place], *, agent: str) -> None:
    """Pass when an agent may ask for a lock on *selectors* beside all that it holds and waits for.

    Raises:
        QuotaExceeded: Everybody's requests would take too long to compare with all that.
    """
    has = [part for held in live if held.agent == agent for part in held.selectors]
    has += [part for place in line if place.agent == agent for part in place.selectors]
    patterns = sum(part.kind == "pattern" for part in selectors)
    for what, limit, actual in (
        ("patterns in one lock", LIMITS.lock_patterns_max, patterns),
        ("paths under its locks", LIMITS.lock_paths_per_agent_max, len(has) + len(selectors)),
        (
            "patterns under its locks",
            LIMITS.lock_patterns_per_agent_max,
            patterns + sum(part.kind == "pattern" for part in has),
        ),
    ):
        if actual > limit:
            raise QuotaExceeded(
                f"{agent} may have {limit} {what}.",
                hint="Lock a directory ('research/') instead, and unlock_files what is done.",
                limit=limit,
                actual=actual,
            )


def behind(place: Place, part: Selector, live: Sequence[Lock], *, agent: str, now_s: float) -> Locked:
    """Return the refusal of a request on *part* that *place* goes before.

    Args:
        live: The live locks: the one that *place* waits for says how long that may take.
    """
    yours = place.agent == agent
    holder = in_the_way(live, mode=place.mode, selectors=place.selectors)
    return Locked(
        f"{'Another call of yours' if yours else place.agent} waits for {part.shown} and came first.",
        hint="Call again with wait_seconds=50: that takes a place in the line.",
        retryable=True,
        path=part.shown,
        agent=place.agent,
        yours=yours,
        purpose=place.purpose,
        mode=place.mode,
        expires_in_seconds=0 if holder is None else max(0, round(holder[0].deadline_s - now_s)),
    )
