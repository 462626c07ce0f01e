"""Long work says how far it is, and short work keeps quiet where nobody watches."""

import io

from workspace_server.cli.progress import EVERY_S, Shown


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


def test_on_a_terminal_one_line_moves_on_and_is_left_when_done() -> None:
    out, now = Terminal(), [100.0]
    shown = Shown(out, lambda: now[0])
    for done in (1, 2):  # the second comes at once
        shown("folder", done, 3)
    shown("folder", 3, 3)
    assert out.getvalue() == "\r\x1b[Kfolder: 1 of 3\r\x1b[Kfolder: 3 of 3\n"
