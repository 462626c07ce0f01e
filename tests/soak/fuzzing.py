"""The properties of `tests/fuzz`, over values that nobody has seen before."""

from pathlib import Path

from tests.fuzz import (  # noqa: F401 - to be imported is what makes their properties known
    test_front_matter,
    test_headers,
    test_moments,
    test_paths,
    test_patterns,
    test_questions,
    test_signing,
)
from tests.fuzz.drawing import DRAWN, meet
from tests.soak.parts import Budget, Report

EXAMPLES = 500


def run(base: Path, budget: Budget) -> Report:
    """Let each property in turn meet new values, for as long as the budget lasts."""
    del base
    report = Report()
    report.counts["properties"] = len(DRAWN)
    while budget.left():
        for shown, drawn in DRAWN:
            if not budget.left():
                break
            try:
                meet(shown, drawn, examples=EXAMPLES)
            except Exception as error:  # noqa: BLE001 - whatever a property raises is what was looked for
                report.wrong.append(f"{shown.__name__}: {error!r} {' '.join(getattr(error, '__notes__', ()))}")
            report.add("values", EXAMPLES)
    return report
