"""The line of those who wait for a lock: where two dispute a path, who came first goes first.

A place counts while a call waits on it. Between the calls of one agent it keeps its rank for a while and is passed
over, so that an agent that went away holds nobody up. Whoever asks without waiting comes last: so a waiting exclusive
is not starved by shared requests that come later. A request is granted whole or not at all, and only the live locks and
the places before it decide; the first of those that wait is therefore stopped by live locks alone, and those end.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from workspace_server.core.claims import Claims
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


def before(line: Iterable[Place], *, mode: Mode, selectors: Sequence[Selector], number: int | None) -> Iterator[Place]:
    """Yield the places that go before a request, first ones first.

    Args:
        line: All places, in their order.
        number: The request's own place; None when it has none, and so comes last.
    """
    claims = Claims(selectors)
    for place in line:
        if number is not None and place.number >= number:
            break
        if place.waiting and not modes_agree(place.mode, mode) and any(map(claims.meet, place.selectors)):
            yield place


def called(live: Iterable[Lock], line: Iterable[Place]) -> list[int]:
    """Return the numbers of the places whose turn it is: all of them can be granted together, in any order."""
    claims: dict[Mode, Claims] = {"exclusive": Claims(), "shared": Claims(), "intent": Claims()}
    for lock in live:
        claims[lock.mode].add(lock.selectors)
    turns = []
    for place in line:
        if place.waiting:
            opposed = [claimed for mode, claimed in claims.items() if not modes_agree(mode, place.mode)]
            if not any(claimed.meet(part) for claimed in opposed for part in place.selectors):
                turns.append(place.number)
            claims[place.mode].add(place.selectors)
    return turns


def check_line(selectors: Sequence[Selector], line: Iterable[Place]) -> None:
    """Pass when a request for *selectors* may take a place in the line.

    Raises:
        QuotaExceeded: Whenever a lock ends, all that is waited for would take too long to compare.
    """
    waited_for = [part for place in line for part in place.selectors]
    for what, limit, actual in (
        ("paths", LIMITS.lock_line_paths_max, len(waited_for) + len(selectors)),
        ("patterns", LIMITS.lock_line_patterns_max, _patterns(waited_for) + _patterns(selectors)),
    ):
        if actual > limit:
            raise QuotaExceeded(
                f"All agents together may wait for {limit} {what}.",
                hint="Ask with wait_seconds=0, or for a directory ('research/') instead.",
                limit=limit,
                actual=actual,
            )


def check_extent(selectors: Sequence[Selector], live: Iterable[Lock], line: Iterable[Place], *, agent: str) -> None:
    """Pass when an agent may ask for a lock on *selectors* beside all that it holds and waits for.

    Raises:
        QuotaExceeded: Everybody's requests would take too long to compare with all that.
    """
    has = [part for held in live if held.agent == agent for part in held.selectors]
    has += [part for place in line if place.agent == agent for part in place.selectors]
    patterns = _patterns(selectors)
    for what, limit, actual in (
        ("patterns in one lock", LIMITS.lock_patterns_max, patterns),
        ("paths under its locks", LIMITS.lock_paths_per_agent_max, len(has) + len(selectors)),
        ("patterns under its locks", LIMITS.lock_patterns_per_agent_max, patterns + _patterns(has)),
    ):
        if actual > limit:
            raise QuotaExceeded(
                f"{agent} may have {limit} {what}.",
                hint="Lock a directory ('research/') instead, and unlock_files what is done.",
                limit=limit,
                actual=actual,
            )


def behind(place: Place, selectors: Sequence[Selector], live: Sequence[Lock], *, agent: str, now_s: float) -> Locked:
    """Return the refusal of a request on *selectors* that *place* goes before.

    Behind another call of its own an agent waits like behind anybody's: that call may be granted and done at any time.

    Args:
        live: The live locks: the one that *place* waits for says how long that may take.
    """
    part = disputed(selectors, place.selectors)
    holder = in_the_way(live, mode=place.mode, selectors=place.selectors)
    return Locked(
        f"{'Another call of yours' if place.agent == agent else place.agent} waits for {part.shown} and came first.",
        hint="Call again with wait_seconds=50: that takes a place in the line.",
        retryable=True,
        path=part.shown,
        agent=place.agent,
        yours=False,
        purpose=place.purpose,
        mode=place.mode,
        lock_name=None if holder is None else f"L{holder[0].lock_id}",
        lock_paths=place.names(),
        expires_in_seconds=0 if holder is None else max(0, round(holder[0].deadline_s - now_s)),
    )


def _patterns(selectors: Iterable[Selector]) -> int:
    return sum(part.kind == "pattern" for part in selectors)
