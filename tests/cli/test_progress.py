"""Long work says how far it is, and short work keeps quiet where nobody watches."""

import io
from types import SimpleNamespace
from typing import cast

import pytest

from workspace_server.cli.api import Api
from workspace_server.cli.progress import EVERY_S, Shown
from workspace_server.cli.upkeep import finished


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_a_line_comes_every_few_seconds() -> None:
    out, now = io.StringIO(), [100.0]
    shown = Shown(out, lambda: now[0])
    for done in range(10):
        shown("folder", done, 10)
        now[0] += EVERY_S / 2
    assert out.getvalue().splitlines() == [f"folder: {done} of 10" for done in (2, 4, 6, 8)]


def test_short_work_says_nothing_without_a_terminal() -> None:
    out = io.StringIO()
    shown = Shown(out, lambda: 100.0)
    shown("folder", 1, 1)
    assert out.getvalue() == ""


def test_upkeep_in_the_server_says_how_far_it_is_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("workspace_server.cli.progress.EVERY_S", 0.0)
    monkeypatch.setattr("workspace_server.cli.upkeep.POLL_S", 0.0)
    steps = [("", 0, 0), ("reading the files", 3, 9)]
    running = [{"task": "reindex", "step": step, "done": done, "total": total} for step, done, total in steps]
    last = {"task": "reindex", "files": 9}

    for as_json in (False, True):
        states = iter([*({"running": one} for one in running), {"running": None, "waits_for": None, "last": last}])
        assert finished(cast("Api", SimpleNamespace(get=lambda _, states=states: next(states))), as_json) == 0
        assert capsys.readouterr().err == ("" if as_json else "reindex: 0\nreindex, reading the files: 3 of 9\n")


def test_on_a_terminal_one_line_moves_on_and_is_left_when_done() -> None:
    out, now = Terminal(), [100.0]
    shown = Shown(out, lambda: now[0])
    for done in (1, 2):  # the second comes at once
        shown("folder", done, 3)
    shown("folder", 3, 3)
    assert out.getvalue() == "\r\x1b[Kfolder: 1 of 3\r\x1b[Kfolder: 3 of 3\n"
