"""When a failed delivery is tried again."""

import pytest

from workspace_server.core.retry import ATTEMPTS_MAX, STEPS_S, delay_s, parse_retry_after


def test_the_steps_grow_from_seconds_to_a_day() -> None:
    assert [delay_s(failures, chance=0.5) for failures in range(1, ATTEMPTS_MAX)] == [float(step) for step in STEPS_S]


def test_a_delivery_is_given_up_after_the_last_step() -> None:
    assert delay_s(ATTEMPTS_MAX, chance=0.5) is None


@pytest.mark.parametrize(("chance", "delay"), [(0.0, 4.0), (1.0, 6.0)])
def test_attempts_spread_by_a_fifth(chance: float, delay: float) -> None:
    assert delay_s(1, chance=chance) == pytest.approx(delay)


@pytest.mark.parametrize(("asked", "delay"), [(0.0, 30.0), (45.0, 45.0), (86_400.0, 60.0)])
def test_a_receiver_may_put_an_attempt_off_by_up_to_twice_the_step(asked: float, delay: float) -> None:
    assert delay_s(2, chance=0.9, retry_after_s=asked) == delay


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 5 ", 5.0),
        ("9" * 400, 999_999_999.0),
        ("Thu, 01 Jan 1970 00:20:00 GMT", 200.0),
        ("Thu, 01 Jan 1970 00:10:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("Thu, 01 Jan 99999 00:10:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, now_s=1_000) == seconds
