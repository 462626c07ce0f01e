"""What a victim feels beside clients that do harm: an agent that writes and reads small files, quiet and attacked."""

import asyncio
import contextlib
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.attackers import KINDS, LARGE
from tests.bench.measure import percentile
from tests.bench.processes import running_server
from tests.bench.wire import HttpAgent
from tests.processes import run as run_program

OPEN_FILES = 32_768
ROUNDS = 5
"""Quiet and attacked in turn; of the ratios the middle one counts."""
QUIET_S = 2.0
ATTACKED_S = 4.0
REST_S = 0.005
LARGE_BYTES = 8 * 1024 * 1024
FILES = 300
"""Files that questions and expressions go over."""
HEADER = (
    f"  {'':<46}{'p50 ms':>9}{'p99 ms':>9}{'quiet':>9}{'quiet':>9}   ratios: p50, p99 (of all rounds)  server   cut off"
)


async def run() -> None:
    """Print the figures."""
    _allow_open_files()
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "w"
        folder.mkdir()
        (folder / LARGE).write_bytes(bytes(LARGE_BYTES))
        for number in range(FILES):
            (folder / f"hall-{number}.md").write_text(f"# Hall {number}\n\nTide: {number} cm\n\n" + "aab tide " * 500)
        async with running_server(folder) as server:
            victim, attacker = _token(folder, "--agent", "victim"), _token(folder, "--crew", "attackers")
            await asyncio.sleep(5)  # until the files are indexed
            print("\nA victim that writes and reads small files over HTTP, beside clients that do harm")
            print(HEADER)
            for kind, (name, _, _) in KINDS.items():
                rounds = []
                for _ in range(ROUNDS):
                    quiet = await _felt(server.url, victim, QUIET_S)
                    async with _attacked(kind, server.url, attacker) as ended:
                        rounds.append((quiet, await _felt(server.url, victim, ATTACKED_S)))
                        memory_mb = server.memory_mb()
                        cut = await ended()
                print(f"{_line(name, rounds)}  {memory_mb:5.0f} MB  {cut:>8}", flush=True)
            print(f"  {'memory in the end':<46}{server.memory_mb():9.0f} MB")


def _allow_open_files() -> None:
    """Raise how many files may be open here, and so in the server and the attackers."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _token(folder: Path, *whose: str) -> str:
    made = run_program("token", "create", *whose, "--dir", folder)
    assert made.returncode == 0, made.stderr
    return next(word for word in made.stdout.split() if word.startswith("wst_"))


async def _felt(url: str, token: str, seconds: float) -> list[float]:
    """Return how long each call took, in seconds: a write and a read in turn; who is cut off comes again."""
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        with contextlib.suppress(OSError, EOFError):
            async with HttpAgent(url, "victim", token=token) as agent:
                while time.perf_counter() < until:
                    for tool, arguments in (
                        ("write_file", {"path": "mine.md", "content": f"{len(times)}\n" * 100, "overwrite": True}),
                        ("read_file", {"path": "mine.md"}),
                    ):
                        begun = time.perf_counter()
                        await agent.call(tool, **arguments)
                        times.append(time.perf_counter() - begun)
                    await asyncio.sleep(REST_S)
    return times


@asynccontextmanager
async def _attacked(kind: str, url: str, token: str) -> AsyncIterator["Ending"]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.attackers",
        kind,
        url,
        token,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield Ending(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await asyncio.sleep(1)  # until the server has taken leave of them


class Ending:
    """Ends an attack."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def __call__(self) -> str:
        """Return how many connections were cut off meanwhile, and came again."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        return (await self._process.stdout.readline()).decode().strip()


def _line(name: str, rounds: Sequence[tuple[list[float], list[float]]]) -> str:
    found = [(*_figures(attacked), *_figures(quiet)) for quiet, attacked in rounds]
    after50, after99, before50, before99 = (statistics.median(values) for values in zip(*found, strict=True))
    of_p50 = statistics.median(one[0] / one[2] for one in found)
    of_p99 = sorted(one[1] / one[3] for one in found)
    spread = f"({of_p99[0]:.1f} to {of_p99[-1]:.1f})"
    ratios = f"{of_p50:4.1f}×  {statistics.median(of_p99):4.1f}× {spread:<14}"
    return f"  {name:<46}{after50:9.2f}{after99:9.2f}{before50:9.2f}{before99:9.2f}  {ratios}"


def _figures(times: list[float]) -> tuple[float, float]:
    """Return p50 and p99 in milliseconds."""
    return statistics.median(times) * 1e3, percentile(times, 0.99) * 1e3
