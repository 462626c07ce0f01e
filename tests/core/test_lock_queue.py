"""The line for locks: first come, first served, and nobody stuck."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from workspace_server.core.limits import LIMITS
from workspace_server.core.lock_queue import Place, before, behind, called, check_extent, check_line
from workspace_server.core.locks import Lock, Mode, in_the_way, modes_agree
from workspace_server.core.patterns import Selector, parse_selector
from workspace_server.errors import QuotaExceeded


def select(name: str) -> Selector:
    return parse_selector(name, lambda _: False)


def place(number: int, *names: str, agent: str = "bob", mode: Mode = "exclusive", waiting: int = 1) -> Place:
    return Place(
        number=number,
        agent=agent,
        mode=mode,
        selectors=tuple(map(select, names)),
        purpose="next",
        waiting=waiting,
        since=0.0,
    )


def lock(number: int, *names: str, agent: str = "ann", mode: Mode = "exclusive") -> Lock:
    return Lock(
        lock_id=number,
        handle=f"L{number}-abcd",
        agent=agent,
        mode=mode,
        fence=number,
        selectors=tuple(map(select, names)),
        purpose=None,
        ttl_s=60,
        deadline_s=100.0,
        granted_seq=0,
        granted_at=0.0,
    )


def test_a_place_is_that_of_the_same_request_in_any_order() -> None:
    mine = place(1, "a", "b/")
    assert mine.is_for(agent="bob", mode="exclusive", selectors=[select("b/"), select("a")])
    assert not mine.is_for(agent="ann", mode="exclusive", selectors=mine.selectors)
    assert not mine.is_for(agent="bob", mode="shared", selectors=mine.selectors)
    assert not mine.is_for(agent="bob", mode="exclusive", selectors=mine.selectors[:1])
    assert mine.names() == ["a", "b/"]


def test_earlier_places_on_the_same_paths_go_before() -> None:
    line = [place(1, "a"), place(2, "b"), place(3, "*", waiting=0), place(4, "/", mode="shared"), place(5, "a", "b")]

    def numbers(mode: Mode, *names: str, number: int | None = None) -> list[int]:
        found = before(line, mode=mode, selectors=[select(name) for name in names], number=number)
        return [one.number for one in found]

    assert numbers("exclusive", "x", "b") == [2, 4, 5]
    assert numbers("exclusive", "a", "b", number=5) == [1, 2, 4]
    assert numbers("shared", "a", number=4) == [1]
    assert numbers("intent", "a", "b") == []


def test_it_is_the_turn_of_those_that_nothing_live_and_nobody_earlier_stops() -> None:
    line = [
        place(1, "a", "b"),
        place(2, "b", waiting=0),
        place(3, "b"),
        place(4, "c", mode="shared"),
        place(5, "c", mode="shared"),
        place(6, "c"),
    ]
    assert called([lock(1, "a")], line) == [4, 5]
    assert called([], line) == [1, 4, 5]
    assert called([lock(1, "c", mode="shared")], line[2:]) == [3, 4, 5]


@pytest.mark.parametrize(
    ("live", "seconds"), [([lock(1, "a")], 60), ([], 0), ([lock(1, "a")], -60)], ids=["held", "free", "overdue"]
)
def test_who_comes_later_is_told_whom_it_waits_for_and_how_long_that_may_take(live: list[Lock], seconds: int) -> None:
    refusal = behind(place(1, "a", "b"), [select("x"), select("b")], live, agent="cy", now_s=100.0 - seconds)
    assert refusal.facts == {
        "path": "b",
        "agent": "bob",
        "yours": False,
        "purpose": "next",
        "mode": "exclusive",
        "lock_name": "L1" if live else None,
        "lock_paths": ["a", "b"],
        "expires_in_seconds": max(0, seconds),
    }
    assert refusal.retryable
    assert "bob" in refusal.message


def test_a_call_behind_another_one_of_the_same_agent_is_told_so_and_may_wait() -> None:
    refusal = behind(place(1, "a"), [select("a")], [], agent="bob", now_s=0.0)
    assert (refusal.facts["agent"], refusal.facts["yours"]) == ("bob", False)
    assert "yours" in refusal.message


@pytest.mark.parametrize(
    ("asked", "live", "line", "actual"),
    [
        ([f"{number}*" for number in range(LIMITS.lock_patterns_max + 1)], 0, 0, LIMITS.lock_patterns_max + 1),
        (["x"], LIMITS.lock_paths_per_agent_max - 1, 1, LIMITS.lock_paths_per_agent_max + 1),
        (["x*", "y*"], -50, -49, LIMITS.lock_patterns_per_agent_max + 1),
    ],
    ids=["patterns of a lock", "paths of an agent", "patterns of an agent"],
)
def test_what_one_agent_locks_and_waits_for_is_bounded(asked: list[str], live: int, line: int, actual: int) -> None:
    def parts(count: int) -> list[str]:
        return [f"{number}{'*' if count < 0 else ''}" for number in range(abs(count))]

    held, waits = [lock(1, *parts(live))], [place(1, *parts(line), agent="ann")]
    chosen = [select(name) for name in asked]
    with pytest.raises(QuotaExceeded) as refusal:
        check_extent(chosen, held, waits, agent="ann")
    assert (refusal.value.facts["limit"], refusal.value.facts["actual"]) == (actual - 1, actual)
    check_extent(chosen[:-1], held, waits, agent="ann")
    check_extent(chosen[:1], held, waits, agent="bob")


@pytest.mark.parametrize(
    ("end", "limit"),
    [("", LIMITS.lock_line_paths_max), ("*", LIMITS.lock_line_patterns_max)],
    ids=["paths", "patterns"],
)
def test_what_all_agents_together_wait_for_is_bounded(end: str, limit: int) -> None:
    line = [place(number, *(f"{number}/{part}{end}" for part in range(10))) for number in range(limit // 10 - 1)]
    asked = [select(f"{number}{end}") for number in range(11)]
    check_line(asked[:10], line)
    with pytest.raises(QuotaExceeded) as refusal:
        check_line(asked, line)
    assert (refusal.value.facts["limit"], refusal.value.facts["actual"]) == (limit, limit + 1)


NAMES = st.lists(st.sampled_from(["a", "b", "d/", "d/a", "*", "d/*", "**/a", "/"]), min_size=1, max_size=2)
MODES: st.SearchStrategy[Mode] = st.sampled_from(["exclusive", "shared"])


class LineMachine(RuleBasedStateMachine):
    """Requests come, wait, give up and come back; locks are granted to those whose turn it is, and end."""

    places: Bundle[int] = Bundle("places")
    locks: Bundle[int] = Bundle("locks")

    def __init__(self) -> None:
        super().__init__()
        self.line: dict[int, Place] = {}
        self.live: dict[int, Lock] = {}
        self.numbers = 0

    @property
    def ordered(self) -> list[Place]:
        return [self.line[number] for number in sorted(self.line)]

    @rule(target=places, names=NAMES, mode=MODES)
    def come(self, names: list[str], mode: Mode) -> int:
        self.numbers += 1
        self.line[self.numbers] = place(self.numbers, *names, agent=f"a{self.numbers}", mode=mode)
        return self.numbers

    @rule(number=places, waiting=st.integers(0, 2))
    def wait_or_give_up(self, number: int, waiting: int) -> None:
        if number in self.line:
            old = self.line[number]
            names = [selector.shown for selector in old.selectors]
            self.line[number] = place(number, *names, agent=old.agent, mode=old.mode, waiting=waiting)

    @rule(target=locks, number=places)
    def serve(self, number: int) -> int:
        """Grant one whose turn it is, after checking that this overtakes nobody."""
        if number not in called(list(self.live.values()), self.ordered):
            return 0
        served = self.line.pop(number)
        for earlier in self.ordered:
            if earlier.number < number and earlier.waiting and not modes_agree(earlier.mode, served.mode):
                assert not any(mine.overlaps(theirs) for mine in served.selectors for theirs in earlier.selectors)
        self.live[number] = lock(number, *served.names(), agent=served.agent, mode=served.mode)
        return number

    @rule(names=NAMES, mode=MODES)
    def pass_by(self, names: list[str], mode: Mode) -> None:
        """Whoever asks without waiting comes after all that wait for the same."""
        chosen = [select(name) for name in names]
        stopped = in_the_way(self.live.values(), mode=mode, selectors=chosen) or list(
            before(self.ordered, mode=mode, selectors=chosen, number=None)
        )
        if not stopped:
            for other in self.ordered:
                if other.waiting and not modes_agree(other.mode, mode):
                    assert not any(mine.overlaps(theirs) for mine in chosen for theirs in other.selectors)

    @rule(number=consumes(locks))
    def end(self, number: int) -> None:
        self.live.pop(number, None)

    @invariant()
    def all_whose_turn_it_is_can_be_served_together(self) -> None:
        live = list(self.live.values())
        for number in called(live, self.ordered):
            one = self.line[number]
            assert one.waiting
            assert in_the_way(live, mode=one.mode, selectors=one.selectors) is None
            live.append(lock(number, *one.names(), mode=one.mode))

    @invariant()
    def nobody_is_stuck(self) -> None:
        """Once all locks have ended, serving whose turn it is empties the line, the first one first."""
        line = [one for one in self.ordered if one.waiting]
        while line:
            turn = called([], line)
            assert turn[0] == line[0].number
            line = [one for one in line if one.number not in turn]


TestLine = LineMachine.TestCase
TestLine.settings = settings(max_examples=40)
