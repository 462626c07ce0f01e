"""Rows of what the programs of jobs printed, one for each attempt."""

from typing import NamedTuple

from workspace_server.storage.database import Transaction
from workspace_server.storage.packing import packed, unpacked


class LogRow(NamedTuple):
    """What the program of one attempt printed, as far as it is kept."""

    attempt: int
    agent: str
    at: float
    size_bytes: int
    kept: str


async def write(
    tx: Transaction, job_id: int, attempt: int, *, agent: str, size_bytes: int, kept: str, logs_max: int
) -> None:
    """Keep the log of an attempt as it is now, and forget all but the *logs_max* newest logs of all jobs."""
    form, data = packed(kept.encode())
    row = await tx.one(
        "INSERT INTO job_logs (job_id, attempt, agent, at, size_bytes, form, kept) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (job_id, attempt) DO UPDATE SET at = excluded.at, size_bytes = excluded.size_bytes,"
        " form = excluded.form, kept = excluded.kept RETURNING log_id",
        job_id,
        attempt,
        agent,
        tx.now_s,
        size_bytes,
        form,
        data,
    )
    assert row is not None
    await tx.run("DELETE FROM job_logs WHERE log_id <= ?", int(row[0]) - logs_max)


async def attempts(tx: Transaction, job_id: int) -> list[int]:
    """Return the attempts at a job whose logs are kept, oldest first."""
    return [row[0] for row in await tx.all("SELECT attempt FROM job_logs WHERE job_id = ? ORDER BY attempt", job_id)]


async def read(tx: Transaction, job_id: int, attempt: int | None) -> LogRow | None:
    """Return the log of an attempt, by default of the last one that has any."""
    row = await tx.one(
        "SELECT attempt, agent, at, size_bytes, form, kept FROM job_logs WHERE job_id = ?"
        " AND (? IS NULL OR attempt = ?) ORDER BY attempt DESC LIMIT 1",
        job_id,
        attempt,
        attempt,
    )
    if row is None:
        return None
    kept = unpacked(row[5]) if row[4] == "zstd" else row[5]
    return LogRow._make((*row[:4], kept.decode()))
