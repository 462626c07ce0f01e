"""Twenty processes on one fresh folder, some of them killed, and their owner: `tests/scenarios`, for longer."""

from pathlib import Path

from tests.scenarios.test_many_processes import SWARM, swarm
from tests.soak.parts import Budget, Report

OWNERS_KILLED = 3


def run(base: Path, budget: Budget) -> Report:
    """Start a crowd on one folder after the other for as long as the budget lasts."""
    report = Report()
    while budget.left():
        report.add("folders")
        folder = base / str(report.counts["folders"])
        folder.mkdir()
        try:
            report.add("acknowledged writes", len(swarm(folder, SWARM, OWNERS_KILLED)))
        except AssertionError as error:
            report.wrong.append(f"folder {folder.name}: {error}")
        report.add("processes", SWARM)
        report.add("owners killed", OWNERS_KILLED)
    return report
