"""`runs`: what a person in a terminal sees of what led to what."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import Serving, serving
from workspace_server.cli import commands
from workspace_server.cli.api import Address, Api

Told = Callable[..., str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server on which one save has set off two triggers, and the job of one has failed."""
    with serving(tmp_path_factory.mktemp("served")) as running:
        api = Api(lambda: Address(url=running.url), agent="ada")
        for name, files in (("edit", ["draft.md"]), ("check", ["draft.md", "b.md", "c.md"])):
            fields = {"name": name, "files": files, "queue": name, "settle": "immediate"}
            api.post("/triggers", fields | ({"mode": "all"} if len(files) > 1 else {}))
        for path in ("c.md", "b.md", "draft.md"):
            api.call_tool("write_file", {"path": path, "content": "x"})
        api.post("/queues/edit:claim")
        api.post("/jobs/J1:finish", {"outcome": "failed", "note": "no such \x1bword"})
        yield running


@pytest.fixture
def told(server: Serving, capsys: pytest.CaptureFixture[str]) -> Told:
    def tell(*arguments: str | Path, exit_code: int = 0) -> str:
        assert commands.run(["runs", *map(str, arguments), "--url", server.url]) == exit_code
        return capsys.readouterr().out

    return tell


def test_runs_are_listed_newest_first_with_what_they_began_with(told: Told) -> None:
    head, *rows = told().splitlines()
    assert head.split() == ["RUN", "TRIGGER", "STATE", "FIRINGS", "WHEN", "BESIDE", "BEGAN", "WITH"]
    cells = {row.split()[1]: row.split() for row in rows}
    assert cells["edit"][2:4] == ["failed", "1"]
    assert cells["edit"][-2:] == ["1", "draft.md@1"]
    assert cells["check"][2] == "going"
    assert " ".join(cells["check"][-4:]) == "draft.md@1, b.md@1, 1 more"
    assert [one["trigger"] for one in json.loads(told("--trigger", "edit", "--json"))["runs"]] == ["edit"]


def test_a_run_is_told_step_by_step_with_the_one_that_went_wrong(told: Told) -> None:
    run = next(one["run"] for one in json.loads(told("--json"))["runs"] if one["trigger"] == "edit")
    text = told(run)
    assert "wrong  J1" in text
    head, change, firing, job = text.splitlines()[3:]
    assert head.split() == ["STEP", "WHEN", "KIND", "STATE", "AFTER", "WHAT"]
    assert change.endswith("file.created draft.md@1 by ada")
    assert firing.endswith("edit draft.md@1")
    assert job.endswith("edit by ada no such \ufffdword")
    assert json.loads(told(run, "--json"))["wrong"] == "J1"
    assert told("F99", exit_code=3) == ""
