"""The command line of the MCP Inspector as a client of others: over HTTP with a token, and over `stdio`."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.interfaces.listening import listening
from tests.node import program
from tests.processes import PROGRAM, clean_environment, serving
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL

pytestmark = pytest.mark.anyio
OWNER = Caller(agent="boss", scope=ALL)
INSPECTOR = program.FOLDER / "node_modules/@modelcontextprotocol/inspector-cli/build/index.js"


async def inspect(*arguments: str) -> dict[str, Any]:
    """Let the Inspector call one method, and return what it prints."""
    process = await asyncio.create_subprocess_exec(
        str(program.NODE),
        str(INSPECTOR),
        *arguments,
        env=clean_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, fault = await process.communicate()
    assert process.returncode == 0, fault.decode()
    found: dict[str, Any] = json.loads(said)
    return found


async def works(*server: str) -> None:
    """Look at a server's tools, write and read a file by them, and find it among the resources."""
    listed = await inspect(*server, "--method", "tools/list")
    assert {"write_file", "read_file"} <= {tool["name"] for tool in listed["tools"]}
    write = ["--tool-name", "write_file", "--tool-arg", "path=docs/new.md", "content=by the Inspector"]
    assert not (await inspect(*server, "--method", "tools/call", *write)).get("isError")
    read = await inspect(
        *server, "--method", "tools/call", "--tool-name", "read_file", "--tool-arg", "path=docs/new.md"
    )
    assert "by the Inspector" in json.dumps(read["content"])
    resources = await inspect(*server, "--method", "resources/list")
    assert [one["name"] for one in resources["resources"]] == ["docs/new.md"]


async def test_the_inspector_works_over_http_with_a_token(folder: Path) -> None:
    async with listening(folder) as served:
        made = await served.engine.tokens.create_token(OWNER, agent="ann", allow=["read,write:docs/**"])
        bearer = f"Authorization: Bearer {made['token']}"
        await works(f"{served.url}/mcp", "--transport", "http", "--header", bearer)


@pytest.mark.blocking  # the server is a process of its own, and this test waits for it
async def test_the_inspector_works_over_stdio(folder: Path) -> None:
    with serving(folder):
        await works(*PROGRAM, "stdio", str(folder), "--agent", "ann")
