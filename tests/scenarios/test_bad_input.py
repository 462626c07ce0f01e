"""What agents get wrong, sent to a real server over MCP: every refusal is one of the contract and says what helps."""

import json
import re
from collections.abc import Iterator
from queue import Queue
from typing import Any

import httpx2
import pytest
from mcp import MCPError
from mcp_types import CLIENT_CAPABILITIES_META_KEY, INVALID_PARAMS, PROTOCOL_VERSION_META_KEY

from tests.agents import Agent as Lines
from tests.doors import DOORS, entered
from tests.processes import Serving
from workspace_server.cli.stdio import LINE_BYTES_MAX
from workspace_server.interfaces.mcp.tools import TOOLS

MIB = 1024 * 1024
HTTP, STDIO = DOORS[0], DOORS[3]
NEEDED: dict[str, dict[str, Any]] = {
    "list_files": {},
    "read_file": {"path": "seed.md"},
    "file_history": {"path": "seed.md"},
    "write_file": {"path": "new.md", "content": "new\n"},
    "edit_file": {"path": "seed.md", "edits": [{"old_text": "seed", "new_text": "seed"}]},
    "move_file": {"path": "never.md", "to": "nowhere.md"},
    "delete_file": {"path": "never.md"},
    "commit_files": {"changes": [{"op": "write", "path": "new.md", "content": "new\n"}]},
    "restore_file": {"path": "seed.md"},
    "lock_files": {"paths": ["locked.md"]},
    "unlock_files": {"paths": ["locked.md"]},
    "list_locks": {},
    "search": {"query": "seed"},
    "query_facts": {"query": "seed"},
    "describe_file": {"path": "seed.md"},
    "wait_for": {"files": ["seed.md"], "timeout_seconds": 0},
    "list_events": {},
    "create_trigger": {"name": "trigger", "files": ["draft.md"], "queue": "editor"},
    "list_triggers": {},
    "delete_trigger": {"name": "never"},
    "add_job": {"queue": "editor", "instructions": "Shorten", "key": "one"},
    "claim_job": {"queue": "empty"},
    "finish_job": {"job": "J1"},
}
"""A call of every tool, without what may be left out."""
WAITS = {"timeout_seconds", "wait_seconds", "min_seq"}
"""Where a large number is no fault and makes a call wait."""

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]


def properties() -> Iterator[tuple[str, str, dict[str, Any], bool]]:
    """Yield every argument of every tool: its tool, name, schema, and whether it is needed."""
    for tool in TOOLS:
        for name, schema in tool.schema["properties"].items():
            yield tool.name, name, schema, name in tool.schema.get("required", [])


def wrong_kinds(schema: dict[str, Any]) -> list[Any]:
    """Return values of every kind that *schema* does not take."""
    kinds = {choice["type"] for choice in schema.get("anyOf", [schema])}
    offered: list[tuple[set[str], Any]] = [
        ({"string"}, "text"),
        ({"integer", "number"}, 7),
        ({"number"}, 1.5),
        ({"boolean"}, True),
        ({"array"}, [[[]]]),
        ({"object"}, {"a": {"b": 1}}),
    ]
    return [value for takers, value in offered if not takers & kinds] + ([[7]] if "array" in kinds else [])


def test_no_tool_is_left_out() -> None:
    assert set(NEEDED) == {tool.name for tool in TOOLS}


@pytest.mark.parametrize("door", DOORS)
async def test_every_argument_of_another_kind_is_named(server: Serving, door: str) -> None:
    async with entered(door, server, "clumsy") as agent:
        for tool, name, schema, needed in properties():
            for value in wrong_kinds(schema):
                told = await agent.refused(tool, **NEEDED[tool] | {name: value})
                assert told["code"] == "invalid_argument"
                assert str(told["argument"]).partition(".")[0] == name, told
            if needed:
                less = {key: value for key, value in NEEDED[tool].items() if key != name}
                told = await agent.refused(tool, **less)
                assert (told["code"], told["argument"], told["reason"]) == ("invalid_argument", name, "is missing")


@pytest.mark.parametrize("door", DOORS)
async def test_every_argument_that_does_not_exist_is_named(server: Serving, door: str) -> None:
    async with entered(door, server, "clumsy") as agent:
        for tool, needed in NEEDED.items():
            for name in ("file_path", "", "x" * 100_000, "__class__", "ünknown"):
                told = await agent.refused(tool, **needed | {name: "x"})
                assert (told["code"], told["reason"]) == ("invalid_argument", "there is no such argument")
                assert name.startswith(told["argument"])
                assert f"{tool} takes" in told["hint"]


async def test_null_means_left_out_everywhere(server: Serving) -> None:
    async with entered(HTTP, server, "careful") as agent:
        for tool, needed in NEEDED.items():
            optional = {name: None for owner, name, _, must in properties() if owner == tool and not must}
            plain, nulls = await agent.call(tool, **needed), await agent.call(tool, **optional | needed)
            assert plain.get("code") == nulls.get("code"), (tool, plain, nulls)


EXTREMES: list[Any] = [
    *(-1, 0, 2**31, 2**53, 2**53 + 1, 2**63, 2**70, 1e308),
    *("", "\0", "x" * MIB, "ü" * 600, "[", "***", "..", "\u202e", "2026-13-45", "L1-", "{a}{b}"),
    *([], [""], ["x"] * 20_000, ["["], [0, 0], [9, 9], [{"path": "../x"}], [{"path": "a", "version": 2**53}]),
    *({}, {"": ""}, {"settle": {"quiet_ms": -1}}, {"refire": 1}, {"hold_max_seconds": 1e99}, {"x" * MIB: 1}),
]


async def test_extreme_values_are_taken_or_refused_by_the_contract(server: Serving) -> None:
    async with entered(HTTP, server, "extreme") as agent:
        for tool, name, schema, _ in properties():
            wrong = [type(value) for value in wrong_kinds(schema)]
            for value in EXTREMES:
                if type(value) in wrong or (name in WAITS and isinstance(value, int | float) and value > 0):
                    continue
                told = await agent.call(tool, **NEEDED[tool] | {name: value})  # checks what it is told
                if isinstance(value, int) and not 0 <= value <= 2**53:
                    assert (told["code"], told["argument"]) == ("invalid_argument", name)
        assert (await agent.read("seed.md"))[1] == "seed\n"


@pytest.mark.parametrize("door", DOORS)
async def test_an_unknown_tool_is_answered_with_those_that_are(server: Serving, door: str) -> None:
    async with entered(door, server, "clumsy") as agent:
        for name in ("read_fiel", "", "x" * 10_000, "read_file ", "../read_file", "READ_FILE"):
            told = await agent.refused(name, path="seed.md")
            assert (told["code"], told["argument"]) == ("invalid_argument", "name")
            assert "read_file" in told["hint"]


@pytest.mark.parametrize("arguments", [["seed.md"], "seed.md", 7, True])
async def test_arguments_that_are_no_object_are_told_to_the_model(server: Serving, arguments: Any) -> None:
    params = {"name": "read_file", "arguments": arguments}
    meta = {PROTOCOL_VERSION_META_KEY: "2026-07-28", CLIENT_CAPABILITIES_META_KEY: {}}
    headers = {"MCP-Protocol-Version": "2026-07-28", "MCP-Method": "tools/call", "MCP-Name": "read_file"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params | {"_meta": meta}}
    async with httpx2.AsyncClient() as client:
        accepting = {"Accept": "application/json, text/event-stream", **headers}
        over_http = (await client.post(f"{server.url}/mcp", json=body, headers=accepting)).json()["result"]
    with Lines(server.folder) as lines:
        over_stdio = lines.answer(lines.ask("tools/call", params))["result"]
    for result in (over_http, over_stdio):
        told = json.loads(result["content"][0]["text"])
        assert result["isError"]
        assert (told["code"], told["argument"]) == ("invalid_argument", "arguments")
        assert told["hint"]


@pytest.mark.parametrize("line", [b"[" * 100_000, b"\xff\xfe", b"null", b"7", b'"x"', b"{}", b'{"jsonrpc":"2.0"}'])
async def test_lines_that_are_no_messages_leave_the_connection_alone(server: Serving, line: bytes) -> None:
    with Lines(server.folder) as lines:
        assert lines.process.stdin is not None
        lines._answers[None] = Queue()  # type: ignore[index]  # where such lines are answered
        lines.process.stdin.write(line + b"\n")
        lines.process.stdin.flush()
        assert lines.call("list_files", path="")["seq"] >= 0


@pytest.mark.parametrize("door", DOORS)
async def test_no_handle_but_a_live_one_of_ones_own_opens_a_lock(server: Serving, door: str, room: str) -> None:
    path = f"{room}/a.md"
    async with entered(door, server, "alice") as alice, entered(HTTP, server, "bob") as bob:
        await alice.done("write_file", path=path, content="seed")
        foreign = (await bob.done("lock_files", paths=[f"{room}/b.md"]))["lock"]
        released = (await alice.done("lock_files", paths=[path]))["lock"]
        await alice.done("unlock_files", lock=released)
        for handle in (foreign, released, "L1-aaaa", "", "\0"):
            for tool in ("write_file", "edit_file", "delete_file", "unlock_files", "lock_files"):
                if handle == "" and "lock_" in tool:
                    continue  # as if it were left out
                needed = {"paths": None} if "lock_" in tool else NEEDED[tool] | {"path": path}
                told = await alice.refused(tool, **needed | {"lock": handle})
                assert told["code"] == "lock_lost", (tool, told)
                assert told["reason"] == "unknown"
                assert "bob" not in json.dumps(told)
        await bob.done("unlock_files", lock=foreign)


async def test_an_expired_handle_writes_nothing_and_says_what_changed(server: Serving, room: str) -> None:
    path = f"{room}/a.md"
    async with entered(HTTP, server, "alice") as alice, entered(STDIO, server, "bob") as bob:
        await alice.done("write_file", path=path, content="one\n")
        lock = (await alice.done("lock_files", paths=[path], ttl_seconds=5))["lock"]
        assert (await bob.done("wait_for", files=[path], timeout_seconds=50))["status"] == "ready"
        await bob.done("write_file", path=path, content="two\n", expect_version=1)
        told = await alice.refused("write_file", path=path, content="mine\n", lock=lock)
        assert (told["code"], told["reason"], told["changed_since_lock"]) == ("lock_lost", "expired", True)
        assert "+two" in told["diff"]
        assert (await alice.read(path))[1] == "two\n"


@pytest.mark.parametrize("door", ["http 2026-07-28", "stdio legacy"])
async def test_two_clients_of_one_name_do_not_share_a_lock(server: Serving, door: str, room: str) -> None:
    path = f"{room}/plan.md"
    async with entered(door, server, "twin") as first, entered(HTTP, server, "twin") as second:
        lock = (await first.done("lock_files", paths=[path], purpose="planning"))["lock"]
        told = await second.refused("write_file", path=path, content="second")
        assert (told["code"], told["agent"], told["yours"]) == ("locked", "twin", True)
        [mine] = (await second.done("list_locks", path=path, mine=True))["locks"]
        assert mine["lock"] == lock
        await first.done("write_file", path=path, content="first", lock=lock)


@pytest.mark.parametrize("door", DOORS)
async def test_a_repeated_request_id_changes_nothing_twice(server: Serving, door: str, room: str) -> None:
    path = f"{room}/log.md"
    meta: Any = {"workspace/requestId": room}
    async with entered(door, server, "alice") as agent:
        answers = [
            (await agent.client.call_tool("write_file", line, meta=meta)).structured_content
            for line in [{"path": path, "content": "line\n", "append": True}] * 3
        ]
        assert [answer and answer.get("replayed") for answer in answers] == [None, True, True]
        assert {answer["version"] for answer in answers if answer} == {1}
        assert (await agent.read(path))[1] == "line\n"


@pytest.mark.parametrize("door", DOORS)
async def test_content_too_large_for_a_call_goes_where_the_hint_says(server: Serving, door: str, room: str) -> None:
    path = f"{room}/large.bin"
    async with entered(door, server, "alice") as agent, httpx2.AsyncClient(timeout=60) as client:
        told = await agent.refused("write_file", path=path, content="x" * (9 * MIB))
        assert (told["code"], told["limit"], told["actual"]) == ("too_large", 8 * MIB, 9 * MIB)
        address = re.search(r"PUT (\S+)", told["hint"])
        assert address is not None
        answer = await client.put(address[1], content=b"x" * (50 * MIB), headers={"X-Agent": "alice"})
        assert (answer.status_code, answer.json()["size_bytes"]) == (201, 50 * MIB)
        header = await agent.done("read_file", path=path)
        assert (header["size_bytes"], header["modified_by"]) == (50 * MIB, "alice")
        assert "more" not in header or header["more"]


@pytest.mark.parametrize("door", DOORS)
async def test_a_message_of_50_mb_is_refused_and_the_connection_stays(server: Serving, door: str, room: str) -> None:
    arguments = {"path": f"{room}/large.txt", "content": "x" * (50 * MIB)}
    async with entered(door, server, "alice") as agent:
        if door.startswith("stdio"):
            told = await agent.refused("write_file", **arguments)
        else:
            with pytest.raises(MCPError) as refused:
                await agent.client.call_tool("write_file", arguments)
            assert refused.value.error.code == INVALID_PARAMS
            told = refused.value.error.data
            assert told["hint"] in refused.value.error.message
        assert (told["code"], told["retryable"]) == ("too_large", False)
        assert f"PUT {server.url}/api/v1/files/" in told["hint"]
        assert (await agent.done("list_files", path=""))["seq"] >= 0


@pytest.mark.parametrize("beyond", [-200, -40, -1, 0, 1])
async def test_a_line_of_about_the_limit_is_answered(server: Serving, beyond: int) -> None:
    with Lines(server.folder) as lines:
        frame = {"name": "write_file", "arguments": {"path": "a.txt", "content": ""}}
        message = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": frame}
        content = "x" * (LINE_BYTES_MAX + beyond - len(json.dumps(message)) - 1)
        assert lines.call("write_file", path="a.txt", content=content)["code"] == "too_large"
        assert lines.call("list_files", path="")["seq"] >= 0
