"""How fast attempts may follow one another at one endpoint."""

import math

from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.pace import BUSY, Pace


def test_a_seconds_worth_may_begin_at_once_and_then_one_at_a_time() -> None:
    pace, granted = Pace.full(50, now_s=0).take(60, now_s=0)
    assert granted == 50
    assert pace.next_s() == 0.02
    assert pace.take(5, now_s=0.021)[1] == 1


def test_a_pause_saves_up_no_more_than_a_second() -> None:
    pace, _ = Pace.full(50, now_s=0).take(50, now_s=0)
    assert pace.take(1_000, now_s=3_600)[1] == 50


def test_what_may_begin_at_once_is_due_already() -> None:
    assert Pace.full(50, now_s=7).next_s() == 7


def test_a_busy_receiver_gets_half_as_many_and_the_old_pace_when_it_answers_again() -> None:
    pace = Pace.full(50, now_s=0).after(429, rest_s=None, now_s=0)
    assert pace.take(1, now_s=0)[1] == 0
    assert pace.take(100, now_s=10)[1] == 25
    for _ in range(25):
        pace = pace.after(200, rest_s=None, now_s=10)
    assert pace.per_second == 50


def test_however_busy_it_is_one_a_second_goes_on() -> None:
    pace = Pace.full(50, now_s=0)
    for _ in range(20):
        pace = pace.after(503, rest_s=None, now_s=0)
    assert pace.per_second == 1
    assert pace.take(5, now_s=1.0)[1] == 1
    assert Pace.full(0.5, now_s=0).after(503, rest_s=None, now_s=0).per_second == 0.5


def test_a_receiver_that_asks_for_rest_is_left_alone_for_as_long_and_no_longer_than_a_minute() -> None:
    pace = Pace.full(50, now_s=0).after(429, rest_s=9, now_s=0)
    assert pace.take(1, now_s=8.9)[1] == 0
    assert pace.take(1, now_s=9.1)[1] == 1
    assert Pace.full(50, now_s=0).after(429, rest_s=86_400, now_s=0).take(1, now_s=61)[1] == 1


def test_a_failure_of_another_kind_changes_no_pace() -> None:
    pace = Pace.full(50, now_s=0).after(503, rest_s=None, now_s=0)
    assert pace.after(None, rest_s=None, now_s=0) == pace
    assert pace.after(500, rest_s=None, now_s=0).per_second == 26


@given(st.lists(st.tuples(st.floats(0, 2), st.sampled_from([None, 200, *BUSY]), st.integers(0, 100)), max_size=100))
def test_it_never_grants_more_than_its_rate_and_a_seconds_worth(
    steps: list[tuple[float, int | None, int]],
) -> None:
    pace, now_s, begun = Pace.full(50, now_s=0), 0.0, 0
    for passed_s, status, wanted in steps:
        now_s += passed_s
        pace, granted = pace.take(wanted, now_s=now_s)
        begun += granted
        pace = pace.after(status, rest_s=None, now_s=now_s)
        assert granted <= wanted
        assert begun <= math.floor(50 + 50 * now_s + 1e-6)
        assert 1 <= pace.per_second <= 50
