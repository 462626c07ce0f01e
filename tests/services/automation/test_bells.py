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


async def test_those_in_a_line_are_woken_in_turn() -> None:
    lines, woken = Lines(), list[int]()

    async def wait(number: int) -> None:
        await lines.wait("q", 30)
        woken.append(number)

    waiting = [asyncio.ensure_future(wait(number)) for number in range(3)]
    await asyncio.sleep(0)
    lines.wake("other")
    for task in waiting:
        lines.wake("q")
        await task
    assert woken == [0, 1, 2]


async def test_who_is_woken_and_gone_at_once_leaves_its_turn_to_the_next() -> None:
    lines = Lines()
    first, second = (asyncio.ensure_future(lines.wait("q", 30)) for _ in range(2))
    await asyncio.sleep(0)
    lines.wake("q")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await second


async def test_who_gives_up_waiting_loses_its_place() -> None:
    lines = Lines()
    await lines.wait("q", 0.001)
    later = asyncio.ensure_future(lines.wait("q", 30))
    await asyncio.sleep(0)
    lines.wake("q")
    await later
