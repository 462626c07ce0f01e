"""Many agents at once over real HTTP, MCP and `stdio`, stopped, killed and repeating themselves: nothing is lost.

A server that breaks its word in one way must be found by the checks that are there for it.
"""

from collections import Counter
from pathlib import Path

import pytest

from tests.storm.checks import check_all
from tests.storm.doubles import CONTROLS, Control
from tests.storm.storm import Plan, rage

FINDS: dict[Control, set[str]] = {
    "drops the fence": {"stale", "lost", "chain", "fences"},
    "skips the version check": {"stale", "lost", "chain", "linearizability"},
    "places before it commits": {"log", "folder"},
    "skips the outbox": {"outbox"},
    "forgets its answers": {"chain", "repeats"},
}
"""Checks of which at least one must find a double; which of them do depends on what meets in the storm."""


def test_a_storm_loses_nothing_and_lets_nobody_write_late(folder: Path) -> None:
    after, figures = rage(folder, Plan(seconds=10, agents_killed_every_s=3, server_killed_every_s=4))

    assert {name: found for name, found in check_all(after).items() if found} == {}
    done = Counter(record.kind for record in after.records if record.outcome == "ok")
    assert all(done[kind] for kind in ("read", "write", "held", "commit", "input", "again")), done
    assert figures.pauses
    assert figures.agents_killed
    assert figures.servers_killed
    assert after.received
    assert after.worked


@pytest.mark.parametrize("control", CONTROLS)
def test_a_server_that_breaks_its_word_is_found(folder: Path, control: Control) -> None:
    pauses = int(control == "drops the fence")
    plan = Plan(
        seconds=8 if pauses else 2,
        pauses=pauses,
        control=control,
        doors=("http", "mcp", "http", "mcp", "http"),  # a `stdio` could start a server that keeps its word
        failures=0,
        drain_s=1,
    )
    after, _ = rage(folder, plan)

    found = {name for name, faults in check_all(after).items() if faults}
    assert found & FINDS[control], found
