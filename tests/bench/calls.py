"""Tool calls over HTTP and stdio beside a tool that does nothing, and the reference filesystem server over stdio."""

import asyncio
import contextlib
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tests.bench.engine import AGENTS, CONTENT
from tests.bench.measure import HEADER, Call, Figure, concurrent, sequential
from tests.bench.processes import running_server
from tests.bench.wire import HttpAgent, StdioAgent

COUNT = 600
PEER = "@modelcontextprotocol/server-filesystem"
NUMBERS = itertools.count()

Agent = HttpAgent | StdioAgent


def calls(agent: Agent, name: str) -> dict[str, Call]:
    """Return the measured calls of one agent."""
    path = f"bench/{name}.md"
    return {
        "no-op (floor)": lambda _: agent.call("noop", path=path),
        "read_file 4 KiB": lambda _: agent.call("read_file", path="bench/read.md"),
        "write_file 4 KiB, durable": lambda _: agent.call(
            "write_file", path=path, content=f"{CONTENT}{next(NUMBERS)}", overwrite=True
        ),
    }


async def run() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "w"
        folder.mkdir()
        async with running_server(folder) as server:
            async with HttpAgent(server.url, "setup") as agent:
                await agent.call("write_file", path="bench/read.md", content=CONTENT)
            await _over("HTTP", [HttpAgent(server.url, f"h{number}") for number in range(AGENTS)])
            await _over("stdio", [StdioAgent.of(folder, f"s{number}") for number in range(AGENTS)])
    await _peer()


async def _over(wire: str, agents: list[HttpAgent] | list[StdioAgent]) -> None:
    async with _all(agents) as opened:
        print(f"\nTool calls over {wire}, one agent\n{HEADER}")
        floor: Figure | None = None
        for name, call in calls(opened[0], f"{wire}-0").items():
            figure = await sequential(name, call, count=COUNT)
            floor = floor or figure
            print(figure.line(floor))
        print(f"\nTool calls over {wire}, {AGENTS} agents at once\n{HEADER}")
        floor = None
        each = [calls(agent, f"{wire}-{number}") for number, agent in enumerate(opened)]
        for name in each[0]:
            figure = await concurrent(name, [one[name] for one in each], each=40)
            floor = floor or figure
            print(figure.line(floor))


@contextlib.asynccontextmanager
async def _all(agents: list[HttpAgent] | list[StdioAgent]) -> AsyncIterator[list[Agent]]:
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(agent) for agent in agents]


async def _peer() -> None:
    """Measure the reference filesystem server, whose writes are neither durable nor versioned."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        print(f"\n{PEER}: not measured, because node and npm are not installed")
        return
    with tempfile.TemporaryDirectory() as directory:
        install = await asyncio.create_subprocess_exec(
            npm, "install", "--silent", "--prefix", directory, PEER, stdout=asyncio.subprocess.DEVNULL
        )
        if await install.wait() != 0:
            print(f"\n{PEER}: not measured, because npm could not install it")
            return
        data = Path(directory) / "data"
        data.mkdir()
        (data / "read.md").write_text(CONTENT)
        script = Path(directory) / "node_modules" / PEER / "dist" / "index.js"
        async with StdioAgent(node, str(script), str(data)) as agent:
            print(f"\n{PEER} over stdio, one agent\n{HEADER}")
            read = await sequential(
                "read_text_file 4 KiB", lambda _: agent.call("read_text_file", path=str(data / "read.md")), count=COUNT
            )
            write = await sequential(
                "write_file 4 KiB, not durable, no version",
                lambda number: agent.call("write_file", path=str(data / "w.md"), content=f"{CONTENT}{number}"),
                count=COUNT,
            )
            print(read.line())
            print(write.line())
