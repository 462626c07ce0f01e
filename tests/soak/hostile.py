"""Every harmful file and question of `tests/indexer/harm.py`, and huge ones, while agents go on saving and asking."""

import asyncio
import contextlib
import http.client
import json
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.doors import DOORS, Agent, entered
from tests.indexer import harm
from tests.processes import Serving, serving
from tests.scenarios.test_hostile_files import PATTERNS, QUERIES
from tests.soak.parts import Budget, Report

HTTP = DOORS[0]
MIB = 1024 * 1024
QUIET_S_MIN = 5.0
BETWEEN_S = 0.02
"""Seconds that the one who saves all the time rests after each save."""
DECIDED_S_MAX = 240.0
"""Seconds after which a file that has no state yet is given up."""
QUERY_S_MAX = 1.0
TRIES = 3
"""A question counts as bounded when the quickest of so many answers came in time: others use the processors, too."""
UPLOAD_S_MAX = 300.0
ROWS = 10_000_000
ROWS_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Huge:
    """A file that is only made while it is sent: its parts, how many bytes they are, and what is said of it."""

    clause: str
    path: str
    size_bytes: int
    parts: Callable[[], Iterator[bytes]]
    reason: str


def _text() -> Iterator[bytes]:
    line = b"The tide came in over the sill, and nobody had closed the gate of hall 2. "
    part = (line * (MIB // len(line) + 1))[: MIB - 1] + b"\n"
    return (part for _ in range(1_000))


def _rows() -> Iterator[bytes]:
    yield b"number,left,kind,weight_kg\n"
    for first in range(0, ROWS, ROWS_AT_ONCE):
        rows = range(first, first + ROWS_AT_ONCE)
        yield "".join(f"{row:08},{row % 1_440:04},{'abcdef'[row % 6]},{row * 7 % 99_991:05}\n" for row in rows).encode()


HUGE = (
    Huge("1 GB text", "huge.txt", 1_000 * MIB, _text, "only the first"),
    Huge("10 million rows", "rows.csv", 27 + ROWS * 22, _rows, "only the first"),
)


@dataclass(slots=True)
class Felt:
    """What the one who saves all the time has felt: seconds of each save."""

    saves_s: list[float] = field(default_factory=list)

    @property
    def p99_ms(self) -> int:
        """The time that one in a hundred saves exceeds."""
        return round(1_000 * statistics.quantiles(self.saves_s, n=100)[98]) if len(self.saves_s) > 1 else 0


def run(base: Path, budget: Budget) -> Report:
    """Throw everything once, however long it takes; a larger budget measures the quiet before for longer."""
    folder = base / "workspace"
    folder.mkdir()
    report = Report()
    with serving(folder) as server:
        asyncio.run(_throw(server, report, quiet_s=max(QUIET_S_MIN, budget.seconds / 20)))
    return report


async def _throw(server: Serving, report: Report, *, quiet_s: float) -> None:
    async with entered(HTTP, server, "thrower") as agent:
        async with _saving(server) as before:
            await asyncio.sleep(quiet_s)
        async with _saving(server) as meanwhile:
            for one in harm.ALL:
                await asyncio.to_thread(_put, server, one.path, [data := one.make()], len(data))
                await _others_go_on(agent, report)
                state, reason = await _decided(agent, one.path)
                report.add(state)
                if state not in one.states or one.reason not in reason:
                    report.wrong.append(f"{one.clause}: {one.path} is {state}: {reason}")
            for huge in HUGE:
                await asyncio.to_thread(_put, server, huge.path, huge.parts(), huge.size_bytes)
                await _others_go_on(agent, report)
                state, reason = await _decided(agent, huge.path)
                report.add(state)
                if state != "limited" or huge.reason not in reason:
                    report.wrong.append(f"{huge.clause}: {huge.path} is {state}: {reason}")
            await _ask(agent, report)
    report.counts["saves"] = len(meanwhile.saves_s)
    report.counts["p99 of saves before"] = f"{before.p99_ms} ms"
    report.counts["p99 of saves meanwhile"] = f"{meanwhile.p99_ms} ms"


@contextlib.asynccontextmanager
async def _saving(server: Serving) -> AsyncIterator[Felt]:
    """Let an agent save a small file all the time while the block lasts."""
    felt = Felt()

    async def save() -> None:
        async with entered(HTTP, server, "saver") as agent:
            while True:
                began = time.monotonic()
                await agent.done("write_file", path="saved.md", content=f"Saved: {began}\n", overwrite=True)
                felt.saves_s.append(time.monotonic() - began)
                await asyncio.sleep(BETWEEN_S)

    saver = asyncio.create_task(save())
    try:
        yield felt
    finally:
        saver.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await saver


def _put(server: Serving, path: str, parts: Iterator[bytes] | list[bytes], size_bytes: int) -> None:
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=UPLOAD_S_MAX)
    try:
        target = f"/api/v1/files/{path}?overwrite=true"
        connection.request("PUT", target, iter(parts), {"Content-Length": str(size_bytes)})
        answer = connection.getresponse()
        assert answer.status in {200, 201}, (path, answer.status, answer.read()[:500])
    finally:
        connection.close()


async def _others_go_on(agent: Agent, report: Report) -> None:
    """Save a good file and wait until its facts are told, which must not wait for the harmful one."""
    number = int(report.counts.get("good files told", 0)) + 1
    await agent.done("write_file", path=f"good/{number}.md", content=f"# Ferry {number}\n\nCaptain: Ada {number}\n")
    waited = await agent.done("wait_for", files=[f"good/{number}.md"], indexed=True, timeout_seconds=50)
    if waited["status"] != "ready":
        report.wrong.append(f"good/{number}.md was not indexed beside a harmful file")
    report.add("good files told")


async def _decided(agent: Agent, path: str) -> tuple[str, str]:
    """Return the state in which a file ends, and its reason."""
    until = time.monotonic() + DECIDED_S_MAX
    while True:
        told = await agent.done("describe_file", path=path)
        if told["index_state"] != "pending" or time.monotonic() > until:
            return told["index_state"], told.get("index_reason", "")
        await asyncio.sleep(0.1)


async def _ask(agent: Agent, report: Report) -> None:
    """Ask every harmful question; each is refused or answered in time.

    Over all that was saved, but for those that read the files themselves: to read gigabytes takes what it takes.
    """
    asked = [(tool, {"query": query}) for query in QUERIES.values() for tool in ("search", "query_facts")]
    asked += [("search", {"query": query, "mode": "exact", "path": "good/"}) for query in QUERIES.values()]
    asked += [("search", {"query": query, "mode": "regex", "path": "good/"}) for query in PATTERNS.values()]
    slowest_s = 0.0
    for tool, arguments in asked:
        quickest_s = min([await _seconds(agent, tool, arguments) for _ in range(TRIES)])
        slowest_s = max(slowest_s, quickest_s)
        report.add("questions")
        if quickest_s > QUERY_S_MAX:
            report.wrong.append(f"{tool} took {quickest_s:.1f} s: {json.dumps(arguments)[:100]}")
    report.counts["slowest question"] = f"{round(1_000 * slowest_s)} ms"


async def _seconds(agent: Agent, tool: str, arguments: dict[str, str]) -> float:
    began = time.monotonic()
    answer = await agent.call(tool, **arguments)
    assert answer.get("code") in {None, "invalid_argument"}, answer
    return time.monotonic() - began
