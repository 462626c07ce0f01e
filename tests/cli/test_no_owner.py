"""When no server can be started for a folder, its reason reaches whoever asked, at once."""

from contextlib import closing
from pathlib import Path

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
    assert (done.returncode, "schema 999" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    "command",
    [
        ("verify",),
        ("verify", "--repair-checksums"),
        ("log", "--verify"),
        ("backup", "BACKUP"),
        ("fork", "BACKUP"),
        ("compare", "WORKSPACE", "WORKSPACE"),
    ],
)
def test_a_newer_schema_is_refused_and_left_as_it_is(newer: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    database = newer / ".workspace" / "workspace.db"
    before = database.read_bytes()
    places = {"BACKUP": tmp_path / "copy", "WORKSPACE": newer}
    done = run(command[0], *(places.get(word, word) for word in command[1:]), cwd=newer)
    assert (done.returncode, "schema 999" in done.stderr) == (1, True)
    assert database.read_bytes() == before
    assert not (tmp_path / "copy").exists()


def test_a_folder_that_cannot_be_made_is_refused_in_words() -> None:
    done = run("serve", "/proc/none")
    assert (done.returncode, "Traceback" in done.stderr) == (75, False)
    assert "/proc/none cannot be made" in done.stderr
