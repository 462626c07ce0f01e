"""No path leads out of the workspace, by any door, also while somebody exchanges directories with links to outside."""

from pathlib import Path

from tests.scenarios.racing import race

RACE_S = 5.0
CONTROL_S = 60.0
"""Longest that the control may take to leak; it ends as soon as it does."""


def test_no_door_leads_outside_while_somebody_swaps_a_directory_for_a_link(tmp_path: Path) -> None:
    found = race(tmp_path, RACE_S)

    assert found.escaped == []
    assert found.failed == []
    assert found.tries
    assert found.swaps


def test_control_a_server_that_checks_the_real_path_leaks_in_the_same_race(tmp_path: Path) -> None:
    assert race(tmp_path, CONTROL_S, control=True, until_escaped=True).escaped
