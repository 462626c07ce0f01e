"""How many calls a second are taken of each caller, and of all."""

import pytest

from workspace_server.core import rates
from workspace_server.core.rates import Rates


def test_a_caller_has_a_seconds_worth_at_once_and_then_its_pace() -> None:
    paced = Rates(each=2, total=0, now_s=0.0)
    assert [paced.wait_s("ada", now_s=0.0) for _ in range(2)] == [0.0, 0.0]
    assert paced.wait_s("ada", now_s=0.0) == pytest.approx(0.5)
    assert paced.wait_s("ada", now_s=0.5) == 0.0


def test_one_callers_haste_takes_nothing_from_another() -> None:
    paced = Rates(each=1, total=2, now_s=0.0)
    assert paced.wait_s("ada", now_s=0.0) == 0.0
    assert all(paced.wait_s("ada", now_s=0.0) for _ in range(10))
    assert paced.wait_s("bob", now_s=0.0) == 0.0
    assert paced.wait_s("eve", now_s=0.0) == pytest.approx(0.5)


def test_nothing_is_counted_where_no_rate_is_set() -> None:
    paced = Rates(each=0, total=0, now_s=0.0)
    assert not any(paced.wait_s("ada", now_s=0.0) for _ in range(100))


def test_so_many_callers_are_told_apart_and_who_called_longest_ago_starts_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rates, "KEPT_MAX", 2)
    paced = Rates(each=1, total=0, now_s=0.0)
    for name in ("ada", "bob", "eve"):
        assert paced.wait_s(name, now_s=0.0) == 0.0
    assert paced.wait_s("eve", now_s=0.0) > 0.0
    assert paced.wait_s("ada", now_s=0.0) == 0.0
