"""`undo`, `fork` and `compare` from a terminal, beside a server that runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Serving, run, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path / "served") as running:
        yield running


def write(server: Serving, agent: str, path: str, content: str, **given: object) -> int:
    more = [f"{name}={value}" for name, value in given.items()]
    done = run(
        "call", "write_file", f"path={path}", f"content={content}", *more, "--agent", agent, "--dir", server.folder
    )
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout)["seq"])


def as_json(*arguments: str | Path, code: int = 0) -> Any:
    done = run(*arguments, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_an_agents_work_is_taken_back_and_what_cannot_be_is_listed(server: Serving) -> None:
    seq = write(server, "ben", "plan.md", "old")
    write(server, "ben", "notes.md", "old")
    write(server, "ada", "plan.md", "new", expect_version=1)
    write(server, "ada", "notes.md", "new", expect_version=1)
    write(server, "ben", "notes.md", "newer", expect_version=2)

    tried = run("undo", "--agent", "ada", "--since", str(seq), "--dry-run", "--dir", server.folder)
    assert "Nothing was changed." in tried.stdout
    assert (server.folder / "plan.md").read_text() == "new"
    done = run("undo", "--agent", "ada", "--since", "1h", "--message", "a mistake", "--dir", server.folder)

    assert done.returncode == tried.returncode == 1
    assert (server.folder / "plan.md").read_text() == "old"
    assert "restored  plan.md  3 (again 1)" in done.stdout
    assert "notes.md  3    1       it was changed since" in done.stdout
    assert "a mistake" in run("history", "plan.md", "--dir", server.folder).stdout
    again = as_json("undo", "--agent", "ada", "--since", str(seq), "--path", "plan.md", "--dir", server.folder)
    assert again["files"] == [{"path": "plan.md", "did": "nothing"}]


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--since", "soon"], 2), (["--since", "99999"], 2), (["--since", "1h", "--path", ".."], 2)]
)
def test_bounds_that_are_none_are_refused(server: Serving, arguments: list[str], code: int) -> None:
    done = run("undo", "--agent", "ada", *arguments, "--dir", server.folder)

    assert done.returncode == code
    assert "workspace-server: " in done.stderr


def test_a_fork_is_filled_and_compared_with_where_it_came_from(server: Serving, tmp_path: Path) -> None:
    seq = write(server, "ada", "a.md", "price: 3 EUR")
    write(server, "ada", "a.md", "price: 4 EUR", expect_version=1)
    other = tmp_path / "other"

    made = as_json("fork", other, "--at-seq", str(seq), "--dir", server.folder)
    assert made == {"folder": str(other), "seq": seq, "files": 1, "missing": []}
    assert (other / "a.md").read_text() == "price: 3 EUR"
    assert as_json("status", "--dir", other)["deliveries"]["off"] is True
    assert run("stop", "--dir", other).returncode == 0

    found = run("compare", server.folder, other)
    assert found.returncode == 1
    assert "~  file  a.md" in found.stdout
    compared = as_json("compare", server.folder, other, code=1)
    assert [one["path"] for one in compared["files"]] == ["a.md"]
    run("fork", tmp_path / "same", "--dir", server.folder)
    assert "1 files" in run("compare", server.folder, tmp_path / "same").stdout
    assert run("compare", server.folder, tmp_path / "same").returncode == 0
    assert run("fork", other, "--dir", server.folder).returncode == 2
    assert run("compare", server.folder, tmp_path).returncode == 3
