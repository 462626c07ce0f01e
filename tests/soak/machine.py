"""The state machine of `tests/model`, for longer: whatever agents do in whatever order, workspace and model agree."""

from pathlib import Path

from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.test_workspace_machine import Workspace
from tests.soak.parts import Budget, Report

EXAMPLES = 10
STEPS = 60


def run(base: Path, budget: Budget) -> Report:
    """Run the machine with new random steps for as long as the budget lasts."""
    del base
    report = Report()
    chosen = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None, phases=[Phase.generate]
    )
    while budget.left():
        try:
            run_state_machine_as_test(Workspace, settings=chosen)
        except AssertionError as error:
            report.wrong.append(f"workspace and model differ: {error}")
        report.add("runs", EXAMPLES)
        report.add("steps at most", EXAMPLES * STEPS)
    return report
