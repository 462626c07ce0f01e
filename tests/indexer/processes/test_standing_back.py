"""A process stands back with its session, and never with that of others."""

import os
import subprocess
import sys

import pytest

from indexer.processes.standing_back import stand_back
from tests.project.tree import ROOT

PROGRAM = (
    "import os; from indexer.processes.standing_back import stand_back; told = [];"
    " stand_back(3, tell=told.append); print(os.getpriority(os.PRIO_PROCESS, 0), told)"
)


@pytest.mark.parametrize(("own_session", "told"), [(True, "['3']"), (False, "[]")])
def test_a_process_stands_back_with_a_session_that_is_its_own(own_session: bool, told: str) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        start_new_session=own_session,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )

    assert done.stdout == f"{min(19, before + 3)} {told}\n"


@pytest.mark.parametrize(
    ("refusals", "tries"),
    [([], 1), ([BlockingIOError(), BlockingIOError()], 3), ([FileNotFoundError()], 1), ([BlockingIOError()] * 9, 5)],
)
def test_a_system_that_is_busy_is_told_again_and_one_that_has_no_such_thing_is_not(
    monkeypatch: pytest.MonkeyPatch, refusals: list[OSError], tries: int
) -> None:
    monkeypatch.setattr("indexer.processes.standing_back._PAUSE_S", 0.0)
    monkeypatch.setattr(os, "getsid", lambda _: os.getpid())
    told: list[str] = []

    def tell(niceness: str) -> None:
        told.append(niceness)
        if refusals:
            raise refusals.pop()

    stand_back(0, tell=tell)

    assert told == ["0"] * tries
