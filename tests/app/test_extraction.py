"""The real server reads files in processes of its own, says how they are kept in, and leaves none behind."""

import os
from pathlib import Path

import httpx2

from indexer.processes.confining import layers_here
from tests.agents import Agent
from tests.indexer import files
from tests.processes import serving


def children_of(pid: int) -> set[int]:
    """Return the processes that *pid* has started, and that are still there."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(place.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            found.add(int(place.parent.name))
    return found


def test_documents_are_read_by_processes_that_end_with_the_server(folder: Path) -> None:
    (folder / "notes.md").write_text("Status: green\n")
    (folder / "bomb.docx").write_bytes(files.docx([("", "&a;")], prologue='<!DOCTYPE w [<!ENTITY a "b">]>'))
    (folder / "plan.pdf").write_bytes(files.pdf([["Title page"], ["Owner: Ada Meyer"]]))
    with serving(folder) as server, Agent(folder) as agent:
        seq = agent.call("write_file", path="end.md", content="Reader: Ben\n")["seq"]
        for _ in range(6):  # each waits up to ten seconds
            answer = agent.call("query_facts", query="owner", min_seq=seq, detail="full")
            if answer["complete"]:
                break
        found = answer["facts"]
        status = httpx2.get(f"{server.url}/api/v1/status").json()["index"]
        children = children_of(server.pid)

        assert [(fact["path"], fact["page"], fact["value"]) for fact in found] == [("plan.pdf", 2, "Ada Meyer")]
        assert status["sandbox"] == list(layers_here())
        assert children
        bomb = agent.call("describe_file", path="bomb.docx")
        assert (bomb["index_state"], bomb["index_reason"]) == ("failed", "refused: its XML defines entities")
        assert server.stop() == 0

    assert not any(Path(f"/proc/{child}").exists() for child in children)
    assert os.getpid() not in children
