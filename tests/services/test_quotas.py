"""Quotas of files and bytes: what counts, what is refused, what is told, and that the counting never drifts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.tree.folders import aged, reconcile, until
from workspace_server.config import Settings
from workspace_server.core.access import OWNER, Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.quotas import Usage
from workspace_server.core.scopes import ALL, parse_scope
from workspace_server.errors import QuotaExceeded
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import totals
from workspace_server.storage.upkeep.fork import fork

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("the folder is changed from outside")]

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")
ROOT = Caller(agent="root", scope=ALL)
BOUND = Settings(quota_files=4, quota_bytes=40, agent_quota_files=2, agent_quota_bytes=20)


@pytest.fixture
async def bound(folder: Path, clock: ManualClock) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=BOUND, clock=clock) as engine:
        yield engine


async def write(engine: Engine, path: str, size: int, caller: Caller = ANN) -> None:
    await engine.files.write_file(caller, path=path, content="x" * size, overwrite=True)


async def refused(engine: Engine, path: str, size: int, caller: Caller = ANN) -> dict[str, object]:
    with pytest.raises(QuotaExceeded) as refusal:
        await write(engine, path, size, caller)
    return refusal.value.facts


async def counted(engine: Engine) -> dict[str, tuple[int, int]]:
    """What the database has counted, which must be what there is."""

    async def read(tx: Transaction) -> tuple[list[tuple[str, Usage]], list[tuple[str, int, int]]]:
        found = await tx.all("SELECT modified_by, size_bytes, 1 FROM files WHERE live = 1")
        return await totals.largest(tx, limit=99), [(str(one[0]), int(one[1]), 1) for one in found]

    kept, rows = await engine.db.read(read)
    looked: dict[str, tuple[int, int]] = {}
    for agent, size, _ in rows:
        files, total = looked.get(agent.partition("/")[0], (0, 0))
        looked[agent.partition("/")[0]] = files + 1, total + size
    assert dict(kept) == looked
    assert await engine.db.read(totals.of_workspace) == (len(rows), sum(row[1] for row in rows))
    return looked


async def test_an_agent_may_fill_its_quota_and_not_one_byte_or_file_more(bound: Engine) -> None:
    await write(bound, "a", 10)
    await write(bound, "b", 10)
    assert await refused(bound, "b", 11) == {"limit": 20, "actual": 21, "used": 20}
    assert await refused(bound, "c", 0) == {"limit": 2, "actual": 3, "used": 2}
    await write(bound, "b", 3)
    await bound.files.delete_file(ANN, path="a")
    await write(bound, "c", 17)
    assert await counted(bound) == {"ann": (2, 20)}


async def test_the_workspace_holds_no_more_than_its_quota_whoever_writes(bound: Engine) -> None:
    for number, agent in enumerate(["ann", "ann", "bob", "bob"]):
        await write(bound, str(number), 10, Caller(agent=agent))
    for caller in (Caller(agent="cy"), Caller(agent=OWNER, scope=ALL)):
        assert (await refused(bound, "5", 1, caller))["limit"] == 4
    await bound.files.delete_file(ANN, path="0")
    await write(bound, "5", 10, Caller(agent=OWNER, scope=ALL))
    facts = await refused(bound, "5", 11, Caller(agent=OWNER, scope=ALL))
    assert facts == {"limit": 40, "actual": 41, "used": 40}


async def test_the_members_of_a_crew_count_together(bound: Engine) -> None:
    await write(bound, "a", 10, Caller(agent="team/one"))
    await write(bound, "b", 10, Caller(agent="team/two"))
    assert (await refused(bound, "c", 1, Caller(agent="team/three")))["limit"] == 2
    assert await counted(bound) == {"team": (2, 20)}


async def test_who_sees_a_part_of_the_workspace_is_not_told_how_much_there_is(bound: Engine) -> None:
    for number, agent in enumerate(["ann", "ann", "bob", "bob"]):
        await write(bound, str(number), 10, Caller(agent=agent))
    part = Caller(agent="cy", scope=parse_scope(["read,write:docs/**"]))
    assert await refused(bound, "docs/a", 1, part) == {"limit": 4}

    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * 30

    with pytest.raises(QuotaExceeded) as refusal:
        await bound.files.upload(part, path="docs/a", chunks=chunks())
    assert refusal.value.facts == {"limit": 40}


async def test_what_is_taken_over_counts_for_who_took_it(bound: Engine) -> None:
    await write(bound, "a", 10)
    await write(bound, "b", 10)
    await write(bound, "a", 12, BOB)
    assert await counted(bound) == {"ann": (1, 10), "bob": (1, 12)}
    await bound.files.move_file(BOB, path="a", to="c")
    with pytest.raises(QuotaExceeded):
        await bound.files.move_file(BOB, path="b", to="d")
    assert await counted(bound) == {"ann": (1, 10), "bob": (1, 12)}


async def test_every_way_to_make_a_file_is_held_to_the_quota(bound: Engine) -> None:
    await write(bound, "a", 10)
    gone = await bound.files.delete_file(ANN, path="a")
    await write(bound, "b", 10)
    await write(bound, "c", 4)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * 17

    edits = [{"old_text": "xxxx", "new_text": "x" * 30}]
    changes = [{"op": "write", "path": "c", "content": "x" * 11, "overwrite": True}]
    for call in (
        bound.files.restore_file(ANN, path="a", version=1),
        bound.files.write_file(ANN, path="c", content="x" * 7, append=True),
        bound.files.edit_file(ANN, path="c", edits=edits, expect_version=1),
        bound.files.commit_files(ANN, changes=changes),
        bound.files.upload(ANN, path="c", chunks=chunks(), overwrite=True),
        bound.files.move_file(ANN, path="b", to="d", copy=True),
        bound.undo.undo(Caller(agent="ann", scope=ALL), agent="ann", since=gone["seq"] - 1, until=gone["seq"]),
    ):
        with pytest.raises(QuotaExceeded):
            await call
    assert await counted(bound) == {"ann": (2, 14)}


async def test_an_upload_is_cut_off_where_the_room_ends(bound: Engine, folder: Path) -> None:
    await write(bound, "a", 15)
    taken = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(1_000):
            taken += 5
            yield b"x" * 5

    with pytest.raises(QuotaExceeded) as refusal:
        await bound.files.upload(ANN, path="b", chunks=chunks())
    assert (refusal.value.facts, taken) == ({"limit": 5, "actual": 10}, 10)
    with pytest.raises(QuotaExceeded) as refusal:
        await bound.files.upload(ANN, path="a", chunks=chunks(), overwrite=True)
    assert refusal.value.facts == {"limit": 20, "actual": 25}, "what is replaced makes room"
    assert not [one for one in (folder / ".workspace" / "objects").rglob("*") if one.is_file()]


async def test_who_is_beyond_a_quota_may_delete_shrink_and_unlock(folder: Path, clock: ManualClock) -> None:
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        for path in "abc":
            await write(engine, path, 20)
    async with Engine.open(folder, settings=BOUND, clock=clock) as engine:
        assert await counted(engine) == {"ann": (3, 60)}
        lock = await engine.locks.lock_files(ANN, paths=["a"])
        await engine.files.write_file(ANN, path="a", content="x" * 19, lock=lock["lock"])
        await engine.locks.unlock_files(ANN, lock=lock["lock"])
        assert (await refused(engine, "a", 20))["actual"] == 60
        await engine.files.move_file(ANN, path="a", to="d")
        await engine.files.delete_file(ANN, path="b")
        await engine.files.delete_file(ANN, path="c")
        await write(engine, "d", 20)
        assert await counted(engine) == {"ann": (1, 20)}


async def test_what_is_saved_in_the_folder_is_taken_in_and_a_person_is_told(bound: Engine, folder: Path) -> None:
    for number in range(5):
        aged(folder / f"{number}.txt", b"x" * 9)
    await reconcile(bound)

    async def seen() -> bool:
        return (await bound.db.read(totals.of_workspace)).files == 5

    await until(seen)
    assert await counted(bound) == {"external": (5, 45)}
    [entry] = (await bound.decisions.list_attention(ROOT))["attention"]
    assert (entry["kind"], *entry["about"].values()) == ("over_quota", "files", 4, 5)
    await refused(bound, "more", 1)
    await bound.files.delete_file(ROOT, path="0.txt")
    assert (await bound.decisions.list_attention(ROOT))["attention"] == []


async def test_the_status_and_the_list_of_agents_say_what_is_used_and_allowed(bound: Engine) -> None:
    await write(bound, "a", 10)
    status = await bound.status.status(ROOT)
    assert (status["files"], status["bytes"]) == (1, 10)
    assert status["quota"] == {
        "files": 4,
        "bytes": 40,
        "agent_files": 2,
        "agent_bytes": 20,
        "largest": [{"agent": "ann", "files": 1, "bytes": 10}],
    }
    await bound.agents.write_down()
    [one] = (await bound.agents.list_agents(ROOT))["agents"]
    assert one["stored"] == {"files": 1, "bytes": 10, "files_max": 2, "bytes_max": 20}


async def test_a_fork_and_a_purge_leave_the_counting_true(engine: Engine, tmp_path: Path) -> None:
    await write(engine, "a", 10)
    seq = (await engine.files.write_file(BOB, path="a", content="x" * 7, overwrite=True))["seq"]
    await write(engine, "b", 5, Caller(agent="cy"))
    await engine.files.delete_file(ANN, path="a")
    fork(engine.root, tmp_path / "then", at_seq=seq)
    async with Engine.open(tmp_path / "then", settings=Settings()) as other:
        assert await counted(other) == {"bob": (1, 7)}
    await engine.upkeep.purge(ROOT, path="b")
    assert await counted(engine) == {}


async def test_without_quotas_nothing_is_refused_and_all_is_counted(engine: Engine) -> None:
    await write(engine, "d/a", 10)
    await write(engine, "d/b", 10)
    await engine.files.move_file(BOB, path="d/a", to="e/a")
    await engine.files.move_file(BOB, path="d", to="f", copy=True)
    moved = await engine.files.delete_file(ANN, path="e/a")
    await engine.undo.undo(Caller(agent="cy", scope=ALL), agent="ann", since=moved["seq"] - 1)
    assert await counted(engine) == {"ann": (1, 10), "bob": (1, 10), "cy": (1, 10)}
