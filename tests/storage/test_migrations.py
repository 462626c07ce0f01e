"""A workspace of an older schema goes on where it was."""

import json
from pathlib import Path

import apsw
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import ALL
from workspace_server.errors import Locked, LockLost
from workspace_server.services.engine import Engine
from workspace_server.storage.migrations import migrate, steps

pytestmark = pytest.mark.anyio

ANN, BOB = Caller(agent="ann"), Caller(agent="bob")
LOCK = (
    "INSERT INTO locks (lock_id, handle, agent, mode, fence, purpose, ttl_s, deadline_s, boot_id, granted_at,"
    " granted_seq, versions, state) VALUES (?, ?, ?, ?, ?, 'old', 60, ?, ?, 0, 0, '{}', ?)"
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def left_by(folder: Path, schema: int) -> apsw.Connection:
    """Make the database that a program of *schema* has left in *folder*."""
    state = folder / ".workspace"
    state.mkdir(parents=True)
    connection = apsw.Connection(str(state / "workspace.db"))
    for number, sql in steps()[:schema]:
        connection.execute(sql)
        connection.execute(f"PRAGMA user_version = {number}")
    return connection


@pytest.fixture
def schema_3(folder: Path, clock: ManualClock) -> Path:
    """A workspace that a program of schema 3 has left, with locks that are live, released and expired."""
    connection = left_by(folder, 3)
    rows = [
        (1, "L1-aaaa", "ann", "exclusive", 1, clock.boot_s() + 30, "live", [("directory", "docs/"), ("path", "a.md")]),
        (2, "L2-bbbb", "bob", "shared", 2, clock.boot_s() + 30, "live", [("pattern", "*.csv")]),
        (3, "L3-cccc", "ann", "exclusive", 3, 0.0, "released", []),
        (4, "L4-dddd", "ann", "exclusive", 4, 0.0, "expired", []),
    ]
    for number, handle, agent, mode, fence, deadline_s, held, parts in rows:
        connection.execute(LOCK, (number, handle, agent, mode, fence, deadline_s, clock.boot_id(), held))
        for part in parts:
            connection.execute("INSERT INTO lock_selectors (lock_id, kind, text) VALUES (?, ?, ?)", (number, *part))
    connection.execute("UPDATE counters SET value = 4 WHERE name IN ('lock', 'fence')")
    connection.close()
    return folder


async def test_locks_of_an_older_schema_hold_on(schema_3: Path, clock: ManualClock) -> None:
    async with Engine.open(schema_3, settings=Settings(), clock=clock) as engine:
        found = (await engine.locks.list_locks(ANN))["locks"]
        assert [(row["name"], row["paths"], row["mode"]) for row in found] == [
            ("L1", ["docs/", "a.md"], "exclusive"),
            ("L2", ["*.csv"], "shared"),
        ]
        with pytest.raises(Locked) as refusal:
            await engine.files.write_file(BOB, path="docs/x.md", content="x")
        assert refusal.value.facts["purpose"] == "old"
        await engine.files.write_file(ANN, path="docs/x.md", content="x", lock="L1-aaaa")
        for handle, reason in (("L3-cccc", "unknown"), ("L4-dddd", "expired")):
            with pytest.raises(LockLost) as lost:
                await engine.files.write_file(ANN, path="b.md", content="x", lock=handle)
            assert lost.value.facts["reason"] == reason
        granted = await engine.locks.lock_files(BOB, paths=["new.md"], mode="intent")
        assert (granted["fence"], granted["lock"].partition("-")[0]) == (5, "L5")
        clock.advance(60)
        await engine.locks.expire()
        assert [row["name"] for row in (await engine.locks.list_locks(ANN))["locks"]] == ["L5"]


@pytest.fixture
def schema_8(folder: Path) -> Path:
    """A workspace that a program of schema 8 has left, with jobs that are claimed, queued and failed."""
    connection = left_by(folder, 8)
    for job_id, held, agent in ((1, "claimed", "bob"), (2, "queued", None), (3, "failed", "bob")):
        connection.execute(
            "INSERT INTO jobs (job_id, queue, key, state, instructions, inputs, created_at, created_by, not_before,"
            " attempt, agent, claimed_at, visibility_s, deadline_s) VALUES (?, 'q', 'k' || ?, ?, 'old', '[]', 0, 'ann',"
            " 0, 1, ?, 0, 60, 0)",
            (job_id, job_id, held, agent),
        )
    connection.execute("UPDATE counters SET value = 3 WHERE name = 'job'")
    connection.close()
    return folder


async def test_jobs_of_an_older_schema_go_on(schema_8: Path, clock: ManualClock) -> None:
    async with Engine.open(schema_8, settings=Settings(), clock=clock) as engine:
        assert await engine.jobs.finish_job(BOB, job="J1") == {"job": "J1", "state": "done"}
        claimed = (await engine.jobs.claim_job(BOB, queue="q"))["job"]
        assert (claimed["job"], claimed["instructions"], claimed["attempt"]) == ("J2", "old", 2)
        assert (await engine.queues.revive_job(ANN, job="J3"))["state"] == "queued"
        assert await engine.jobs.add_job(ANN, queue="q", instructions="new", key="k3") == {"job": "J3"}


@pytest.fixture
def schema_7(folder: Path) -> Path:
    """A workspace that a program of schema 7 has left, with a trigger that waits for approval."""
    connection = left_by(folder, 7)
    rule = {"name": "leak", "files": ["a.md"], "mode": "each", "url": "https://hooks.example.com/hook"}
    connection.execute(
        "INSERT INTO triggers (name, definition, state, secret, created_at, created_by)"
        " VALUES ('leak', ?, 'needs_approval', 'whsec_x', 0, 'ann')",
        (json.dumps(rule),),
    )
    connection.close()
    return folder


async def test_a_trigger_that_waited_for_approval_can_be_approved(schema_7: Path, clock: ManualClock) -> None:
    person = Caller(agent="pat", scope=ALL)
    async with Engine.open(schema_7, settings=Settings(deliveries=False), clock=clock) as engine:
        [entry] = (await engine.decisions.list_attention(person))["attention"]
        assert (entry["attention"], entry["url"]) == ("A1", "https://hooks.example.com/hook")
        await engine.decisions.approve(person, attention="A1")
        assert (await engine.triggers.list_triggers(ANN))["triggers"][0]["state"] == "active"


@pytest.fixture
def schema_10(folder: Path) -> Path:
    """A workspace that a program of schema 10 has left, with a join of which one input is consumed and one is fresh."""
    connection = left_by(folder, 10)
    rule = {"name": "join", "files": ["a.md", "b.md", "c.md"], "mode": "all", "settle": "immediate", "queue": "q"}
    connection.execute(
        "INSERT INTO triggers (trigger_id, name, definition, state, created_at, created_by)"
        " VALUES (1, 'join', ?, 'active', 0, 'ann')",
        (json.dumps(rule),),
    )
    connection.execute(
        "INSERT INTO joins (join_id, trigger_id, key, captures, fired, busy, last_at, saves)"
        " VALUES (1, 1, '', '{}', 1, 0, 0, 1)"
    )
    for path, version, consumed, seq in (("a.md", 2, 2, 5), ("b.md", 3, 2, 6), ("c.md", None, 1, None)):
        connection.execute(
            "INSERT INTO join_slots (join_id, path, version, consumed, seq, sha256, agent)"
            " VALUES (1, ?, ?, ?, ?, '', 'ann')",
            (path, version, consumed, seq),
        )
    connection.execute("UPDATE counters SET value = 10 WHERE name = 'seq'")
    connection.execute("INSERT INTO meta (name, value) VALUES ('triggers', 'an edition')")
    connection.close()
    return folder


async def test_a_join_of_an_older_schema_knows_what_is_fresh(schema_10: Path, clock: ManualClock) -> None:
    async with Engine.open(schema_10, settings=Settings(), clock=clock) as engine:
        await engine.files.write_file(ANN, path="c.md", content="c")
        assert (await engine.jobs.claim_job(BOB, queue="q")) == {}, "one input is consumed"
        await engine.files.write_file(ANN, path="a.md", content="a")
        job = (await engine.jobs.claim_job(BOB, queue="q"))["job"]
        assert [(one["path"], one["version"]) for one in job["inputs"]] == [("a.md", 1), ("b.md", 3), ("c.md", 1)]


def test_the_files_of_an_older_schema_are_counted_and_found_in_their_folders(folder: Path) -> None:
    connection = left_by(folder, 16)
    for path, live in (("a/b.md", 1), ("a/c.md", 1), ("d.md", 0)):
        connection.execute(
            "INSERT INTO files (path, fold, live, version, seq, sha256, size_bytes, media_type, modified_at,"
            " modified_by) VALUES (?1, ?1, ?2, 1, 1, '', 7, 'text/markdown', 0, 'ann')",
            (path, live),
        )
    migrate(connection)

    assert list(connection.execute("SELECT files, bytes FROM totals")) == [(2, 14)]
    assert list(connection.execute("SELECT count(*) FROM files INDEXED BY files_in_directory WHERE live = 1")) == [(2,)]


def test_what_each_agent_holds_in_an_older_schema_is_counted(folder: Path) -> None:
    connection = left_by(folder, 23)
    for path, live, agent in (("a", 1, "team/one"), ("b", 1, "team/two"), ("c", 1, "ann"), ("d", 0, "ann")):
        connection.execute(
            "INSERT INTO files (path, fold, live, version, seq, sha256, size_bytes, media_type, modified_at,"
            " modified_by) VALUES (?1, ?1, ?2, 1, 1, '', 7, 'text/markdown', 0, ?3)",
            (path, live, agent),
        )
    migrate(connection)

    counted = "SELECT agent, files, bytes FROM agent_totals ORDER BY agent"
    assert list(connection.execute(counted)) == [("ann", 1, 7), ("team", 2, 14)]
    connection.execute("DELETE FROM files WHERE path IN ('a', 'c')")
    assert list(connection.execute(counted)) == [("team", 1, 7)]
