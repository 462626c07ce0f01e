"""For how long the places of a busy token stay empty beside others."""

import pytest

from workspace_server.core.company import Company
from workspace_server.core.limits import LIMITS

BUSY = "busy"


def company(*calls: tuple[str | None, float]) -> Company:
    """Return the company after calls of somebody at some second."""
    found = Company()
    for who, now_s in calls:
        found = found.with_call(who, now_s=now_s)
    return found


@pytest.mark.parametrize("other", ["ana", None])
def test_a_place_rests_some_times_as_long_as_its_call_took(other: str | None) -> None:
    for calls in ([(other, 10.0), (BUSY, 10.0), (BUSY, 10.1)], [(BUSY, 10.0), (other, 10.1)]):
        assert company(*calls).rest_s(BUSY, took_s=0.01, now_s=10.2) == pytest.approx(LIMITS.rest_times * 0.01)


def test_no_place_rests_longer_than_so() -> None:
    there = company(("ana", 10.0), (BUSY, 10.0))
    enough_s = LIMITS.rest_s_max / LIMITS.rest_times
    assert there.rest_s(BUSY, took_s=enough_s, now_s=10.0) == pytest.approx(LIMITS.rest_s_max)
    assert there.rest_s(BUSY, took_s=2 * enough_s, now_s=10.0) == LIMITS.rest_s_max


def test_nobody_stands_back_for_those_who_have_gone() -> None:
    for there in (company(("ana", 10.0), (BUSY, 10.5)), company((BUSY, 10.0), ("ana", 10.0))):
        assert there.rest_s(BUSY, took_s=0.01, now_s=10.0 + LIMITS.company_s) > 0.0
        assert there.rest_s(BUSY, took_s=0.01, now_s=10.25 + LIMITS.company_s) == 0.0


def test_nobody_stands_back_for_oneself() -> None:
    assert company((BUSY, 10.0), (BUSY, 10.1)).rest_s(BUSY, took_s=0.01, now_s=10.1) == 0.0
