"""What the stand-ins do: edit each input over MCP, through the server that they were configured with."""

import asyncio
import json
import sys

from tests.bench.wire import StdioAgent


def edit(prompt: str, command: str, arguments: list[str]) -> int:
    """Read the firing on standard input, and write below each input who has edited it."""
    assert "standard input" in prompt, "the prompt must say where the firing is"
    firing = json.load(sys.stdin)
    asyncio.run(_edit(firing, StdioAgent(command, *arguments)))
    print(f"{firing['trigger']}: {firing['instructions']}")
    return 0


async def _edit(firing: dict, agent: StdioAgent) -> None:
    async with agent:
        for one in firing["inputs"]:
            await agent.call("read_file", path=one["path"], version=one["version"])
            edits = [{"old_text": "draft", "new_text": "final"}]
            await agent.call("edit_file", path=one["path"], edits=edits, expect_version=one["version"])
