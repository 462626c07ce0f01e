"""Who is woken, and that no call is lost."""

import asyncio

import pytest

from workspace_server.services.automation.bells import Bell, Lines

pytestmark = pytest.mark.anyio


async def test_a_bell_rung_while_nobody_waits_wakes_the_next_who_does() -> None:
    bell = Bell()
    bell.ring()
    await bell.wait(None)


async def test_a_wait_for_a_bell_ends_by_itself() -> None:
    await Bell().wait(0.001)


def stand(lines: Lines, count: int, timeout_s: float = 30) -> list["asyncio.Task[bool]"]:
    """Let some wait in the line `q`, whose tickets are their numbers."""
    return [asyncio.ensure_future(lines.wait("q", lines.ticket(), timeout_s)) for _ in range(count)]


async def test_those_in_a_line_are_called_up_in_turn() -> None:
    lines = Lines()
    waiting = stand(lines, 3)
    await asyncio.sleep(0)
    lines.wake("other")
    for number, task in enumerate(waiting):
        lines.wake("q")
        assert await task
        assert [other.done() for other in waiting] == [other <= number for other in range(3)]


async def test_who_is_called_up_and_gone_at_once_leaves_its_turn_to_the_next() -> None:
    lines = Lines()
    first, second = stand(lines, 2)
    await asyncio.sleep(0)
    lines.wake("q")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second


async def test_who_goes_away_at_the_moment_of_the_call_is_passed_over() -> None:
    lines = Lines()
    first, second = stand(lines, 2)
    await asyncio.sleep(0)
    first.cancel()
    lines.wake("q")
    assert await second


async def test_who_gives_up_waiting_loses_its_place() -> None:
    lines = Lines()
    [gone] = stand(lines, 1, 0.001)
    assert not await gone
    assert lines.first("q") is None
    [later] = stand(lines, 1)
    await asyncio.sleep(0)
    lines.wake("q")
    assert await later


async def test_newcomers_count_those_who_wait_and_those_who_have_a_turn() -> None:
    lines = Lines()
    waiting = stand(lines, 3)
    await asyncio.sleep(0)
    assert [lines.ahead("q", ticket) for ticket in (0, 1, 99)] == [0, 1, 3]
    lines.wake("q")
    assert (lines.waiting("q"), lines.first("q"), lines.ahead("q", 99)) == (2, 1, 3)
    await waiting[0]
    assert lines.ahead("q", 99) == 2
    with lines.turn("q", 7):
        assert (lines.ahead("q", 99), lines.ahead("q", 5)) == (3, 2)
    for _ in range(2):
        lines.wake("q")
    await asyncio.wait(waiting)
    assert lines.ahead("q", 99) == 0


async def test_who_was_called_up_for_nothing_keeps_its_rank() -> None:
    lines = Lines()
    waiting = stand(lines, 3)
    await asyncio.sleep(0)
    for number in range(2):
        lines.wake("q")
        assert await waiting[number]
    again = [asyncio.ensure_future(lines.wait("q", ticket, 30)) for ticket in (1, 0)]
    await asyncio.sleep(0)
    for task in (again[1], again[0], waiting[2]):
        lines.wake("q")
        assert await task
