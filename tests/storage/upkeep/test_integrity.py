"""`verify` finds what is damaged and names it, and calls nothing damage that is none."""

from pathlib import Path
from typing import Any

import apsw
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.errors import NotFound
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Row
from workspace_server.storage.upkeep import integrity
from workspace_server.storage.upkeep.integrity import Finding, find_damage

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]  # verify is for a process of its own

ADA = Caller(agent="ada")
LARGE = "a line of a large file\n" * 10_000


@pytest.fixture
async def workspace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that was served and is at rest: small content, large content, two versions, a deleted file."""
    monkeypatch.setattr(integrity, "SETTLE_S", 0.0)
    async with Engine.open(folder, settings=Settings()) as engine:
        await engine.files.write_file(ADA, path="small.md", content="one\n", message="first")
        await engine.files.write_file(ADA, path="small.md", content="two\n", expect_version=1)
        await engine.files.write_file(ADA, path="large.txt", content=LARGE)
        await engine.files.write_file(ADA, path="gone.md", content="gone\n")
        await engine.files.delete_file(ADA, path="gone.md")
    return folder


def damage(root: Path) -> list[Finding]:
    return [finding for finding in find_damage(root) if finding.damage]


def change(root: Path, sql: str, *parameters: object) -> None:
    """Change the database behind everybody's back."""
    connection = apsw.Connection(str(root / ".workspace" / "workspace.db"))
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(sql, parameters)
    connection.close()


def large_object(root: Path) -> Path:
    [found] = [path for path in (root / ".workspace" / "objects").rglob("*") if path.is_file()]
    return found


async def test_a_sound_workspace_has_no_findings(workspace: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    assert list(find_damage(workspace, lambda *step: steps.append(step))) == []
    assert {what for what, _, _ in steps} == {"database", "content", "folder"}
    assert all(done <= total for _, done, total in steps)


async def test_a_flipped_byte_in_an_object_is_found(workspace: Path) -> None:
    path = large_object(workspace)
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    [finding] = damage(workspace)
    assert (finding.kind, finding.subject) == ("content", "large.txt@1")


async def test_a_cut_object_is_found(workspace: Path) -> None:
    path = large_object(workspace)
    path.write_bytes(path.read_bytes()[:-1])
    assert [finding.subject for finding in damage(workspace)] == ["large.txt@1"]


async def test_a_missing_object_is_found(workspace: Path) -> None:
    large_object(workspace).unlink()
    [finding] = damage(workspace)
    assert "missing" in finding.said


async def test_changed_content_in_the_database_is_found(workspace: Path) -> None:
    change(workspace, "UPDATE contents SET data = CAST('xxx' AS BLOB) WHERE form = 'raw' AND size_bytes = 4")
    assert {finding.kind for finding in damage(workspace)} == {"content"}


async def test_packed_content_that_cannot_be_unpacked_is_found(workspace: Path) -> None:
    change(workspace, "UPDATE contents SET form = 'zstd' WHERE form = 'raw'")
    assert all("cannot be read" in finding.said for finding in damage(workspace))


async def test_a_wrong_size_is_found(workspace: Path) -> None:
    change(workspace, "UPDATE contents SET size_bytes = 5 WHERE form = 'raw'")
    assert {finding.said.partition(" has ")[2] for finding in damage(workspace)} == {"4 bytes, not 5"}


async def test_a_missing_version_is_found(workspace: Path) -> None:
    change(
        workspace, "DELETE FROM versions WHERE version = 1 AND file_id IN (SELECT file_id FROM files WHERE version = 2)"
    )
    assert ("history", "small.md") in {(finding.kind, finding.subject) for finding in damage(workspace)}


async def test_a_head_that_is_not_its_version_is_found(workspace: Path) -> None:
    change(workspace, "UPDATE files SET sha256 = (SELECT sha256 FROM files WHERE path = 'large.txt')")
    assert "small.md" in {finding.subject for finding in damage(workspace)}


async def test_a_gap_in_the_log_is_found(workspace: Path) -> None:
    change(workspace, "DELETE FROM events WHERE seq = 2")
    [finding] = damage(workspace)
    assert (finding.kind, finding.subject) == ("history", "seq 3")


async def test_content_that_nothing_holds_any_more_is_found(workspace: Path) -> None:
    change(workspace, "DELETE FROM contents WHERE form = 'object'")
    assert "database" in {finding.kind for finding in damage(workspace)}


async def test_a_damaged_database_is_found(workspace: Path) -> None:
    path = workspace / ".workspace" / "workspace.db"
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(data)
    assert {finding.kind for finding in damage(workspace)} == {"database"}


async def test_a_file_that_is_no_database_is_found(workspace: Path) -> None:
    (workspace / ".workspace" / "workspace.db").write_bytes(b"not a database, " * 1024)
    assert [finding.kind for finding in damage(workspace)] == ["database"]


async def test_an_edit_on_disk_is_a_note_and_no_damage(workspace: Path) -> None:
    (workspace / "small.md").write_text("edited by a person\n")
    (workspace / "large.txt").unlink()
    notes = {finding.subject: finding.said for finding in find_damage(workspace) if not finding.damage}
    assert set(notes) == {"small.md", "large.txt"}
    assert damage(workspace) == []


async def test_something_else_in_a_files_place_is_a_note(workspace: Path) -> None:
    (workspace / "small.md").unlink()
    (workspace / "small.md").symlink_to("large.txt")
    assert [finding.subject for finding in find_damage(workspace)] == ["small.md"]


async def test_a_folder_that_is_no_workspace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list(find_damage(tmp_path))
    assert not list(tmp_path.iterdir())


async def test_damage_to_what_was_appended_is_found_and_so_is_damage_to_what_it_rests_on(workspace: Path) -> None:
    async with Engine.open(workspace, settings=Settings()) as engine:
        for number in range(3):
            await engine.files.write_file(ADA, path="large.txt", content=f"{number}\n", append=True)
    assert damage(workspace) == []
    change(workspace, "UPDATE contents SET data = x'78' WHERE form = 'tail' AND tails = 2")
    assert {finding.subject for finding in damage(workspace)} == {"large.txt@3", "large.txt@4"}
    path = large_object(workspace)
    path.write_bytes(path.read_bytes()[:-1])
    subjects = {finding.subject for finding in damage(workspace) if finding.kind == "content"}
    assert subjects == {f"large.txt@{version}" for version in range(1, 5)}


@pytest.mark.parametrize("how", ["removed_at = 1, removed_why = 'purged', data = NULL", "form = 'raw', data = :data"])
async def test_content_that_goes_or_changes_its_form_while_it_is_read_is_no_damage(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    original = integrity._hash_of
    path = large_object(workspace)

    def meanwhile(*arguments: Any) -> tuple[str, int]:
        if path.exists():
            change(workspace, f"UPDATE contents SET {how} WHERE form = 'object'", *([LARGE.encode()] * (":" in how)))
            path.unlink()
        return original(*arguments)

    monkeypatch.setattr(integrity, "_hash_of", meanwhile)
    assert damage(workspace) == []
    assert not path.exists()


async def test_a_change_between_two_readings_of_the_counters_is_no_damage(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = integrity._rows

    def meanwhile(connection: apsw.Connection, sql: str, *parameters: str) -> list[Row]:
        rows = original(connection, sql, *parameters)
        if "FROM counters" in sql:
            change(workspace, "UPDATE counters SET value = value + 1 WHERE name = 'seq'")
            change(
                workspace,
                "INSERT INTO events (seq, type, at, agent, data)"
                " SELECT max(seq) + 1, type, at, agent, data FROM events",
            )
        return rows

    monkeypatch.setattr(integrity, "_rows", meanwhile)
    assert damage(workspace) == []


async def test_the_folder_gets_one_moment_to_settle_however_much_differs(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(f"{integrity.__name__}.time.sleep", slept.append)
    (workspace / "small.md").write_text("tw")
    (workspace / "large.txt").unlink()

    assert [found.subject for found in find_damage(workspace) if found.kind == "folder"] == ["large.txt", "small.md"]
    assert len(slept) == 1


async def test_a_save_that_was_under_way_is_no_finding(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{integrity.__name__}.time.sleep", lambda _: (workspace / "small.md").write_text("two\n"))
    (workspace / "small.md").write_text("tw")

    assert list(find_damage(workspace)) == []
