"""From the save to facts that can be queried."""

import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.measure import percentile
from tests.bench.processes import running_server
from tests.bench.wire import HttpAgent

FACT_SAVES = 40


async def run() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "w"
        folder.mkdir()
        async with running_server(folder) as server:
            print("\nFrom the save to what follows")
            print(_line("facts can be queried", await _facts(server.url)))


def _line(name: str, times_s: list[float]) -> str:
    p50, p99 = statistics.median(times_s) * 1e3, percentile(times_s, 0.99) * 1e3
    return f"  {name:<44} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms   ({len(times_s)} saves)"


async def _facts(url: str) -> list[float]:
    """Save a file with a new fact and ask for it with the save's own seq, one after the other."""
    times = []
    async with HttpAgent(url, "asker") as agent:
        for number in range(FACT_SAVES):
            begun = time.perf_counter()
            saved = await agent.call(
                "write_file", path=f"facts/{number}.md", content=f"# Widget {number}\n\nPrice: {number + 7} EUR\n"
            )
            seq = saved["structuredContent"]["seq"]
            found = await agent.call("query_facts", query=f"Widget {number} price", min_seq=seq)
            assert found["structuredContent"]["complete"], found
            times.append(time.perf_counter() - begun)
    return times
