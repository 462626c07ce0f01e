"""When an endpoint that fails is left alone, and when it is tried again."""

import json

from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.breaker import Breaker, after, let_one_through
from workspace_server.core.limits import LIMITS

NOW_S = 1_800_000_000.0
OUTCOMES = st.lists(st.tuples(st.booleans(), st.floats(0, 120)), max_size=200)


def told(breaker: Breaker, *outcomes: bool, now_s: float = NOW_S) -> Breaker:
    """Return the breaker after attempts, of which those that are True failed."""
    for failed in outcomes:
        breaker = after(breaker, failed=failed, now_s=now_s)
    return breaker


def test_nine_failures_prove_nothing_and_the_tenth_opens() -> None:
    nine = told(Breaker(), *[True] * 9)
    assert nine.room(16, now_s=NOW_S) == 16
    opened = told(nine, True)
    assert opened.room(16, now_s=NOW_S) == 0
    assert opened.held_until_s(NOW_S) == NOW_S + LIMITS.breaker_open_s


def test_half_of_the_attempts_must_fail() -> None:
    assert told(Breaker(), *[False] * 6, *[True] * 5).is_closed
    assert not told(Breaker(), *[False] * 5, *[True] * 5).is_closed


def test_what_failed_before_the_window_no_longer_counts() -> None:
    breaker = told(Breaker(), *[True] * 9)
    assert told(breaker, True, now_s=NOW_S + 300).is_closed
    assert not told(breaker, True, now_s=NOW_S + 270).is_closed


def test_one_attempt_is_let_through_and_its_success_closes() -> None:
    breaker = told(Breaker(), *[True] * 10)
    later = NOW_S + LIMITS.breaker_open_s
    assert (breaker.room(16, now_s=later), breaker.room(0, now_s=later)) == (1, 0)
    assert told(breaker, False, now_s=later) == Breaker()


def test_each_failed_probe_holds_the_queue_for_twice_as_long_up_to_a_bound() -> None:
    breaker, now_s, held = told(Breaker(), *[True] * 10), NOW_S, []
    for _ in range(8):
        until_s = breaker.held_until_s(now_s)
        assert until_s is not None
        held.append(until_s - now_s)
        now_s = until_s
        breaker = told(breaker, True, now_s=now_s)
    assert held == [30, 60, 120, 240, 480, 600, 600, 600]


def test_what_was_on_its_way_when_it_opened_changes_nothing() -> None:
    breaker = told(Breaker(), *[True] * 10)
    assert told(breaker, True, False, True, now_s=NOW_S + 15) == breaker


def test_a_clock_that_was_set_back_holds_nothing() -> None:
    breaker = told(Breaker(), *[True] * 10)
    assert breaker.held_until_s(NOW_S - 86_400) is None
    assert breaker.room(16, now_s=NOW_S - 86_400) == 1


def test_who_wants_to_know_may_try_at_once() -> None:
    breaker = told(Breaker(), *[True] * 10)
    assert let_one_through(breaker, now_s=NOW_S).room(16, now_s=NOW_S) == 1
    assert let_one_through(Breaker(), now_s=NOW_S) == Breaker()


@given(OUTCOMES)
def test_it_is_the_same_after_a_restart_and_never_holds_for_longer_than_its_bound(
    outcomes: list[tuple[bool, float]],
) -> None:
    breaker, now_s = Breaker(), NOW_S
    for failed, passed_s in outcomes:
        now_s += passed_s
        breaker = after(breaker, failed=failed, now_s=now_s)
        assert Breaker.from_json(json.loads(json.dumps(breaker.as_json()))) == breaker
        until_s = breaker.held_until_s(now_s)
        assert until_s is None or now_s < until_s <= now_s + LIMITS.breaker_open_s_max
        assert len(breaker.slices) <= 10
