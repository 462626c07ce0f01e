"""Whether the hint of a refusal helps: the call that it writes out is made, and works."""

import ast
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.doors import DOORS, Agent, entered
from tests.processes import Serving
from workspace_server.interfaces.mcp.tools import TOOLS

HTTP = DOORS[0]
Setup = Callable[[Agent, Agent, str], Awaitable[None]]
Case = tuple[Setup, str, dict[str, Any], str]
"""What is there, the call that is refused, its arguments, and the code of the refusal."""

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]


async def nothing(alice: Agent, bob: Agent, room: str) -> None:
    """Leave the room empty."""


async def saved(alice: Agent, bob: Agent, room: str) -> None:
    await bob.done("write_file", path=f"{room}/a.md", content="one\none\n")


async def deleted(alice: Agent, bob: Agent, room: str) -> None:
    await saved(alice, bob, room)
    await bob.done("delete_file", path=f"{room}/a.md")


async def locked(alice: Agent, bob: Agent, room: str) -> None:
    await saved(alice, bob, room)
    await bob.done("lock_files", paths=[f"{room}/a.md"])


HINTS: list[Case] = [
    (nothing, "read_file", {"path": "ROOM/a.md"}, "not_found"),
    (nothing, "list_files", {"path": "ROOM"}, "not_found"),
    (saved, "list_files", {"path": "ROOM/a.md"}, "invalid_argument"),
    (saved, "read_file", {"path": "ROOM"}, "is_directory"),
    (saved, "read_file", {"path": "ROOM/a.md", "version": 9}, "not_found"),
    (deleted, "read_file", {"path": "ROOM/a.md"}, "not_found"),
    (saved, "write_file", {"path": "ROOM/a.md", "content": "x"}, "version_required"),
    (saved, "write_file", {"path": "ROOM/a.md", "content": "x", "expect_version": 7}, "conflict"),
    (saved, "delete_file", {"path": "ROOM/a.md", "expect_version": 7}, "conflict"),
    (saved, "move_file", {"path": "seed.md", "to": "ROOM/a.md"}, "version_required"),
    (saved, "restore_file", {"path": "ROOM/a.md", "version": 9}, "not_found"),
    (saved, "delete_file", {"path": "ROOM"}, "is_directory"),
    (saved, "write_file", {"path": "ROOM/A.md", "content": "x"}, "name_taken"),
    (locked, "write_file", {"path": "ROOM/a.md", "content": "x"}, "locked"),
    (saved, "write_file", {"path": "ROOM/a.md", "content": "x", "lock": "L0-none"}, "lock_lost"),
    (nothing, "unlock_files", {"lock": "L0-none"}, "lock_lost"),
    (nothing, "add_job", {"queue": "q", "instructions": "x", "inputs": ["ROOM/a.md"]}, "not_found"),
    (nothing, "finish_job", {"job": "J999999"}, "job_lost"),
    (nothing, "delete_trigger", {"name": "nobody"}, "not_found"),
]


@pytest.mark.parametrize("case", HINTS, ids=[f"{case[1]}-{case[3]}-{number}" for number, case in enumerate(HINTS)])
async def test_the_call_in_a_hint_is_one_that_works(server: Serving, room: str, case: Case) -> None:
    setup, tool, arguments, code = case
    async with entered(HTTP, server, "alice") as alice, entered(HTTP, server, "bob") as bob:
        await setup(alice, bob, room)
        filled = json.loads(json.dumps(arguments).replace("ROOM", room))
        told = await alice.refused(tool, **filled)
        assert told["code"] == code
        named = hinted(told["hint"])
        if named is not None:
            if code == "locked":  # the call waits until its holder is done
                await bob.done("unlock_files", paths=[f"{room}/a.md"])
            await alice.done(named[0], **filled_in(named[1]))  # a wait, too, is answered: by what is missing


def hinted(hint: str) -> tuple[str, dict[str, Any]] | None:
    """Return the first call that a hint writes out, if it does."""
    found = re.search(r"\b([a-z]+_[a-z]+)\((.*?)\)", hint)
    if found is None:
        assert any(tool.name in hint for tool in TOOLS) or re.search(r"\bUse '", hint), hint
        return None
    text = found[0].replace("…", "'…'").replace("''…''", "'…'").replace(", '…')", ", content='x')")
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    return found[1], {keyword.arg or "": ast.literal_eval(keyword.value) for keyword in call.keywords}


def filled_in(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return a call with something in place of its dots."""
    filled = {name: "seed" if value == "…" else value for name, value in arguments.items()}
    return filled | {"timeout_seconds": 0} if "files" in filled else filled
