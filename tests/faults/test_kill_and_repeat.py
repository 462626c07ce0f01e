"""Nothing that was acknowledged is lost when the server is killed, at whatever moment, also while it recovers."""

import multiprocessing
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest

from tests.faults.victim import Operation, work
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Row, Transaction

KILLS = 24
LIVES = 2.5
"""Longest that a server lives here, in times that one takes to answer: as far on a slow machine as on a fast one."""
ANSWER_S_MAX = 60.0
CHECK_EVERY = 3
READER = Caller(agent="reader")


@dataclass
class Told:
    """What the servers were asked, and what they answered, over all their lives."""

    unanswered: dict[str, Operation] = field(default_factory=dict)
    answered: list[tuple[Operation, list[tuple[str, int]]]] = field(default_factory=list)


def live_and_die(folder: Path, name: str, told: Told, life_s: float | None, *, acknowledge_early: bool) -> None:
    """Let a server work in a process of its own and kill it, then take note of what it said.

    Args:
        life_s: When it is killed, in seconds from its first instruction on; without, once it has appended a line.
    """
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.faults.victim"])
    ours, theirs = processes.Pipe(duplex=False)
    repeats = list(told.unanswered.values())
    process = processes.Process(
        target=work, args=(folder, name, repeats, theirs), kwargs={"acknowledge_early": acknowledge_early}
    )
    process.start()
    theirs.close()
    known = len(told.answered)
    died_s = time.monotonic() + (ANSWER_S_MAX if life_s is None else life_s)
    # What it says is read while it lives: a full pipe would make it wait.
    while (left_s := died_s - time.monotonic()) > 0 and ours.poll(left_s):
        hear(told, ours.recv())
        if life_s is None and any(operation.kind == "append" for operation, _ in told.answered[known:]):
            break
    process.kill()
    process.join()
    assert process.exitcode == -9
    try:
        while ours.poll(0):
            hear(told, ours.recv())
    except EOFError:
        pass
    ours.close()


def hear(told: Told, said: tuple[str, Operation, list[tuple[str, int]] | None]) -> None:
    kind, operation, versions = said
    if kind == "asked":
        told.unanswered[operation.request_id] = operation
    else:
        told.unanswered.pop(operation.request_id, None)
        told.answered.append((operation, versions or []))


async def check(folder: Path, told: Told) -> None:
    """Open the workspace as the next server does, and compare it with what was acknowledged."""
    async with Engine.open(folder, settings=Settings()) as engine:

        async def rows(tx: Transaction) -> tuple[list[Row], list[Row], list[Row]]:
            return (
                await tx.all("SELECT f.path, v.version FROM versions v JOIN files f USING (file_id) ORDER BY 1, 2"),
                await tx.all("SELECT seq, path, version FROM events ORDER BY seq"),
                await tx.all("SELECT path, version FROM files WHERE live = 1"),
            )

        versions, events, heads = await engine.db.read(rows)
        per_path: dict[str, list[int]] = {}
        for path, version in versions:
            per_path.setdefault(path, []).append(version)
        for path, numbers in per_path.items():
            assert numbers == list(range(1, len(numbers) + 1)), path
        assert [row[0] for row in events] == list(range(1, len(events) + 1))
        files = engine.files
        for path, version in heads:
            content = await files.open_content(READER, path=path, version=version)
            assert (folder / path).read_bytes() == await content.read(), path
        for operation, answer in told.answered:
            for path, version in answer:
                content = await files.open_content(READER, path=path, version=version)
                assert operation.text.encode() in await content.read()
        await check_lines(engine, told)


async def check_lines(engine: Engine, told: Told) -> None:
    """Every acknowledged line is in the log exactly once, every other one at most once."""
    log = await (await engine.files.open_content(READER, path="log.md")).read()
    lines = log.decode().splitlines(keepends=True)
    assert len(lines) == len(set(lines))
    acknowledged = {operation.text for operation, _ in told.answered if operation.kind == "append"}
    open_ = {operation.text for operation in told.unanswered.values()}
    assert acknowledged <= set(lines)
    assert set(lines) <= acknowledged | open_


def lives(folder: Path, *, acknowledge_early: bool) -> Iterator[Told]:
    """Yield what was said, after every few kills."""
    told = Told()
    moments = random.Random(20261121)
    # The first one also waits for what all of them are forked from; the second shows how long a life takes to answer.
    for name in ("first", "measured"):
        began_s = time.monotonic()
        live_and_die(folder, name, told, None, acknowledge_early=acknowledge_early)
        answer_s = time.monotonic() - began_s
    for number in range(1, KILLS + 1):
        life_s = moments.uniform(0.02, LIVES * answer_s)
        live_and_die(folder, f"life{number}", told, life_s, acknowledge_early=acknowledge_early)
        if number % CHECK_EVERY == 0:
            yield told


def test_nothing_acknowledged_is_lost_when_the_server_is_killed_at_any_moment(folder: Path) -> None:
    told = Told()
    for told in lives(folder, acknowledge_early=False):
        anyio.run(check, folder, told)
    assert len(told.answered) > KILLS


def test_a_server_that_acknowledges_before_it_commits_is_found(folder: Path) -> None:
    """The negative control: the same check on a server that answers too early."""

    def until_found() -> None:
        for told in lives(folder, acknowledge_early=True):
            anyio.run(check, folder, told)

    with pytest.raises(AssertionError):
        until_found()
