"""When no server can be started for a folder, its reason reaches whoever asked, at once."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tests.processes import run
from workspace_server.cli.owner_socket import Unreachable, start
from workspace_server.storage.database import connect
from workspace_server.storage.migrations import migrate


@pytest.fixture
def newer(folder: Path) -> Path:
    """A workspace that a newer program has written."""
    (folder / ".workspace").mkdir()
    with closing(connect(folder / ".workspace" / "workspace.db")) as connection:
        migrate(connection)
        connection.execute("PRAGMA user_version = 999")
    return folder


def test_stdio_is_told_why_no_server_starts(newer: Path) -> None:
    with pytest.raises(Unreachable, match="schema 999"):
        start(newer, newer / ".workspace", deadline=float("inf"))  # for ever, unless its end is noticed


def test_status_says_why_no_server_starts(newer: Path) -> None:
    done = run("status", "--dir", newer)
    assert "schema 999" in done.stderr


def test_verify_refuses_a_newer_schema(newer: Path) -> None:
    done = run("verify", "--dir", newer)
    assert (done.returncode, "schema 999" in done.stderr) == (1, True)
    with closing(apsw.Connection(str(newer / ".workspace" / "workspace.db"))) as connection:
        assert connection.execute("PRAGMA user_version").fetchall() == [(999,)]


def test_a_folder_that_cannot_be_made_is_refused_in_words() -> None:
    done = run("serve", "/proc/none")
    assert (done.returncode, "Traceback" in done.stderr) == (75, False)
    assert "/proc/none cannot be made" in done.stderr
