"""Which versions keep their bytes."""

from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.retention import DAY_S, Retention

ages = st.none() | st.floats(0, 400 * DAY_S)


@given(st.integers(0, 99), ages)
def test_by_default_everything_is_kept(newer: int, replaced_s: float | None) -> None:
    assert Retention().keeps_all
    assert Retention().keeps(newer=newer, replaced_s=replaced_s)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 99))
def test_what_stands_at_its_path_is_kept_whatever_is_set(versions: int, days: int, newer: int) -> None:
    assert Retention(versions=versions, days=days).keeps(newer=newer, replaced_s=None)


@given(st.integers(0, 9), ages.filter(lambda age: age is not None))
def test_as_many_of_the_newest_are_kept_as_is_set(newer: int, replaced_s: float) -> None:
    assert Retention(versions=3).keeps(newer=newer, replaced_s=replaced_s) == (newer < 3)


@given(st.integers(0, 9), st.floats(0, 30 * DAY_S))
def test_days_count_from_when_it_was_replaced(newer: int, replaced_s: float) -> None:
    assert Retention(days=7).keeps(newer=newer, replaced_s=replaced_s) == (replaced_s < 7 * DAY_S)


def test_one_bound_that_it_is_within_is_enough() -> None:
    both = Retention(versions=2, days=7)
    assert both.keeps(newer=1, replaced_s=99 * DAY_S)
    assert both.keeps(newer=9, replaced_s=DAY_S)
    assert not both.keeps(newer=2, replaced_s=7 * DAY_S)
