"""A person steps in while real agents work: pauses one, tells it something, and lets it go on; also over a kill."""

import json
from pathlib import Path

from tests.agents import Agent
from tests.processes import run, serving


def operator(folder: Path, *arguments: str) -> str:
    """Run a command of the person who owns the folder."""
    done = run(*arguments, "--dir", str(folder))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_agent_is_paused_in_mid_work_told_something_and_goes_on(folder: Path) -> None:
    with serving(folder) as server, Agent(folder, "--agent", "writer") as writer:
        writer.call("write_file", path="draft.md", content="from the old figures\n")
        operator(folder, "pause", "writer", "--note", "wrong figures")

        refused = writer.call("write_file", path="draft.md", content="more\n", expect_version=1)
        assert (refused["code"], refused["note"]) == ("paused", "wrong figures")
        assert writer.read("draft.md") == "from the old figures\n"

        note = operator(folder, "note", "writer", "Use figures.csv", "--acknowledge").split()[0]
        server.kill()  # between the note and the result that was to carry it
        server.start()
        operator(folder, "resume", "writer")

        refused = writer.call("write_file", path="draft.md", draft=refused["draft"], expect_version=1)
        assert (refused["code"], refused["note"], refused["notice"]["job"]) == ("paused", "Use figures.csv", note)
        assert writer.call("finish_job", job=note, outcome="done", note="on it") == {"job": note, "state": "done"}
        written = writer.call("write_file", path="draft.md", content="from figures.csv\n", expect_version=1)
        assert written["version"] == 2

        shown = json.loads(operator(folder, "agents", "writer", "--json"))
        [kept] = shown["notes"]
        assert (kept["words"], kept["acknowledge"]) == ("on it", True)
        assert shown["written"]["versions"] == 2
        assert shown["client"] == "Test Client 1"


def test_two_processes_of_one_name_are_both_held_up_until_one_has_acknowledged(folder: Path) -> None:
    with serving(folder), Agent(folder, "--agent", "twin") as one, Agent(folder, "--agent", "twin") as other:
        note = operator(folder, "note", "twin", "Stop and read", "--acknowledge").split()[0]

        assert one.call("list_locks")["notice"]["job"] == note
        assert "notice" not in other.call("list_locks")
        hints = [agent.call("write_file", path="a.md", content="x")["hint"] for agent in (one, other)]
        assert all(hint.startswith(f'finish_job(job="{note}"') for hint in hints)

        other.call("finish_job", job=note)
        assert one.call("write_file", path="a.md", content="x")["version"] == 1
        assert other.call("finish_job", job=note)["state"] == "done"
