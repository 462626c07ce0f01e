"""The index beside the writers: how fast facts come, how soon a save is found, what writers feel, what it holds."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.measure import percentile
from tests.bench.processes import Running, running_server
from tests.bench.wire import HttpAgent

FILES = 3_000
MANY_FILES = 100_000
PER_DIRECTORY = 1_000
WRITERS = 16
SAVES_PER_WRITER_S = 4
SAVES = 40
WRITING_S = 12.0
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
    """Print what server and children hold once 100,000 files are indexed."""
    print(f"\nMemory with {MANY_FILES:,} files indexed")
    with tempfile.TemporaryDirectory() as directory:
        await _bulk(Path(directory), MANY_FILES)


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
        memories = server.memories_mb()
        held = "   ".join(f"{name} {mb:.0f} MB" for name, mb in memories)
        print(f"  {'memory of the server and its children':<44}{sum(mb for _, mb in memories):9.0f} MB   ({held})")


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
    """Time the saves of many agents, alone and beside one that brings much, without an index and with one."""
    for beside, work in (("", _nothing), (" beside an import", _much)):
        floor = 0.0
        for indexed, options in (("not indexed", ("--without-index",)), ("indexed", ())):
            with tempfile.TemporaryDirectory() as directory:
                folder = Path(directory) / "w"
                folder.mkdir()
                async with running_server(folder, *options) as server:
                    times = await _saves(server, work)
            p99 = percentile(times, 0.99)
            floor = floor or p99
            print(f"{_line(f'{WRITERS} agents{beside}, {indexed}', times)}   p99 {p99 / floor:5.2f}×")


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


def _line(name: str, times_s: list[float]) -> str:
    p50, p99 = statistics.median(times_s) * 1e3, percentile(times_s, 0.99) * 1e3
    return f"  {name:<44} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms   ({len(times_s)} saves)"
