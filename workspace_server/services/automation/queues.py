"""The use cases of those who watch over jobs: what stands in which queue, what became of it, and a second chance."""

from typing import Any, Final, get_args

from workspace_server.core.access import Caller
from workspace_server.core.attention import Kind
from workspace_server.core.commands import command_of
from workspace_server.core.jobs import REVIVABLE, State, job_name, job_number
from workspace_server.core.limits import LIMITS
from workspace_server.errors import Conflict, NotFound
from workspace_server.services.arguments import bounded, plain_text, refused
from workspace_server.services.automation import attention
from workspace_server.services.automation.claimants import is_told, known, shown_key
from workspace_server.services.automation.claiming import CHUNK, Claiming
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import attention as attention_rows
from workspace_server.storage.tables import job_logs, jobs, triggers
from workspace_server.storage.tables.jobs import JobRow, QueueRow

NAME_CHARS_MAX: Final = 80
"""Longest name of a queue, an agent or a trigger that is looked for."""


OF_JOBS: Final[tuple[Kind, ...]] = ("blocked_job", "dead_job", "failed_command")
"""The kinds of what needs a person that have the name of a job as their key."""


class Queues:
    """See jobs, read what they printed, and have a word in them. Errors: invalid_argument, not_found, conflict."""

    def __init__(self, folder: Folder, claiming: Claiming) -> None:
        self._folder = folder
        self._claiming = claiming

    async def list_queues(self, caller: Caller) -> Result:
        """Return `{queues}`: of each its jobs by state, how long its oldest job waits, and how many wait for jobs.

        Whoever is told of some jobs only is told of these, as far as they are among the newest.
        """
        caller.require_somewhere("jobs")
        rows = await self._folder.db.read_long(lambda tx: _queues(tx, caller))
        now_s = self._folder.clock.wall_s()
        return {"queues": [self._shown_queue(row, caller, now_s) for row in rows]}

    async def list_jobs(
        self,
        caller: Caller,
        *,
        queue: str | None = None,
        state: str | None = None,
        agent: str | None = None,
        trigger: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Result:
        """Return `{jobs, next_cursor?}`, newest first."""
        caller.require_somewhere("jobs")
        bounded("limit", limit, 1, LIMITS.jobs_page_max)
        if state not in {None, *get_args(State)}:
            raise refused("state", f"must be one of {', '.join(get_args(State))}")
        for argument, text in (("queue", queue), ("agent", agent), ("trigger", trigger)):
            plain_text(argument, text, NAME_CHARS_MAX)
        before = None if cursor is None else job_number(cursor)
        if cursor is not None and before is None:
            raise refused("cursor", "is not one that this list gave")

        async def read(tx: Transaction) -> Result:
            rows, last = await _newest(
                tx, caller, before, limit + 1, queue=queue, state=state, agent=agent, trigger=trigger
            )
            page: Result = {"jobs": [_shown(row) for row in rows[:limit]]}
            last = rows[limit - 1].job_id if len(rows) > limit else last
            return page if last is None else {**page, "next_cursor": job_name(last)}

        return await self._folder.db.read_long(read)

    async def show_job(self, caller: Caller, *, job: str) -> Result:
        """Return all about a job: also its inputs, and `logs`, the attempts whose logs are kept.

        While it waits for a person `attention` names its entry; while it is claimed `expires_in_seconds` tells when it
        goes back to its queue unless something is heard of its claimant.
        """
        caller.require_somewhere("jobs")

        async def read(tx: Transaction) -> Result:
            row = await known(tx, caller, job)
            whole: Result = {**_shown(row), "inputs": row.inputs, "logs": await job_logs.attempts(tx, row.job_id)}
            if row.state == "claimed" and row.deadline_s is not None:
                whole["expires_in_seconds"] = max(0, round(row.deadline_s - tx.boot_s))
            for kind in OF_JOBS:
                entry = await attention_rows.open_at(tx, (kind, job))
                if entry is not None:
                    whole["attention"] = attention_rows.name_of(entry.attention_id)
            return whole

        return await self._folder.db.read(read)

    async def read_log(self, caller: Caller, *, job: str, attempt: int | None = None) -> Result:
        """Return `{job, attempt, agent, at, size_bytes, log}` of an attempt, by default of the last one with a log."""
        caller.require_somewhere("jobs")

        async def read(tx: Transaction) -> Result:
            row = await known(tx, caller, job)
            if command_of(row.queue) is not None:
                caller.require("admin")  # what the operator's programs print is the operator's
            found = await job_logs.read(tx, row.job_id, attempt)
            if found is None:
                raise NotFound(
                    f"No log of {job} is kept." if attempt is None else f"No log of attempt {attempt} is kept.",
                    hint="Programs that `work` or the server runs have one; the others keep their own.",
                    job=job,
                )
            shown = {"attempt": found.attempt, "agent": found.agent, "at": iso(found.at)}
            return {"job": job, **shown, "size_bytes": found.size_bytes, "log": found.kept}

        return await self._folder.db.read(read)

    async def revive_job(self, caller: Caller, *, job: str) -> Result:
        """Put a job that failed, or was given up, back into its queue and return `{job, state}`."""
        caller.require_somewhere("jobs")

        async def body(commit: Commit) -> Result:
            commit.about = job
            await self.revive(commit, job)
            return {"job": job, "state": "queued"}

        return await self._folder.recorder.change(caller, "revive_job", body)

    async def revive(self, commit: Commit, job: str) -> None:
        """Put a job that failed, or was given up, back into its queue, inside a commit.

        Raises:
            NotFound: There is no such job.
            InvalidArgument: It is not at such an end.
            Conflict: Another one of its key is open.
        """
        tx = commit.tx
        row = await known(tx, commit.caller, job)
        if row.state not in REVIVABLE:
            raise refused("job", f"{job} is {row.state}, neither failed nor dead", "Nothing has to be done.")
        twin = None if row.key is None else await jobs.unfinished(tx, row.queue, row.key)
        if twin is not None:
            raise Conflict(
                f"{job_name(twin)} is open, and has the same key.",
                hint=f"Let {job_name(twin)} end first.",
                job=job_name(twin),
            )
        await self._put_back(commit, row)
        kind: Kind = "dead_job" if command_of(row.queue) is None else "failed_command"
        await attention.resolve(commit, kind, job, outcome="revived", by=commit.caller.agent)

    async def answer(self, commit: Commit, job: str, reply: str) -> None:
        """Give a blocked job a person's answer, inside a commit: it goes back to its queue with it.

        Raises:
            NotFound: There is no such job.
            InvalidArgument: It asks nothing, or the answer is empty or too long.
        """
        if not plain_text("reply", reply, LIMITS.note_chars_max):
            raise refused("reply", "is empty", "Say what the agent has asked for.")
        row = await known(commit.tx, commit.caller, job)
        if row.state != "blocked":
            raise refused("job", f"{job} is {row.state}, and asks nothing", "Nothing has to be done.")
        await jobs.answer(commit.tx, row.job_id, reply)
        await self._put_back(commit, row)
        await attention.resolve(commit, "blocked_job", job, outcome="replied", note=reply, by=commit.caller.agent)

    async def _put_back(self, commit: Commit, row: JobRow) -> None:
        await jobs.put_back(commit.tx, row.job_id, failures=0)
        commit.tx.after_commit(lambda: self._claiming.queued(row.queue))

    def _shown_queue(self, row: QueueRow, caller: Caller, now_s: float) -> Result:
        waits_s = None if row.oldest_at is None else max(0, round(now_s - row.oldest_at))
        shown: Result = {"queue": row.queue, **row.counts, "oldest_seconds": waits_s}
        shown["waiting"] = self._claiming.waiting_for(row.queue, caller)
        return {name: value for name, value in shown.items() if value is not None}


async def _newest(
    tx: Transaction, caller: Caller, before: int | None, limit: int, **filters: str | None
) -> tuple[list[JobRow], int | None]:
    """Return the newest jobs of which a caller is told, and the last one that was looked at, when there may be more."""
    if caller.scope.is_whole("jobs"):
        return await jobs.page(tx, before=before, limit=limit, **filters), None
    found: list[JobRow] = []
    for _ in range(LIMITS.jobs_looked_at_max // CHUNK):
        page = await jobs.page(tx, before=before, limit=CHUNK, **filters)
        found += [row for row in page if is_told(caller, row)]
        if len(page) < CHUNK or len(found) >= limit:
            return found[:limit], None
        before = page[-1].job_id
    return found, before


async def _queues(tx: Transaction, caller: Caller) -> list[QueueRow]:
    if caller.scope.is_whole("jobs"):
        return await jobs.queues(tx, limit=LIMITS.list_rows_max)
    told, _ = await _newest(tx, caller, None, LIMITS.jobs_looked_at_max)
    found: dict[str, QueueRow] = {}
    for row in told:
        queue = found.setdefault(row.queue, QueueRow(row.queue, dict(jobs.NO_JOBS), None))
        queue.counts[row.state] += 1
        if row.state == "queued":  # the newest come first
            found[row.queue] = queue._replace(oldest_at=row.created_at)
    return [found[name] for name in sorted(found)][: LIMITS.list_rows_max]


def _shown(row: JobRow) -> Result:
    shown: dict[str, Any] = {
        "job": job_name(row.job_id),
        "queue": row.queue,
        "state": row.state,
        "key": shown_key(row),
        "trigger": row.trigger,
        "cause": None if row.firing_id is None else triggers.firing_name(row.firing_id),
        "instructions": row.instructions,
        "attempt": row.attempt,
        "failures": row.failures,
        "agent": row.agent,
        "created_at": iso(row.created_at),
        "created_by": row.created_by,
        "not_before": iso(row.not_before) if row.not_before else None,
        "claimed_at": None if row.claimed_at is None else iso(row.claimed_at),
        "ended_at": None if row.ended_at is None else iso(row.ended_at),
        "note": row.note,
        "reply": row.reply,
    }
    return {name: value for name, value in shown.items() if value is not None}
