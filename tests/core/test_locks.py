"""Who may have a lock, and which write passes under it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.limits import LIMITS
from workspace_server.core.locks import (
    Lock,
    Mode,
    State,
    check_breakable,
    check_handle,
    check_ttl,
    check_use,
    check_write,
    held_alike,
    holder,
    in_the_way,
    number_named,
    prolonged,
)
from workspace_server.core.patterns import Selector, parse_selector
from workspace_server.errors import InvalidArgument, Locked, LockLost, NotFound


def select(name: str) -> Selector:
    return parse_selector(name, lambda _: False)


def lock(
    *names: str,
    agent: str = "alice",
    mode: Mode = "exclusive",
    deadline_s: float = 100.0,
    state: State = "live",
    number: int = 1,
) -> Lock:
    return Lock(
        lock_id=number,
        handle=f"L{number}-abcd",
        agent=agent,
        mode=mode,
        fence=number,
        selectors=tuple(map(select, names)),
        purpose="work",
        ttl_s=60,
        deadline_s=deadline_s,
        granted_seq=0,
        granted_at=0.0,
        state=state,
    )


@pytest.mark.parametrize("ttl_s", [LIMITS.lock_ttl_s_min, LIMITS.lock_ttl_s_max])
def test_a_lock_may_live_up_to_its_bounds(ttl_s: float) -> None:
    check_ttl(ttl_s)


@pytest.mark.parametrize("ttl_s", [LIMITS.lock_ttl_s_min - 0.1, LIMITS.lock_ttl_s_max + 0.1, float("nan")])
def test_a_lock_may_not_live_beyond_its_bounds(ttl_s: float) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        check_ttl(ttl_s)
    assert refusal.value.facts["argument"] == "ttl_seconds"


def test_a_lock_ends_at_its_deadline_exactly() -> None:
    assert lock("a").is_live(99.999)
    assert not lock("a").is_live(100.0)
    assert not lock("a", state="released").is_live(0.0)


def test_a_lock_covers_what_any_of_its_parts_covers() -> None:
    held = lock("a.md", "docs/", "*.csv")
    assert [path for path in ("a.md", "docs/x/y", "t.csv", "b.md", "docs", "d/t.csv") if held.covers(path)] == [
        "a.md",
        "docs/x/y",
        "t.csv",
    ]
    assert held.names() == ["a.md", "docs/", "*.csv"]


def test_asking_for_the_same_again_finds_the_lock_in_any_order() -> None:
    held = lock("a", "b/")
    wanted = [select("b/"), select("a")]
    assert held_alike([held], agent="alice", mode="exclusive", selectors=wanted) is held
    assert held_alike([held], agent="bob", mode="exclusive", selectors=wanted) is None
    assert held_alike([held], agent="alice", mode="shared", selectors=wanted) is None
    assert held_alike([held], agent="alice", mode="exclusive", selectors=wanted[:1]) is None


@pytest.mark.parametrize(
    ("held", "wanted", "in_way"),
    [
        ("exclusive", "exclusive", True),
        ("exclusive", "shared", True),
        ("shared", "exclusive", True),
        ("shared", "shared", False),
        ("intent", "exclusive", False),
        ("exclusive", "intent", False),
        ("intent", "intent", False),
        ("shared", "intent", False),
    ],
)
def test_only_shared_locks_stand_beside_each_other_and_intents_beside_all(
    held: Mode, wanted: Mode, in_way: bool
) -> None:
    theirs = lock("docs/", mode=held)
    disputed = in_the_way([theirs], mode=wanted, selectors=[select("x"), select("docs/a.md")])
    assert disputed == ((theirs, select("docs/a.md")) if in_way else None)


def test_locks_on_other_places_are_not_in_the_way() -> None:
    assert in_the_way([lock("docs/")], mode="exclusive", selectors=[select("doc"), select("*.md")]) is None


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (None, "unknown"),
        (lock("a", agent="bob"), "unknown"),
        (lock("a", state="broken"), "broken"),
        (lock("a", state="released"), "unknown"),
        (lock("a", state="expired"), "expired"),
        (lock("a", deadline_s=50.0), "expired"),
    ],
    ids=["made-up", "foreign", "broken", "released", "expired", "over"],
)
def test_a_handle_that_holds_nothing_is_refused_with_the_reason(found: Lock | None, reason: str) -> None:
    with pytest.raises(LockLost) as refusal:
        check_handle(found, "L1-abcd", agent="alice", now_s=50.0, path="a")
    assert refusal.value.facts == {"lock": "L1-abcd", "reason": reason, "path": "a"}


def test_a_live_handle_of_ones_own_is_good() -> None:
    held = lock("a")
    assert check_handle(held, held.handle, agent="alice", now_s=50.0) is held


def test_a_write_under_a_foreign_lock_is_told_who_holds_it() -> None:
    with pytest.raises(Locked) as refusal:
        check_write("docs/a.md", given=[], covering=[lock("docs/")], agent="bob", now_s=40.4)
    assert refusal.value.facts == {
        "path": "docs/a.md",
        "agent": "alice",
        "yours": False,
        "purpose": "work",
        "mode": "exclusive",
        "lock_name": "L1",
        "lock_paths": ["docs/"],
        "expires_in_seconds": 60,
    }
    assert refusal.value.retryable
    assert "lock_files(paths=['docs/a.md'], wait_seconds=50)" in str(refusal.value.hint)


def test_a_write_under_ones_own_lock_without_its_handle_is_refused_too() -> None:
    with pytest.raises(Locked) as refusal:
        check_write("a", given=[], covering=[lock("a")], agent="alice", now_s=0.0)
    assert (refusal.value.facts["yours"], refusal.value.retryable) == (True, False)
    assert "list_locks(mine=True)" in str(refusal.value.hint)


def test_a_write_with_the_handle_goes_under_the_lock() -> None:
    held = lock("a", "b")
    assert check_write("b", given=[held], covering=[held], agent="alice", now_s=0.0) is held


def test_a_shared_lock_neither_stops_a_write_nor_vouches_for_it() -> None:
    held = lock("a", mode="shared")
    assert check_write("a", given=[held], covering=[held], agent="alice", now_s=0.0) is None
    assert check_write("a", given=[], covering=[held], agent="bob", now_s=0.0) is None


def test_an_intent_neither_stops_a_write_nor_vouches_for_it() -> None:
    held = lock("a", mode="intent")
    assert check_write("a", given=[held], covering=[held], agent="alice", now_s=0.0) is None
    assert check_write("a", given=[], covering=[held], agent="bob", now_s=0.0) is None


def test_a_path_is_held_by_who_has_an_exclusive_lock_over_it() -> None:
    held = [lock("docs/", mode="shared"), lock("docs/", mode="intent"), lock("docs/a", agent="bob")]
    assert holder(held, "docs/a") == "bob"
    assert holder(held, "docs/b") is None


@pytest.mark.parametrize(
    ("held", "made"),
    [("k/a.md", "k"), ("m/", "m"), ("k", "k/x.md"), ("New.md", "new.md"), ("Dir/x.md", "dir"), ("docs/*.md", "docs")],
)
def test_no_new_file_takes_a_name_from_what_is_locked(held: str, made: str) -> None:
    covering = [lock(held)]
    with pytest.raises(Locked):
        check_write(made, given=[], covering=covering, agent="bob", now_s=0.0, new=True)
    assert check_write("elsewhere", given=[], covering=covering, agent="bob", now_s=0.0, new=True) is None


def test_a_lock_on_a_path_is_one_on_all_below_it() -> None:
    with pytest.raises(Locked):
        check_write("future/x.md", given=[], covering=[lock("future")], agent="bob", now_s=0.0)


def test_an_expired_lock_and_one_elsewhere_stop_nobody() -> None:
    covering = [lock("a", deadline_s=10.0), lock("b", number=2)]
    assert check_write("a", given=[], covering=covering, agent="bob", now_s=10.0) is None


def test_a_given_lock_that_covers_another_path_does_not_vouch_for_this_one() -> None:
    assert check_write("a", given=[lock("b")], covering=[], agent="alice", now_s=0.0) is None


def test_a_lock_that_covers_nothing_of_the_write_is_a_mistake() -> None:
    check_use([lock("docs/")], ["x", "docs/a"])
    check_use([], ["x"])
    with pytest.raises(InvalidArgument) as refusal:
        check_use([lock("docs/")], ["x"])
    assert refusal.value.facts["argument"] == "lock"


@pytest.mark.parametrize(
    ("now_s", "used_s", "kept_until_s"),
    [
        (54.9, 40.0, None),  # what changes by less than a quarter is not written
        (55.0, 40.0, 115.0),
        (90.0, 40.0, 150.0),
        (99.0, -3_481.0, 119.0),  # an hour after its last use, and no longer
        (99.0, -3_490.0, None),
    ],
)
def test_a_sign_of_life_prolongs_a_lock_by_its_time_but_not_for_ever(
    now_s: float, used_s: float, kept_until_s: float | None
) -> None:
    held = replace(lock("a"), ttl_s=60.0, deadline_s=100.0, used_s=used_s)
    assert prolonged(held, now_s) == kept_until_s


def test_a_lock_is_named_to_everybody_by_its_number() -> None:
    assert number_named("L42") == 42
    assert [number_named(name) for name in ("L042", "L42-k7q9", "42", "l42", "L", "L4\n")] == [None] * 6


@pytest.mark.parametrize(
    "found",
    [None, lock("a", state="released"), lock("a", state="broken"), lock("a", deadline_s=50.0)],
    ids=["made-up", "released", "broken", "over"],
)
def test_what_has_ended_cannot_be_broken(found: Lock | None) -> None:
    with pytest.raises(NotFound, match="no live lock L1"):
        check_breakable(found, "L1", now_s=50.0)
    live = lock("a", agent="anybody")
    assert check_breakable(live, "L1", now_s=50.0) is live


NAMES = st.sampled_from(["a", "b", "d/", "d/e/", "d/a", "*", "d/*", "**/a", "/"])
PATHS = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "d/e/f/a"])


@given(st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=2), st.sampled_from(["exclusive", "shared"]))), PATHS)
def test_of_locks_that_were_granted_beside_each_other_at_most_one_exclusive_covers_a_path(
    asked: list[tuple[list[str], Mode]], path: str
) -> None:
    granted: list[Lock] = []
    for number, (names, mode) in enumerate(asked):
        wanted = lock(*names, mode=mode, number=number, agent=f"a{number}")
        if in_the_way(granted, mode=mode, selectors=wanted.selectors) is None:
            granted.append(wanted)
    covering = [held for held in granted if held.covers(path)]
    assert len(covering) <= 1 or all(held.mode == "shared" for held in covering)
