"""What `verify` tells a person: each sort of damage once, some examples, and a verdict."""

import json
import subprocess
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tests.processes import PROGRAM, clean_environment, run
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("verify is a process of its own")]

ADA = Caller(agent="ada")
COUNT = 12


@pytest.fixture
async def workspace(folder: Path) -> Path:
    """A folder that was served and is at rest."""
    async with Engine.open(folder, settings=Settings()) as engine:
        for number in range(COUNT):
            await engine.files.write_file(ADA, path=f"{number:02}.md", content=str(number))
    return folder


def change(root: Path, *statements: str) -> None:
    """Change the database behind everybody's back."""
    with closing(apsw.Connection(str(root / ".workspace" / "workspace.db"))) as connection:
        for sql in ("PRAGMA foreign_keys = OFF", "PRAGMA writable_schema = ON", *statements):
            connection.execute(sql)


async def test_a_sound_workspace_is_told_what_was_checked(workspace: Path) -> None:
    done = run("verify", "--dir", workspace)
    assert done.returncode == 0
    assert (
        done.stdout == f"No damage: checked the database, its history, {COUNT} contents, {COUNT} files and the index.\n"
    )


async def test_serve_says_at_its_start_that_a_part_of_the_database_is_damaged(workspace: Path) -> None:
    path = workspace / ".workspace" / "workspace.db"
    with closing(apsw.Connection(str(path))) as connection:
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'drafts_sha256'")
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096 + 2000)
        file.write(b"?")
    command = [*PROGRAM, "serve", str(workspace), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean_environment()) as server:
        assert server.stdout is not None
        said = [server.stdout.readline() for _ in range(7)]
        server.terminate()
    assert said[6].startswith("  DAMAGED    A part of the database cannot be read.")


async def test_of_many_notes_some_are_shown_and_the_last_line_is_the_verdict(workspace: Path) -> None:
    for file in workspace.glob("*.md"):
        file.unlink()
    done = run("verify", "--dir", workspace)
    *notes, verdict = done.stdout.splitlines()
    assert (done.returncode, len(notes)) == (0, 11)
    assert "… and 2 more" in notes[-1]
    assert verdict.startswith(f"No damage, {COUNT} notes: checked ")
    assert len(json.loads(run("verify", "--dir", workspace, "--json").stdout)["findings"]) == COUNT


async def test_pages_that_nothing_reaches_are_one_line_and_a_row_without_a_number_is_named(workspace: Path) -> None:
    change(
        workspace,
        "DELETE FROM contents WHERE sha256 IN (SELECT sha256 FROM versions LIMIT 1)",
        "DELETE FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
    )
    done = run("verify", "--dir", workspace)
    assert done.returncode == 1
    assert "of its pages are reached from nowhere (" in done.stdout
    assert ": never used" not in done.stdout
    assert "row None" not in done.stdout
    assert "a row of versions" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Damaged: ")
