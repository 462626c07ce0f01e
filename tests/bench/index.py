"""The index beside the writers: how fast facts come, how soon a save is found, what writers feel, what it holds."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from itertools import chain
from pathlib import Path

from tests.bench.measure import percentile
from tests.bench.processes import Running, running_server
from tests.bench.wire import HttpAgent
from workspace_server.storage.database import connect

FILES = 3_000
MANY_FILES = 100_000
MANY_S_MAX = 130.0
"""How long that may take, beside making the files; then what was reached is told."""
PER_DIRECTORY = 1_000
WRITERS = 16
SAVES_PER_WRITER_S = 4
SAVES = 40
WRITING_S = 10.0
ROUNDS = 3
LARGE_BYTES = 5_000_000
TABLE_ROWS = 560_000
TABLE_LEAD_S = 4.0
BESIDE_TABLE = 15
WAIT_S = 3_600


def text(number: int) -> str:
    """Return a small Markdown file with a handful of facts, different from all others."""
    return (
        f"---\nowner: team-{number % 97}\n---\n# Service {number}\n\n- Port: {number % 60_000}\n"
        f"- Timeout: {number % 90} s\n\nThe budget of service {number} is {number * 7} EUR a year.\n\n"
        f"## Risks\n\n- The supplier of part {number % 1_009} may be late.\n"
    )


def fill(folder: Path, count: int) -> None:
    """Write *count* small Markdown files."""
    for number in range(count):
        path = folder / f"d{number // PER_DIRECTORY}" / f"{number}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text(number))


async def run() -> None:
    """Print the figures."""
    print("\nThe index, beside a server that works")
    with tempfile.TemporaryDirectory() as directory:
        await _bulk(Path(directory), FILES)
    with tempfile.TemporaryDirectory() as directory:
        await _soon(Path(directory))
    with tempfile.TemporaryDirectory() as directory:
        await _beside_a_table(Path(directory))
    await _felt()


async def memory() -> None:
    """Print what server and children hold at most while 100,000 files are indexed, or as many as there is time for."""
    print(f"\nMemory while {MANY_FILES:,} files are indexed")
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "w"
        folder.mkdir()
        await asyncio.to_thread(fill, folder, MANY_FILES)
        async with running_server(folder) as server, HttpAgent(server.url, "asker") as agent:
            begun = time.perf_counter()
            held_mb: list[tuple[str, float]] = []
            is_through = False
            while not is_through and time.perf_counter() - begun < MANY_S_MAX:
                await asyncio.sleep(1)  # each look is a question to all of it
                held_mb = max(held_mb, server.memories_mb(), key=lambda held: sum(mb for _, mb in held))
                is_through = (await agent.call("search", query="service port"))["structuredContent"]["complete"]
            took_s = time.perf_counter() - begun
            read = await asyncio.to_thread(_read, folder)
        said = "and could be searched" if is_through else "when the time was over"
        print(f"  {read:,} had their facts, {said}, after {took_s:.0f} s")
        print(_held("the most that all processes held meanwhile", held_mb))


def _read(folder: Path) -> int:
    """Return how many files of a workspace have their facts."""
    with closing(connect(folder / ".workspace" / "workspace.db", read_only=True)) as connection:
        return len(connection.execute("SELECT path FROM index_states").fetchall())


async def _bulk(directory: Path, count: int) -> None:
    """Serve a folder of many files, and time until all of it is answered from."""
    folder = directory / "w"
    folder.mkdir()
    await asyncio.to_thread(fill, folder, count)
    async with running_server(folder) as server, HttpAgent(server.url, "asker") as agent:
        begun = time.perf_counter()
        await _whole(agent, "query_facts")
        facts_s = time.perf_counter() - begun
        await _whole(agent, "search")
        passages_s = time.perf_counter() - begun
        print(f"  {f'facts of {count:,} small Markdown files':<44}{count / facts_s:9.0f} files/s")
        print(f"  {'and all of them can be searched':<44}{count / passages_s:9.0f} files/s")
        print(_held("memory of the server and its children", server.memories_mb()))


async def _whole(agent: HttpAgent, tool: str) -> None:
    """Return once *tool* answers from all that was ever saved."""
    async with asyncio.timeout(WAIT_S):
        complete = False
        while not complete:
            await asyncio.sleep(0.05)
            complete = (await agent.call(tool, query="service port"))["structuredContent"]["complete"]


async def _soon(directory: Path) -> None:
    """Time from a save to its facts and to its being found, while many agents write, and while much is taken in."""
    folder = directory / "w"
    folder.mkdir()
    async with running_server(folder) as server, HttpAgent(server.url, "asker") as agent:
        async with _writers(server):
            for name, tool in (("facts", "query_facts"), ("passages", "search")):
                times = [await _until_found(agent, number, tool) for number in range(SAVES)]
                print(_line(f"save → {name}, {WRITERS} agents writing", times))
        changes = [{"op": "write", "path": f"bulk/{number}.md", "content": text(number)} for number in range(FILES)]
        await agent.call("commit_files", changes=changes)
        begun = time.perf_counter()
        times = [await _until_indexed(agent, number) for number in range(10)]
        print(_line(f"save → facts, {FILES:,} files taken in before", times))
        await _whole(agent, "query_facts")
        print(f"  {'until those had theirs':<44}{time.perf_counter() - begun:9.1f} s")


async def _until_found(agent: HttpAgent, number: int, tool: str) -> float:
    begun = time.perf_counter()
    saved = await agent.call("write_file", path=f"{tool}/{number}.md", content=text(1_000_000 + number))
    answer = await agent.call(tool, query=f"service {1_000_000 + number}", min_seq=saved["structuredContent"]["seq"])
    assert answer["structuredContent"]["complete"], answer
    return time.perf_counter() - begun


async def _until_indexed(agent: HttpAgent, number: int) -> float:
    begun = time.perf_counter()
    await agent.call("write_file", path=f"fresh/{number}.md", content=text(2_000_000 + number))
    answer = await agent.call("wait_for", files=[f"fresh/{number}.md"], indexed=True)
    assert answer["structuredContent"]["status"] == "ready", answer
    return time.perf_counter() - begun


async def _beside_a_table(directory: Path) -> None:
    """Time from a save to its being found, while the index takes in a table in which all is different."""
    folder = directory / "w"
    folder.mkdir()
    async with running_server(folder) as server, HttpAgent(server.url, "asker") as agent:
        (folder / "data.csv").write_text("".join(f"{row},{row % 97},n{row}\n" for row in range(TABLE_ROWS)))
        await asyncio.sleep(TABLE_LEAD_S)
        times, held_mb = [], 0.0
        for number in range(BESIDE_TABLE):
            times.append(await _until_hit(agent, f"beside{number}"))
            held_mb = max(held_mb, sum(mb for _, mb in server.memories_mb()))
        print(_line("save → found, beside a table of 9.8 MB", times))
        await _whole(agent, "search")
        held_mb = max(held_mb, sum(mb for _, mb in server.memories_mb()))
        print(f"  {'the most that all processes held meanwhile':<44}{held_mb:9.0f} MB")


async def _until_hit(agent: HttpAgent, word: str) -> float:
    begun = time.perf_counter()
    await agent.call("write_file", path=f"{word}.md", content=f"{word} is here\n")
    async with asyncio.timeout(WAIT_S):
        while not (await agent.call("search", query=word))["structuredContent"]["hits"]:  # noqa: ASYNC110 (no event of others)
            await asyncio.sleep(0.02)
    return time.perf_counter() - begun


@asynccontextmanager
async def _writers(server: Running, times: list[float] | None = None) -> AsyncIterator[None]:
    """Let agents save at a steady rate until the block ends."""
    kept = times if times is not None else []

    async def write(number: int) -> None:
        async with HttpAgent(server.url, f"writer-{number}") as agent:
            await asyncio.sleep(number / WRITERS / SAVES_PER_WRITER_S)
            save = 0
            while True:
                begun = time.perf_counter()
                content = text(number * 100_000 + save)
                await agent.call("write_file", path=f"w{number}/{save % 50}.md", content=content, overwrite=True)
                took = time.perf_counter() - begun
                kept.append(took)
                save += 1
                await asyncio.sleep(max(0.0, 1 / SAVES_PER_WRITER_S - took))

    tasks = [asyncio.create_task(write(number)) for number in range(WRITERS)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _felt() -> None:
    """Time the saves of many agents, alone and beside one that brings much, without an index and with one.

    In turn, for whatever else the machine does slows both; each round has its own ratio.
    """
    for beside, work in (("", _nothing), (" beside an import", _much)):
        rounds = [[await _served(work, *options) for options in (("--without-index",), ())] for _ in range(ROUNDS)]
        ratios = [percentile(indexed, 0.99) / percentile(floor, 0.99) for floor, indexed in rounds]
        for name, times in zip(("not indexed", "indexed"), zip(*rounds, strict=True), strict=True):
            print(_line(f"{WRITERS} agents{beside}, {name}", list(chain.from_iterable(times))))
        each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"  {'p99 with the index, of that without':<44}{statistics.median(ratios):9.2f}×   ({each})")


async def _served(work: Callable[[Running], Awaitable[None]], *options: str) -> list[float]:
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "w"
        folder.mkdir()
        async with running_server(folder, *options) as server:
            return await _saves(server, work)


async def _saves(server: Running, work: Callable[[Running], Awaitable[None]]) -> list[float]:
    times: list[float] = []
    async with _writers(server, times):
        await asyncio.sleep(1)
        times.clear()
        working = asyncio.ensure_future(work(server))
        await asyncio.sleep(WRITING_S)
        kept = [*times]
        await working
    return kept


async def _nothing(_: Running) -> None:
    return


async def _much(server: Running) -> None:
    """Give the index thousands of small files and a few large ones, in commits that are over soon."""
    async with HttpAgent(server.url, "bulk") as agent:
        for part in range(3):
            paragraph = f"Paragraph {part} of a long report about harbours and supply. " * 20 + "\n\n"
            content = paragraph * (LARGE_BYTES // len(paragraph))
            await agent.call("write_file", path=f"large/{part}.md", content=content)
            for start in range(0, 1_000, 100):
                changes = [
                    {"op": "write", "path": f"bulk{part}/{number}.md", "content": text(part * 1_000 + number)}
                    for number in range(start, start + 100)
                ]
                await agent.call("commit_files", changes=changes)
                await asyncio.sleep(0.2)


def _held(name: str, held_mb: list[tuple[str, float]]) -> str:
    each = "   ".join(f"{process} {mb:.0f} MB" for process, mb in held_mb)
    return f"  {name:<44}{sum(mb for _, mb in held_mb):9.0f} MB   ({each})"


def _line(name: str, times_s: list[float]) -> str:
    p50, p99 = statistics.median(times_s) * 1e3, percentile(times_s, 0.99) * 1e3
    return f"  {name:<44} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms   ({len(times_s)} saves)"
