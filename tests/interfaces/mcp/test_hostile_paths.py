"""Paths that a shared workspace must survive, through every tool that takes one."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from mcp import Client, MCPError
from mcp_types import ResourceTemplateReference

from tests.interfaces.mcp.workspace import error_of, serving

pytestmark = pytest.mark.anyio
CASES = json.loads((Path(__file__).parents[2] / "data" / "hostile_paths.json").read_text("utf-8"))["paths"]
PLAIN = [case for case in CASES if "setup" not in case]
REFUSED = {"invalid_path", "invalid_argument", "not_found", "is_directory", "name_taken"}
"""`invalid_argument` is for what is no text at all to JSON, such as a lone surrogate."""


def calls(path: str) -> list[tuple[str, dict[str, Any]]]:
    """Every tool to which *path* names a file."""
    edit = [{"old_text": "x", "new_text": "y"}]
    return [
        ("read_file", {"path": path}),
        ("write_file", {"path": path, "content": "x", "overwrite": True}),
        ("write_file", {"path": path, "content": "x", "append": True}),
        ("edit_file", {"path": path, "edits": edit}),
        ("move_file", {"path": path, "to": "moved.md"}),
        ("move_file", {"path": "here.md", "to": path, "copy": True, "overwrite": True}),
        ("delete_file", {"path": path}),
        ("file_history", {"path": path}),
        ("restore_file", {"path": path, "overwrite": True}),
        ("commit_files", {"changes": [{"op": "write", "path": path, "content": "x", "overwrite": True}]}),
        ("commit_files", {"changes": [{"op": "move", "path": "here.md", "to": path}]}),
        ("describe_file", {"path": path}),
        ("add_job", {"queue": "q", "instructions": "x", "inputs": [path]}),
        ("write_file", {"path": "b.md", "content": "x", "sources": [{"path": path, "version": 1}], "overwrite": True}),
    ]


async def test_what_must_be_refused_is_refused_by_every_tool_and_touches_nothing(folder: Path) -> None:
    before = sorted(path.name for path in folder.parent.iterdir())
    async with serving(folder) as server, Client(server) as client:
        await client.call_tool("write_file", {"path": "here.md", "content": "x"})
        for case in (case for case in PLAIN if case["expect"] == "reject"):
            for tool, arguments in calls(case["path"]):
                result = await client.call_tool(tool, arguments)
                assert result.is_error, (tool, case)
                assert error_of(result)["code"] in REFUSED, (tool, case, error_of(result))
        listed = await client.call_tool("list_files", {"recursive": True, "detail": "full"})
    content: Any = listed.structured_content
    assert [row["path"] for row in content["files"]] == ["here.md"]
    assert sorted(path.name for path in folder.parent.iterdir()) == before


async def test_what_is_an_ordinary_name_is_written_and_read_back(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        for case in (case for case in PLAIN if case["expect"].startswith("accept")):
            written = await client.call_tool("write_file", {"path": case["path"], "content": case["id"]})
            assert not written.is_error, (case, error_of(written))
            read = await client.call_tool("read_file", {"path": case["path"]})
            assert not read.is_error, case


async def test_no_tool_fails_on_any_of_them(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        for case in PLAIN:
            path = case["path"]
            others = [
                ("list_files", {"path": path}),
                ("list_files", {"pattern": path}),
                ("lock_files", {"paths": [path]}),
                ("lock_files", {"paths": [{"path": path}]}),
                ("unlock_files", {"paths": [path]}),
                ("list_locks", {"path": path}),
                ("wait_for", {"files": [path], "timeout_seconds": 0}),
                ("list_events", {"path": path}),
                ("search", {"query": "x", "path": path}),
                ("query_facts", {"query": "x", "path": path}),
                ("create_trigger", {"name": case["id"], "files": [path], "queue": "q"}),
            ]
            for tool, arguments in [*calls(path), *others]:
                result = await client.call_tool(tool, arguments)
                if result.is_error:
                    assert error_of(result)["code"] not in {"internal", "unavailable"}, (tool, case, error_of(result))


async def test_no_resource_is_read_by_a_path_that_must_be_refused(folder: Path) -> None:
    (folder.parent / "secret").write_text("secret")
    async with serving(folder) as server, Client(server) as client:
        for case in PLAIN:
            raw = case["path"].encode("utf-8", "surrogatepass")
            # Nothing was written, so that what is an ordinary name is not there either.
            with pytest.raises(MCPError) as refusal:
                await client.read_resource(f"workspace:///{quote(raw)}")
            assert refusal.value.error.data["code"] in REFUSED, case
            if case["path"].isprintable():
                beginning = {"name": "path", "value": case["path"]}
                answer = await client.complete(
                    ResourceTemplateReference(type="ref/resource", uri="workspace:///{+path}"), beginning
                )
                assert answer.completion.values == []
