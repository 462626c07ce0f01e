"""Webhooks, while the server that saves, fires and sends is killed 200 times."""

from pathlib import Path

import anyio

from tests.faults.sending import Lives, Receiver
from tests.soak.parts import Budget, Report

KILLS = 200
CHECK_EVERY = 20


def run(base: Path, budget: Budget) -> Report:
    """Kill at any moment from the commit to the acknowledgement, and compare the log with what arrived."""
    report = Report()
    folder = base / "w"
    folder.mkdir()
    with Receiver() as receiver:
        lives = Lives(folder, receiver)
        while lives.kills < KILLS and budget.left() and not report.wrong:
            lives.live_and_die()
            if lives.kills % CHECK_EVERY == 0:
                report.wrong += anyio.run(lives.end_in_peace)
        report.wrong += anyio.run(lives.end_in_peace)
        names = [message for message, _ in receiver.arrived]
        report.counts = {"kills": lives.kills, "arrived": len(names), "repeats": len(names) - len(set(names))}
    return report
