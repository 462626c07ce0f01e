"""The tools as a model sees them, and what calling them gives."""

import ast
import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import ImageContent, ResourceLink

from tests.interfaces.mcp.workspace import ERAS, error_of, named, serving, text_of
from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.mcp.instructions import INSTRUCTIONS_BYTES_MAX
from workspace_server.interfaces.mcp.registry import ToolSpec
from workspace_server.interfaces.mcp.schemas import read
from workspace_server.interfaces.mcp.tools import TOOLS

pytestmark = pytest.mark.anyio
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CORE = set(
    "list_files read_file write_file edit_file move_file delete_file lock_files unlock_files search query_facts"
    " describe_file wait_for claim_job finish_job".split()
)


async def test_the_tool_list_is_small_and_mostly_words() -> None:
    listed = [tool.listed.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in TOOLS]
    assert len(json.dumps(listed, ensure_ascii=False, separators=(",", ":")).encode()) <= 20_000
    assert sum(len(tool.description.encode()) for tool in TOOLS) >= 8_000
    assert all(re.fullmatch(r"[a-z_]{1,37}", tool.name) and tool.listed.annotations for tool in TOOLS)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
async def test_each_description_ends_with_a_call_that_would_be_taken(tool: ToolSpec) -> None:
    _, found, example = tool.description.partition("Example: ")
    assert found
    call = ast.parse(re.sub(r"\btrue\b", "True", example), mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    assert call.func.id == tool.name
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}
    read(tool.params, given, tool=tool.name)


async def test_schemas_hold_no_titles_and_no_references() -> None:
    schemas = json.dumps([tool.schema for tool in TOOLS])
    assert '"title"' not in schemas
    assert "$ref" not in schemas
    assert "null" not in schemas


async def test_what_is_no_parameter_of_a_trigger_goes_into_its_options(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        given = {"name": "parts", "mode": "all", "queue": "q", "within_seconds": 60, "on_timeout": "reset"}
        made = await client.call_tool("create_trigger", given | {"options": {"manifest": "parts.txt"}})
        assert made.structured_content is not None
        assert made.structured_content["state"] == "active"
        listed = await client.call_tool("list_triggers", {"name": "parts"})
        assert listed.structured_content is not None
        (trigger,) = listed.structured_content["triggers"]
        assert (trigger["manifest"], trigger["within_seconds"], trigger["on_timeout"]) == ("parts.txt", 60, "reset")
        refused = error_of(await client.call_tool("create_trigger", {"name": "x", "files": ["*.md"], "mode": "all"}))
        assert refused["code"] == "invalid_argument"


@pytest.mark.parametrize("mode", ERAS)
async def test_the_setting_core_offers_fourteen_tools(folder: Path, mode: str) -> None:
    async with serving(folder, tools="core") as server, Client(server, mode=mode) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == CORE
        assert error_of(await client.call_tool("add_job", {}))["argument"] == "name"


@pytest.mark.parametrize("mode", ERAS)
async def test_a_result_is_structured_and_repeated_as_compact_text(folder: Path, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        result = await client.call_tool("write_file", {"path": "ä.md", "content": "…"}, meta=named("alice"))
    assert not result.is_error
    assert result.structured_content is not None
    assert result.structured_content["version"] == 1
    assert text_of(result) == json.dumps(result.structured_content, ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize("content", ["", "a\r\nb", '{"x": "\\n"}\n', "\ufeffmark\n", "no end"])
async def test_a_file_is_read_as_it_is_stored(folder: Path, content: str, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        await client.call_tool("write_file", {"path": "a.txt", "content": content}, meta=named("alice"))
        result = await client.call_tool("read_file", {"path": "a.txt"})
    assert result.structured_content is None
    header = json.loads(text_of(result))
    assert (header["version"], header["modified_by"], header["more"]) == (1, "alice", False)
    assert text_of(result, 1) in {content, content.removeprefix("\ufeff")}


async def test_images_come_as_images_and_other_binaries_as_links(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        for path, data in (("a.png", PNG), ("b.bin", b"\0\1\2")):
            content = base64.b64encode(data).decode()
            await client.call_tool("write_file", {"path": path, "content": content, "encoding": "base64"})
        image = (await client.call_tool("read_file", {"path": "a.png"})).content[1]
        linked = await client.call_tool("read_file", {"path": "b.bin"})
        plain = await client.call_tool("read_file", {"path": "b.bin", "format": "base64"})
    assert isinstance(image, ImageContent)
    assert base64.b64decode(image.data) == PNG
    assert isinstance(linked.content[1], ResourceLink)
    assert linked.content[1].uri == "workspace:///b.bin"
    assert json.loads(text_of(linked))["url"].endswith("/api/v1/files/b.bin")
    assert base64.b64decode(text_of(plain, 1)) == b"\0\1\2"


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(
    ("tool", "arguments", "argument"),
    [
        ("read_fiel", {"path": "a"}, "name"),
        ("read_file", {}, "path"),
        ("read_file", {"path": 7}, "path"),
        ("read_file", {"path": "a", "lines": 3}, "lines"),
        ("read_file", {"path": "a", "version": True}, "version"),
        ("read_file", {"path": "a", "version": -1}, "version"),
        ("write_file", {"path": "a", "content": "x", "on_conflict": "guess"}, "on_conflict"),
        ("edit_file", {"path": "a", "edits": [{"old_text": "x"}]}, "edits.0.new_text"),
        ("lock_files", {"paths": "a.md"}, "paths"),
        ("unlock_files", {}, "lock"),
    ],
)
async def test_wrong_arguments_are_told_to_the_model(
    folder: Path, mode: str, tool: str, arguments: dict[str, Any], argument: str
) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        error = error_of(await client.call_tool(tool, arguments))
    assert (error["code"], error["argument"]) == ("invalid_argument", argument)
    assert error["hint"]


async def test_a_lifetime_out_of_bounds_is_told_the_bounds_at_once(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        for ttl_s in (-1, 3, 3601):
            error = error_of(await client.call_tool("lock_files", {"paths": ["a"], "ttl_seconds": ttl_s}))
            assert error["message"] == "ttl_seconds must be 5 to 3600."


async def test_a_misspelt_argument_is_recognised(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        error = error_of(await client.call_tool("write_file", {"path": "a", "contents": "x"}))
    assert error["argument"] == "contents"
    assert error["hint"].startswith("Did you mean content? write_file takes path; optional: content, draft, encoding,")


async def test_null_means_left_out(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        arguments = {"path": "a", "content": "x", "lock": None, "overwrite": None, "encoding": None, "sources": None}
        assert not (await client.call_tool("write_file", arguments)).is_error


async def test_what_one_call_cannot_hold_goes_by_put(folder: Path) -> None:
    content = "x" * (LIMITS.tool_content_bytes_max + 1)
    async with serving(folder) as server, Client(server) as client:
        error = error_of(await client.call_tool("write_file", {"path": "big.txt", "content": content}))
    assert (error["code"], error["limit"]) == ("too_large", LIMITS.tool_content_bytes_max)
    assert "PUT http" in error["hint"]
    assert "/api/v1/files/big.txt" in error["hint"]


@pytest.mark.parametrize("mode", ERAS)
async def test_agents_on_one_connection_are_told_apart(folder: Path, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        lock = await client.call_tool("lock_files", {"paths": ["plan.md"]}, meta=named("alice"))
        assert lock.structured_content is not None
        error = error_of(await client.call_tool("write_file", {"path": "plan.md", "content": "x"}, meta=named("bob")))
        handle = lock.structured_content["lock"]
        mine = {"path": "plan.md", "content": "x", "lock": handle}
        stolen = error_of(await client.call_tool("write_file", mine, meta=named("bob")))
        written = await client.call_tool("write_file", mine, meta=named("alice"))
    assert (error["code"], error["agent"], error["yours"]) == ("locked", "alice", False)
    assert (stolen["code"], stolen["reason"]) == ("lock_lost", "unknown")
    assert not written.is_error


@pytest.mark.parametrize("mode", ERAS)
async def test_a_malformed_name_is_refused_where_the_model_sees_it(folder: Path, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        error = error_of(await client.call_tool("list_files", {}, meta=named("server")))
    assert (error["code"], error["argument"]) == ("invalid_argument", "agent")


@pytest.mark.parametrize("mode", ERAS)
async def test_a_repeated_request_id_changes_nothing_twice(folder: Path, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        meta = named("alice", requestId="r-1")
        arguments = {"path": "log.md", "content": "line\n", "append": True}
        first = (await client.call_tool("write_file", arguments, meta=meta)).structured_content
        again = (await client.call_tool("write_file", arguments, meta=meta)).structured_content
        text = text_of(await client.call_tool("read_file", {"path": "log.md"}), 1)
    assert again == {**(first or {}), "replayed": True}
    assert text == "line\n"


@pytest.mark.parametrize("mode", ERAS)
async def test_the_instructions_name_the_workspace_and_stay_short(folder: Path, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        said = client.instructions
    assert said is not None
    assert folder.name in said
    assert "/files/PATH" in said
    assert len(said.encode()) <= INSTRUCTIONS_BYTES_MAX


@pytest.mark.parametrize("mode", ERAS)
async def test_a_refusal_is_the_same_when_progress_was_asked_for(folder: Path, mode: str) -> None:
    async def heard(progress: float, total: float | None, message: str | None) -> None:
        pass

    async with serving(folder) as server, Client(server, mode=mode) as client:
        result = await client.call_tool("wait_for", {"files": []}, progress_callback=heard)
    assert error_of(result)["argument"] == "files"
