"""The server as a process of its own, its start and its memory."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import figure
from tests.bench.wire import StdioAgent

STARTS = 20


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers."""

    url: str
    pid: int

    def memory_mb(self) -> float:
        """Return its resident memory in MB."""
        return _resident_mb(self.pid)

    def memories_mb(self) -> list[tuple[str, float]]:
        """Return the resident memory of the server, of its index process and of each child that reads files."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii").split()
        return [("server", self.memory_mb()), *((_name(pid), _resident_mb(int(pid))) for pid in children)]


def _name(pid: str) -> str:
    is_index = b"indexer.remote" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return "index" if is_index else "extraction"


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    kib = next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]
    return int(kib) / 1024


@asynccontextmanager
async def running_server(folder: Path, *options: str) -> AsyncIterator[Running]:
    """Serve *folder* until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.server", str(folder), *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    try:
        yield Running(url, process.pid)
    finally:
        process.terminate()
        await process.wait()


async def run() -> None:
    """Print how long `stdio` takes to answer on a running folder, and what an idle server holds."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "w"
        folder.mkdir()
        async with running_server(folder) as server:
            await asyncio.sleep(2)
            idle_mb = server.memory_mb()
            times = []
            started = time.perf_counter()
            for number in range(STARTS):
                begun = time.perf_counter()
                async with StdioAgent.of(folder, f"start-{number}"):
                    times.append(time.perf_counter() - begun)
            found = figure("stdio", times, time.perf_counter() - started)
            print("\nProcesses")
            print(
                f"  stdio on a running folder, until initialised   p50 {found.p50_ms:.0f} ms, p99 {found.p99_ms:.0f} ms"
            )
            print(f"  memory of the idle server                      {idle_mb:.0f} MB")
