"""Notes and pauses as a model meets them: in the result of whatever it calls next."""

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from tests.interfaces.mcp.workspace import ERAS, error_of, named, serving, text_of
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL
from workspace_server.interfaces.mcp.tools import TOOLS
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

OWNER = Caller(agent="owner", scope=ALL)
ANA = named("ana")


async def leave(engine: Engine, text: str, *, acknowledge: bool = False) -> str:
    name: str = (await engine.agents.notes.leave_note(OWNER, agent="ana", text=text, acknowledge=acknowledge))["note"]
    return name


@pytest.mark.parametrize("mode", ERAS)
async def test_a_note_rides_once_in_the_next_result_of_its_agent(folder: Path, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        await leave(server._engine, "Use the new figures")

        others = await client.call_tool("list_locks", {}, meta=named("bob"))
        first, second = [await client.call_tool("list_locks", {}, meta=ANA) for _ in range(2)]

    assert others.structured_content == second.structured_content == {"locks": [], "waiting": []}
    assert first.structured_content is not None
    notice = first.structured_content["notice"]
    assert (notice["from"], notice["text"]) == ("owner", "Use the new figures")
    assert set(notice) == {"job", "from", "at", "text"}
    assert json.loads(text_of(first)) == first.structured_content


async def test_a_note_rides_in_the_header_of_a_file_and_leaves_its_text_alone(folder: Path) -> None:
    (folder / "a.md").write_text("one\n")
    async with serving(folder) as server, Client(server) as client:
        await leave(server._engine, "Look twice")
        read = await client.call_tool("read_file", {"path": "a.md"}, meta=ANA)

    assert json.loads(text_of(read))["notice"]["text"] == "Look twice"
    assert text_of(read, 1) == "one\n"


async def test_a_note_rides_in_a_refusal_and_the_hint_acknowledges_it(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        note = await leave(server._engine, "Wait for bob", acknowledge=True)
        write = {"path": "a.md", "content": "a text that was dear to make\n"}
        refused = error_of(await client.call_tool("write_file", write, meta=ANA))

        assert refused["notice"]["acknowledge"] == f'finish_job(job="{note}", outcome="done", note="…")'
        assert refused["hint"].startswith(refused["notice"]["acknowledge"])
        done = await client.call_tool("finish_job", {"job": note, "outcome": "done", "note": "seen"}, meta=ANA)
        again = await client.call_tool("write_file", {"path": "a.md", "draft": refused["draft"]}, meta=ANA)

    assert done.structured_content == {"job": note, "state": "done"}
    assert again.structured_content is not None
    assert again.structured_content["version"] == 1


async def test_every_tool_that_changes_something_is_refused_while_its_agent_is_paused(folder: Path) -> None:
    (folder / "a.md").write_text("one\n")
    async with serving(folder) as server, Client(server) as client:
        await server._engine.agents.pauses.pause_agent(OWNER, agent="ana", note="wrong sources")
        calls: dict[str, dict[str, Any]] = {
            "write_file": {"path": "new.md", "content": "one\n"},
            "edit_file": {"path": "a.md", "edits": [{"old_text": "one", "new_text": "two"}]},
            "move_file": {"path": "a.md", "to": "b.md"},
            "delete_file": {"path": "a.md"},
            "restore_file": {"path": "a.md", "version": 1, "overwrite": True},
            "lock_files": {"paths": ["a.md"]},
            "create_trigger": {"name": "t", "files": ["*.md"], "queue": "q"},
            "delete_trigger": {"name": "t"},
            "commit_files": {"changes": [{"op": "write", "path": "b.md", "content": "two\n"}]},
            "add_job": {"queue": "q", "instructions": "do it"},
            "claim_job": {"queue": "q"},
        }
        refused = [error_of(await client.call_tool(name, given, meta=ANA)) for name, given in calls.items()]

    assert {(one["code"], one["by"], one["note"]) for one in refused} == {("paused", "owner", "wrong sources")}
    assert set(calls) == {tool.name for tool in TOOLS if tool.changes} - {"unlock_files", "finish_job"}


async def test_what_leaves_is_counted_in_tokens_and_the_program_names_itself(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        answer = await client.call_tool("list_files", {}, meta=ANA)
        error_of(await client.call_tool("read_file", {"path": "nothing.md"}, meta=ANA))
        shown = await server._engine.agents.show_agent(OWNER, agent="ana")

    tools = {one["tool"]: one for one in shown["tools"]}
    assert tools["list_files"]["tokens"] == -(-len(text_of(answer).encode()) // 4)
    assert tools["read_file"]["tokens"] > 0
    assert shown["client"].startswith("mcp")
    assert shown["last_call"]["about"] == "nothing.md"
