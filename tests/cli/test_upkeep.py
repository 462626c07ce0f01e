"""Backup, restore, gc and purge from a terminal, against a folder that is served."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Serving, run, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


def write(server: Serving, path: str, content: str) -> None:
    done = run("call", "write_file", f"path={path}", f"content={content}", "overwrite=true", "--dir", server.folder)
    assert done.returncode == 0, done.stderr


def test_a_backup_beside_the_server_becomes_a_folder_of_its_own(server: Serving, tmp_path: Path) -> None:
    write(server, "backup/a.md", "kept")
    made = run("backup", tmp_path / "b.tar", "--dir", server.folder, "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["seq"] >= 1
    restored = run("restore", tmp_path / "b.tar", tmp_path / "again")
    assert restored.returncode == 0, restored.stderr
    assert (tmp_path / "again" / "backup" / "a.md").read_text() == "kept"
    assert run("verify", "--dir", tmp_path / "again").returncode == 0
    assert run("log", "--verify", "--dir", tmp_path / "again").stdout.startswith("The chain holds.\n")


@pytest.mark.parametrize("target", ["there.tar", "served/inside.tar"])
def test_a_backup_over_what_is_there_or_into_the_workspace_is_refused(
    server: Serving, tmp_path: Path, target: str
) -> None:
    (tmp_path / "there.tar").write_text("precious")
    file = server.folder / "inside.tar" if target.startswith("served") else tmp_path / target
    refused = run("backup", file, "--dir", server.folder)
    assert refused.returncode == 2
    assert "workspace-server: " in refused.stderr
    assert (tmp_path / "there.tar").read_text() == "precious"


def test_a_restore_over_something_or_from_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("no backup")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    assert run("restore", tmp_path / "b.tar", tmp_path / "full").returncode == 2
    assert run("restore", tmp_path / "b.tar", tmp_path / "new").returncode == 2
    assert run("restore", tmp_path / "none.tar", tmp_path / "new").returncode == 3
    assert not (tmp_path / "new").exists()


def test_a_purged_file_is_gone_and_its_history_says_so(server: Serving) -> None:
    write(server, "purge/a.md", "secret")
    write(server, "purge/a.md", "clean")
    head = run("purge", "purge/a.md", "--version", "2", "--dir", server.folder)
    assert (head.returncode, "purge the file" in head.stderr) == (2, True)
    done = run("purge", "purge/a.md", "--version", "1", "--dir", server.folder, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["versions"], answer["task"]) == ([1], "purge")
    assert run("call", "read_file", "path=purge/a.md", "version=1", "--dir", server.folder).returncode == 3
    whole = run("purge", "purge/a.md", "--dir", server.folder)
    assert whole.returncode == 0, whole.stderr
    assert whole.stdout.startswith("Removed the content of purge/a.md: version 2.\n  The file stood there, and was")
    assert not (server.folder / "purge" / "a.md").exists()
    assert "delete" in run("history", "purge/a.md", "--dir", server.folder).stdout


def test_a_purge_says_which_version_it_did_not_remove(server: Serving) -> None:
    for path, content in (("keys.yaml", "secret"), ("keys.yaml", "shared"), ("keys2.yaml", "shared")):
        write(server, path, content)
    done = run("purge", "keys.yaml", "--dir", server.folder)
    assert done.returncode == 1
    assert done.stdout.startswith("Removed the content of keys.yaml: version 1.\n")
    assert "NOT removed was version 2: its content stands in keys2.yaml. Save or delete that first.\n" in done.stdout
    assert "What was removed is cleared from the disk" in done.stdout
    assert "Nothing of it" not in done.stdout


def test_a_purge_of_a_locked_file_names_the_command_that_ends_the_lock(server: Serving) -> None:
    write(server, "held.md", "secret")
    locked = run("call", "lock_files", "paths=held.md", "--dir", server.folder)
    name = json.loads(locked.stdout)["lock"].partition("-")[0]
    refused = run("purge", "held.md", "--dir", server.folder)
    assert refused.returncode == 5
    assert f"`workspace-server locks --break {name} --note WHY`" in refused.stderr


def test_gc_says_what_it_cleared(server: Serving) -> None:
    done = run("gc", "--dir", server.folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Cleared: ")
    assert done.stdout.endswith(" freed.\n")


def test_a_reindex_says_how_many_files_it_has_read_again(server: Serving) -> None:
    write(server, "reindex/a.md", "Port: 81\n")
    done = run("reindex", "--dir", server.folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Facts and search index are made anew from ")
    assert json.loads(run("reindex", "--dir", server.folder, "--json").stdout)["files"] >= 1
    found = run("call", "search", "query=port", "path=reindex/", "--dir", server.folder)
    assert [hit["path"] for hit in json.loads(found.stdout)["hits"]] == ["reindex/a.md"]
