"""Rows of jobs."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from workspace_server.core.jobs import job_number
from workspace_server.storage.database import Row, Transaction

Input = dict[str, Any]
"""`{path, version}`."""


class JobRow(NamedTuple):
    """One job."""

    job_id: int
    queue: str
    key: str | None
    state: str
    instructions: str | None
    inputs: list[Input]
    firing_id: int | None
    created_at: float
    created_by: str
    not_before: float
    attempt: int
    failures: int
    agent: str | None
    session: str | None
    claimed_at: float | None
    visibility_s: float | None
    deadline_s: float | None
    lost_by: list[str]
    ended_at: float | None
    note: str | None
    reply: str | None
    trigger: str | None
    asked_by: str
    """Whose words the instructions are: of who added the job, or of who made the trigger."""
    definition: str | None
    """Of its trigger, as JSON."""


class QueueRow(NamedTuple):
    """One queue: how many of its jobs are in each state, and since when its oldest one waits."""

    queue: str
    counts: dict[str, int]
    oldest_at: float | None


_JOB = (
    "SELECT j.job_id, j.queue, j.key, j.state, j.instructions, j.inputs, j.firing_id, j.created_at, j.created_by,"
    " j.not_before, j.attempt, j.failures, j.agent, j.session, j.claimed_at, j.visibility_s, j.deadline_s, j.lost_by,"
    " j.ended_at, j.note, j.reply, t.name, coalesce(t.created_by, j.created_by), t.definition FROM jobs j"
    " LEFT JOIN firings f USING (firing_id) LEFT JOIN triggers t USING (trigger_id)"
)

_FILTERED = {"queue": "j.queue", "state": "j.state", "agent": "j.agent", "trigger": "t.name"}
NO_JOBS = {"queued": 0, "claimed": 0, "blocked": 0, "done": 0, "failed": 0, "dead": 0}
_NEXT = "FROM jobs WHERE queue = ? AND state = 'queued' AND not_before <= ? ORDER BY job_id"


async def insert(
    tx: Transaction,
    *,
    job_id: int,
    queue: str,
    instructions: str | None,
    inputs: Sequence[Input],
    agent: str,
    key: str | None = None,
    firing_id: int | None = None,
) -> None:
    """Put a job into a queue."""
    await tx.run(
        "INSERT INTO jobs (job_id, queue, key, state, instructions, inputs, firing_id, created_at, created_by,"
        " not_before, attempt) VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, 0, 0)",
        job_id,
        queue,
        key,
        instructions,
        json.dumps(inputs, ensure_ascii=False),
        firing_id,
        tx.now_s,
        agent,
    )


async def by_id(tx: Transaction, job_id: int) -> JobRow | None:
    """Return a job."""
    row = await tx.one(f"{_JOB} WHERE j.job_id = ?", job_id)
    return None if row is None else _job(row)


async def of_attempt(tx: Transaction, job: str, attempt: int) -> JobRow | None:
    """Return a job while that attempt at it goes on."""
    row = await by_id(tx, job_number(job) or 0)
    return row if row is not None and (row.state, row.attempt) == ("claimed", attempt) else None


async def unfinished(tx: Transaction, queue: str, key: str) -> int | None:
    """Return the job of that key that is not at its end."""
    row = await tx.one(
        "SELECT job_id FROM jobs WHERE queue = ? AND key = ? AND state IN ('queued', 'claimed', 'blocked')", queue, key
    )
    return None if row is None else int(row[0])


async def waiting(tx: Transaction, queue: str, *, beyond: int = 0) -> bool:
    """Return whether more than *beyond* jobs of the queue can be claimed now."""
    return await tx.one(f"SELECT 1 {_NEXT} LIMIT 1 OFFSET ?", queue, tx.now_s, beyond) is not None


async def claimable(tx: Transaction, queue: str, *, after: int, limit: int) -> list[JobRow]:
    """Return the jobs of the queue that can be claimed now and have a higher number than *after*, the oldest first."""
    rows = await tx.all(
        f"{_JOB} WHERE j.queue = ? AND j.state = 'queued' AND j.not_before <= ? AND j.job_id > ?"
        " ORDER BY j.job_id LIMIT ?",
        queue,
        tx.now_s,
        after,
        limit,
    )
    return [_job(row) for row in rows]


async def first(tx: Transaction, queue: str) -> int | None:
    """Return the oldest job of the queue that can be claimed now."""
    row = await tx.one(f"SELECT job_id {_NEXT} LIMIT 1", queue, tx.now_s)
    return None if row is None else int(row[0])


async def claim(
    tx: Transaction, job_id: int, agent: str, *, visibility_s: float | None, session: str | None = None
) -> JobRow:
    """Give a job that can be claimed to *agent*.

    Args:
        visibility_s: For how long without a sign of life; None for as long as the server lives.
        session: Which process under that name claims it.
    """
    await tx.run(
        "UPDATE jobs SET state = 'claimed', attempt = attempt + 1, agent = ?, session = ?, claimed_at = ?,"
        " visibility_s = ?, deadline_s = ?, boot_id = ?, not_before = 0"
        " WHERE job_id = ?",
        agent,
        session,
        tx.now_s,
        visibility_s,
        None if visibility_s is None else tx.boot_s + visibility_s,
        tx.boot_id,
        job_id,
    )
    row = await by_id(tx, job_id)
    assert row is not None
    return row


async def end(tx: Transaction, job_id: int, state: str, note: str | None) -> None:
    """Record how a job ended."""
    await tx.run(
        "UPDATE jobs SET state = ?, note = coalesce(?, note), ended_at = ? WHERE job_id = ?",
        state,
        note,
        tx.now_s,
        job_id,
    )


async def block(tx: Transaction, job_id: int, note: str | None) -> None:
    """Let a job wait for a person's word."""
    await tx.run("UPDATE jobs SET state = 'blocked', note = ?, reply = NULL WHERE job_id = ?", note, job_id)


async def put_back(
    tx: Transaction, job_id: int, *, failures: int, delay_s: float = 0.0, note: str | None = None
) -> None:
    """Put a job back into its queue, for another try after a while."""
    await tx.run(
        "UPDATE jobs SET state = 'queued', note = coalesce(?, note), not_before = ?, failures = ?, ended_at = NULL"
        " WHERE job_id = ?",
        note,
        tx.now_s + delay_s if delay_s else 0,
        failures,
        job_id,
    )


async def answer(tx: Transaction, job_id: int, reply: str) -> None:
    """Keep what a person answered to the question of a job."""
    await tx.run("UPDATE jobs SET reply = ? WHERE job_id = ?", reply, job_id)


async def overdue(tx: Transaction) -> list[JobRow]:
    """Return the claimed jobs whose time is over."""
    return [_job(row) for row in await tx.all(f"{_JOB} WHERE j.state = 'claimed' AND j.deadline_s <= ?", tx.boot_s)]


async def remember_lost(tx: Transaction, job: JobRow, *, keep: int) -> None:
    """Remember whose a job was that is taken away for silence: the last *keep* of them."""
    lost_by = json.dumps([*job.lost_by, job.agent][-keep:], ensure_ascii=False)
    await tx.run("UPDATE jobs SET lost_by = ? WHERE job_id = ?", lost_by, job.job_id)


async def extend(tx: Transaction, job_id: int, *, deadline_s: float) -> None:
    """Leave a job longer with its claimant."""
    await tx.run("UPDATE jobs SET deadline_s = ? WHERE job_id = ?", deadline_s, job_id)


async def give_fresh_time(tx: Transaction) -> None:
    """Give every claimant its whole time again, as at a restart: it could not be heard meanwhile."""
    await tx.run(
        "UPDATE jobs SET deadline_s = ? + visibility_s, boot_id = ? WHERE state = 'claimed'", tx.boot_s, tx.boot_id
    )


async def next_deadline(tx: Transaction) -> float | None:
    """Return when the next claim ends, on the boot clock."""
    row = await tx.one("SELECT min(deadline_s) FROM jobs WHERE state = 'claimed'")
    return None if row is None or row[0] is None else float(row[0])


async def next_delayed(tx: Transaction) -> float | None:
    """Return when the next job that was put off can be claimed, in seconds since 1970."""
    row = await tx.one("SELECT min(not_before) FROM jobs WHERE state = 'queued' AND not_before > 0")
    return None if row is None or row[0] is None else float(row[0])


async def ripen(tx: Transaction) -> list[str]:
    """Let the jobs be claimed whose delay is over, and return the queue of each."""
    rows = await tx.all(
        "UPDATE jobs SET not_before = 0 WHERE state = 'queued' AND not_before > 0 AND not_before <= ? RETURNING queue",
        tx.now_s,
    )
    return [row[0] for row in rows]


async def claimants(tx: Transaction) -> list[tuple[str, str | None]]:
    """Return who has a job open, as (agent, session)."""
    rows = await tx.all("SELECT DISTINCT agent, session FROM jobs WHERE state = 'claimed' AND visibility_s NOT NULL")
    return [(row[0], row[1]) for row in rows]


async def claimed_by(tx: Transaction, agent: str) -> list[JobRow]:
    """Return the jobs that *agent* has open, the last claimed first."""
    rows = await tx.all(
        f"{_JOB} WHERE j.agent = ? AND j.state = 'claimed' ORDER BY j.claimed_at DESC, j.job_id DESC", agent
    )
    return [_job(row) for row in rows]


async def claimed_of(tx: Transaction, prefix: str) -> list[JobRow]:
    """Return the claimed jobs of the queues whose names begin with *prefix*."""
    rows = await tx.all(f"{_JOB} WHERE j.state = 'claimed' AND j.queue LIKE ? || '%'", prefix)
    return [_job(row) for row in rows]


async def queues_to_be_done(tx: Transaction, prefix: str) -> list[str]:
    """Return the queues whose names begin with *prefix* and in which a job waits."""
    rows = await tx.all(
        "SELECT DISTINCT queue FROM jobs WHERE state = 'queued' AND queue LIKE ? || '%' ORDER BY queue", prefix
    )
    return [row[0] for row in rows]


async def to_be_done(tx: Transaction, queues: Sequence[str]) -> int:
    """Return how many jobs of some queues wait or are being done."""
    row = await tx.one(
        "SELECT count(*) FROM jobs WHERE state IN ('queued', 'claimed') AND queue IN (SELECT value FROM json_each(?))",
        json.dumps(queues),
    )
    assert row is not None
    return int(row[0])


async def chain_of(tx: Transaction, agent: str) -> tuple[int, str, int] | None:
    """Return the firing that *agent* works for, as (firing, root, depth): that of the job it claimed last."""
    # Every write asks this, and nearly always there is nothing: a join with an order costs ten times as much.
    claimed = await tx.all(
        "SELECT claimed_at, job_id, firing_id FROM jobs"
        " WHERE agent = ? AND state = 'claimed' AND firing_id IS NOT NULL",
        agent,
    )
    if not claimed:
        return None
    row = await tx.one("SELECT firing_id, root, depth FROM firings WHERE firing_id = ?", max(claimed)[2])
    return None if row is None else (row[0], row[1], row[2])


async def counts(tx: Transaction) -> dict[str, int]:
    """Return how many jobs there are in each state."""
    return NO_JOBS | {row[0]: row[1] for row in await tx.all("SELECT state, count(*) FROM jobs GROUP BY state")}


async def queues(tx: Transaction, *, limit: int) -> list[QueueRow]:
    """Return the queues that ever had a job, by name. Reads every job's row in the index."""
    rows = await tx.all(
        "SELECT queue, state, count(*), min(created_at) FROM jobs WHERE queue IN"
        " (SELECT DISTINCT queue FROM jobs ORDER BY queue LIMIT ?) GROUP BY queue, state ORDER BY queue",
        limit,
    )
    found: dict[str, QueueRow] = {}
    for queue, state, count, oldest_at in rows:
        row = found.setdefault(queue, QueueRow(queue, dict(NO_JOBS), None))
        row.counts[state] = count
        if state == "queued":
            found[queue] = row._replace(oldest_at=oldest_at)
    return list(found.values())


async def page(
    tx: Transaction,
    *,
    before: int | None,
    limit: int,
    **filters: str | None,
) -> list[JobRow]:
    """Return jobs, newest first.

    Args:
        before: Only those with a smaller number.
        filters: `queue`, `state`, `agent` and `trigger`; None for any.
    """
    where: list[str] = ["j.job_id < ?"]
    parameters: list[Any] = [before if before is not None else 1 << 62]
    for name, value in filters.items():
        if value is not None:
            where.append(f"{_FILTERED[name]} = ?")
            parameters.append(value)
    rows = await tx.all(f"{_JOB} WHERE {' AND '.join(where)} ORDER BY j.job_id DESC LIMIT ?", *parameters, limit)
    return [_job(row) for row in rows]


async def counts_of(tx: Transaction, trigger_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return (unfinished, failed) jobs of each of these triggers that has any; those that were given up have failed."""
    # By way of the jobs that are not done: those are few, and a trigger may have fired often.
    rows = await tx.all(
        "SELECT f.trigger_id, sum(j.state IN ('queued', 'claimed', 'blocked')), sum(j.state IN ('failed', 'dead'))"
        " FROM jobs j CROSS JOIN firings f USING (firing_id)"
        " WHERE j.state IN ('queued', 'claimed', 'blocked', 'failed', 'dead')"
        " AND f.trigger_id IN (SELECT value FROM json_each(?)) GROUP BY f.trigger_id",
        json.dumps(trigger_ids),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def of_firings(tx: Transaction, firing_ids: Sequence[int]) -> list[JobRow]:
    """Return the jobs of firings, the oldest first."""
    rows = await tx.all(
        f"{_JOB} WHERE j.firing_id IN (SELECT value FROM json_each(?)) ORDER BY j.job_id", json.dumps(firing_ids)
    )
    return [_job(row) for row in rows]


def _job(row: Row) -> JobRow:
    return JobRow._make((*row[:5], json.loads(row[5]), *row[6:17], json.loads(row[17]), *row[18:]))


async def forget_old(tx: Transaction, kept_s: float) -> None:
    """Drop the jobs that were done or failed more than *kept_s* seconds ago, with their logs.

    Dead ones stay: they wait for a person.
    """
    old = "state IN ('done', 'failed') AND ended_at < ?"
    await tx.run(f"DELETE FROM job_logs WHERE job_id IN (SELECT job_id FROM jobs WHERE {old})", tx.now_s - kept_s)
    await tx.run(f"DELETE FROM jobs WHERE {old}", tx.now_s - kept_s)
