"""The path race of `tests/scenarios`, for longer: every door, while directories change places with links to outside."""

from pathlib import Path

from tests.scenarios.racing import race
from tests.soak.parts import Budget, Report

LONGEST_S = 60.0
CONTROL_S = 60.0


def run(base: Path, budget: Budget) -> Report:
    """Race all doors, then see that a server that checks real paths leaks in the same race."""
    report = Report()
    (base / "race").mkdir()
    found = race(base / "race", min(LONGEST_S, budget.seconds))
    report.counts = {"tries": found.tries, "swaps": found.swaps, "escapes": len(found.escaped)}
    report.wrong += found.escaped + found.failed
    (base / "control").mkdir()
    leaked = race(base / "control", CONTROL_S, control=True, until_escaped=True).escaped
    report.counts["control that checks real paths"] = "found" if leaked else "not found"
    if not leaked:
        report.wrong.append("a server that checks real paths was not found")
    return report
