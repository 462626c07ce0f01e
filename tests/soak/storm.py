"""The storm of `tests/storm`, for longer: agents and servers are stopped and killed, and a double must be found."""

from collections import Counter
from pathlib import Path

from tests.soak.parts import Budget, Report
from tests.storm.checks import check_all
from tests.storm.doubles import CONTROLS
from tests.storm.storm import Plan, rage

LONGEST_S = 60.0
AFTER_S = 20.0
"""What a storm takes beside its time: to begin, and until what is due is done."""
CONTROL_S = 8.0


def run(base: Path, budget: Budget) -> Report:
    """Let a storm rage for as long as the budget leaves beside the controls, then each control for a moment."""
    report = Report()
    seconds = min(LONGEST_S, max(10.0, budget.seconds - AFTER_S - len(CONTROLS) * (CONTROL_S + AFTER_S / 2)))
    folder = _folder(base, "storm")
    after, figures = rage(folder, Plan(seconds=seconds, pauses=8, agents_killed_every_s=5, server_killed_every_s=8))
    outcomes = Counter(record.outcome for record in after.records)
    report.counts["storm s"] = int(seconds)
    report.counts |= {f"answers {name}": count for name, count in sorted(outcomes.items())}
    report.counts |= {"pauses": figures.pauses, "agents killed": figures.agents_killed}
    report.counts["servers killed"] = figures.servers_killed
    found = check_all(after)
    report.counts |= {name: len(found[name]) for name in ("lost", "stale")}
    report.wrong += [f"{name}: {one}" for name, faults in found.items() for one in faults]
    for control in CONTROLS:
        folder = _folder(base, control.replace(" ", "-"))
        doors = ("http", "mcp", "http", "mcp", "http")  # a `stdio` could start a server that keeps its word
        pauses = int(control == "drops the fence")
        plan = Plan(seconds=CONTROL_S, pauses=pauses, control=control, doors=doors, failures=0, drain_s=1)
        after, _ = rage(folder, plan)
        if not any(check_all(after).values()):
            report.wrong.append(f"a server that {control} was not found")
    missed = sum("was not found" in one for one in report.wrong)
    report.counts["controls found"] = f"{len(CONTROLS) - missed} of {len(CONTROLS)}"
    return report


def _folder(base: Path, name: str) -> Path:
    """Return an empty folder that has the place beside it, where agents keep their journals, for itself."""
    folder = base / name / "workspace"
    folder.mkdir(parents=True)
    return folder
