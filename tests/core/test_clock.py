"""A clock for tests that moves only when told to."""

from workspace_server.core.clock import ManualClock


def test_both_clocks_stand_still_until_they_are_moved() -> None:
    clock = ManualClock(wall_s=100.0, boot_s=5.0, boot_id="b")
    clock.advance(2.5)
    assert (clock.wall_s(), clock.boot_s(), clock.boot_id()) == (102.5, 7.5, "b")
