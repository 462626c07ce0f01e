"""The use cases of jobs: add, claim, finish; and what becomes of those whose claimant falls silent."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args

from workspace_server.core.access import SERVER, Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.core.triggers.fields import check_instructions, check_name
from workspace_server.errors import JobLost, NotFound
from workspace_server.services.arguments import bounded, plain_text, refused
from workspace_server.services.automation.bells import Lines
from workspace_server.services.automation.reaction import Reaction
from workspace_server.services.folder import Folder
from workspace_server.services.locking.locks import Locks
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files, jobs, locks, meta, triggers
from workspace_server.storage.tables.jobs import Input, JobRow

Outcome = Literal["done", "retry", "failed"]
VISIBILITY_S_MIN: Final = 5
KEY_CHARS_MAX: Final = 200
LOST_BY_MAX: Final = 20
"""Most agents that a job remembers to have fallen silent on it."""


class _NothingToClaimError(Exception):
    """Somebody else was faster; rolls the claim back, so that its request id stays free."""


class Jobs:
    """Work that agents claim. Errors: invalid_argument, not_found, job_lost, forbidden.

    A job has one claimant at a time. It stays with that agent as long as it gives a sign of life every
    `visibility_seconds`; after that it goes back to its queue. Nothing stops a silent agent from working on: it learns
    from `job_lost` that the job is no longer its own.
    """

    def __init__(self, folder: Folder, reaction: Reaction, held: Locks) -> None:
        self._folder = folder
        self._reaction = reaction
        self._locks = held
        self._lines = Lines()
        self._heard: dict[str, float] = {}

    def queued(self, queue: str) -> None:
        """Wake the first who waits for a job of a queue."""
        self._lines.wake(queue)

    def heard_of(self, agent: str) -> None:
        """Take note of a sign of life: any call of an agent keeps its jobs."""
        if agent in self._heard:
            self._heard[agent] = self._folder.clock.boot_s()

    async def add_job(
        self,
        caller: Caller,
        *,
        queue: str,
        instructions: str,
        inputs: Sequence[str | Mapping[str, Any]] = (),
        key: str | None = None,
    ) -> Result:
        """Put a job into a queue and return `{job}`; while a job of the same key is unfinished, it is that one."""
        caller.require("jobs")
        check_name("queue", queue)
        check_instructions(instructions)
        if plain_text("key", key, KEY_CHARS_MAX) == "":
            raise refused("key", "is empty", "Leave it out.")
        if len(inputs) > LIMITS.job_inputs_max:
            reason = f"has {len(inputs)} entries; {LIMITS.job_inputs_max} are allowed"
            raise refused("inputs", reason, "Write their paths to a file and give that one.")

        async def body(commit: Commit) -> Result:
            tx = commit.tx
            there = None if key is None else await jobs.unfinished(tx, queue, key)
            if there is not None:
                return {"job": _name(there)}
            named = [await _input(tx, entry) for entry in inputs]
            job_id = await meta.raise_counter(tx, "job")
            await jobs.insert(
                tx, job_id=job_id, queue=queue, instructions=instructions, inputs=named, agent=caller.agent, key=key
            )
            tx.after_commit(lambda: self._lines.wake(queue))
            return {"job": _name(job_id)}

        return await self._folder.recorder.change(caller, "add_job", body)

    async def claim_job(
        self, caller: Caller, *, queue: str, wait_seconds: float = 0, visibility_seconds: float = 1_800
    ) -> Result:
        """Take the oldest job of a queue and return `{job?}`; with *wait_seconds* wait for one to come."""
        caller.require("jobs")
        check_name("queue", queue)
        bounded("wait_seconds", wait_seconds, 0, LIMITS.wait_s_max)
        bounded("visibility_seconds", visibility_seconds, VISIBILITY_S_MIN, LIMITS.visibility_s_max)
        until = time.monotonic() + wait_seconds
        # A repeat under the same request id gets the job that it has got, whatever waits in the queue now.
        look = caller.request_id is not None
        while True:
            # Nothing suspends between this look and taking a place in the line, so that no job comes in unseen.
            if look or await self._waiting(queue):
                claimed = await self._claim(caller, queue, visibility_seconds)
                if claimed is not None:
                    return claimed
                look = False
                continue
            left_s = until - time.monotonic()
            if left_s <= 0:
                return {}
            await self._lines.wait(queue, min(left_s, await self._delayed_s(queue)))

    async def finish_job(
        self,
        caller: Caller,
        *,
        job: str,
        outcome: Outcome = "done",
        note: str | None = None,
        delay_seconds: float = 0,
    ) -> Result:
        """Say how a claimed job went and return `{job, state}`.

        Locks granted to the agent since its claim are released, unless it has another job open.
        """
        caller.require("jobs")
        if outcome not in get_args(Outcome):
            raise refused("outcome", f"must be one of {', '.join(get_args(Outcome))}")
        bounded("delay_seconds", delay_seconds, 0, LIMITS.job_delay_s_max)
        plain_text("note", note, LIMITS.note_chars_max)

        async def body(commit: Commit) -> Result:
            tx = commit.tx
            row = await self._own(tx, caller, job, outcome)
            if row.state != "claimed":
                return {"job": job, "state": row.state}
            if outcome == "retry":
                await jobs.put_back(tx, row.job_id, delay_s=delay_seconds, note=note)
                tx.after_commit(lambda: self._lines.wake(row.queue))
            else:
                await jobs.end(tx, row.job_id, outcome, note)
            await self._release(commit, row)
            if outcome != "retry" and row.firing_id is not None:
                for made in await self._reaction.finish(tx, row.firing_id):
                    await commit.add(made.type, path=made.path, version=made.version, agent="server", **made.data)
            return {"job": job, "state": "queued" if outcome == "retry" else outcome}

        return await self._folder.recorder.change(caller, "finish_job", body)

    async def next_due_s(self) -> float | None:
        """Return in how many seconds a claim ends, or None when there is none."""
        ends = await self._folder.db.read(jobs.next_deadline)
        return None if ends is None else ends - self._folder.clock.boot_s()

    async def run_due(self) -> None:
        """Take the jobs of silent claimants away."""

        async def body(commit: Commit) -> Result:
            for row in await jobs.overdue(commit.tx):
                await self._overdue(commit.tx, row)
            return {}

        await self._folder.recorder.change(SERVER, "end_claims", body)

    async def begin(self) -> None:
        """Give every claimant its whole time again: it could not be heard while the server was away."""

        async def body(tx: Transaction) -> list[str]:
            await jobs.give_fresh_time(tx)
            return await jobs.claimants(tx)

        now_s = self._folder.clock.boot_s()
        self._heard = dict.fromkeys(await self._folder.db.write(body), now_s)

    async def counts(self) -> dict[str, int]:
        """Return how many jobs there are in each state."""
        return await self._folder.db.read(jobs.counts)

    async def _waiting(self, queue: str) -> bool:
        return await self._folder.db.read(lambda tx: jobs.waiting(tx, queue))

    async def _delayed_s(self, queue: str) -> float:
        """Return in how many seconds a job that was put off can be claimed."""
        due_at = await self._folder.db.read(lambda tx: jobs.next_delayed(tx, queue))
        return LIMITS.wait_s_max if due_at is None else max(0.0, due_at - self._folder.clock.wall_s())

    async def _claim(self, caller: Caller, queue: str, visibility_s: float) -> Result | None:
        async def body(commit: Commit) -> Result:
            row = await jobs.claim(commit.tx, queue, caller.agent, visibility_s=visibility_s)
            if row is None:
                raise _NothingToClaimError
            commit.tx.after_commit(lambda: self._claimed(caller.agent, queue))
            return {"job": _shown(row, visibility_s)}

        try:
            return await self._folder.recorder.change(caller, "claim_job", body)
        except _NothingToClaimError:
            return None

    def _claimed(self, agent: str, queue: str) -> None:
        self._heard[agent] = self._folder.clock.boot_s()
        self._reaction.timer_set()
        self._lines.wake(queue)  # there may be more for the next in line

    async def _own(self, tx: Transaction, caller: Caller, job: str, outcome: Outcome) -> JobRow:
        """Return the job when it is the caller's; also when it has ended in just this way (a repeat)."""
        number = _number(job)
        row = None if number is None else await jobs.by_id(tx, number)
        if row is not None and row.agent == caller.agent and row.state in {"claimed", outcome}:
            return row
        silent = row is not None and caller.agent in row.lost_by
        raise JobLost(
            "Your time for this job ran out, and it went back to its queue." if silent else "It is not a job of yours.",
            hint="claim_job the next one; what you saved stays.",
            job=job[: LIMITS.handle_chars_max],
            reason="expired" if silent else "unknown",
        )

    async def _release(self, commit: Commit, row: JobRow) -> None:
        assert row.agent is not None
        assert row.claimed_at is not None
        if await jobs.claimed_by(commit.tx, row.agent):
            return
        for held in await locks.granted_to(commit.tx, row.agent, since_s=row.claimed_at):
            await self._locks.end(commit, held, "released")

    async def _overdue(self, tx: Transaction, row: JobRow) -> None:
        assert row.agent is not None
        assert row.visibility_s is not None
        until_s = self._heard.get(row.agent, 0.0) + row.visibility_s
        if until_s > tx.boot_s:
            await jobs.extend(tx, row.job_id, deadline_s=until_s)
        else:
            await jobs.take_away(tx, row, keep=LOST_BY_MAX)
            tx.after_commit(lambda: self._lines.wake(row.queue))


def _name(job_id: int) -> str:
    return f"J{job_id}"


def _number(name: str) -> int | None:
    digits = name.removeprefix("J")
    return int(digits) if digits != name and digits.isascii() and digits.isdigit() and len(digits) < 19 else None


async def _input(tx: Transaction, entry: str | Mapping[str, Any]) -> Input:
    """Return an input as `{path, version}`; without a version it is the one that stands there."""
    if not isinstance(entry, (str, Mapping)):
        raise refused("inputs", "an entry is a path or {path, version}", 'For example ["draft.md"].')
    path = canonical_file(entry if isinstance(entry, str) else str(entry.get("path", "")))
    version = None if isinstance(entry, str) else entry.get("version")
    row = await files.by_path(tx, path)
    if row is None or (version is None and not row.live):
        raise NotFound(
            f"There is no file {path}.",
            hint=f"Save it first with write_file(path={path!r}, …), or leave it out of `inputs`.",
            path=path,
        )
    if version is None:
        return {"path": path, "version": row.version}
    if not isinstance(version, int) or not 1 <= version <= row.version:
        raise refused("inputs", f"{path} has no version {version}", f"The newest is {row.version}.")
    return {"path": path, "version": version}


def _shown(row: JobRow, visibility_s: float) -> Result:
    shown: Result = {
        "job": _name(row.job_id),
        "queue": row.queue,
        "trigger": row.trigger,
        "instructions": row.instructions,
        "inputs": row.inputs,
        "attempt": row.attempt,
        "expires_in_seconds": round(visibility_s),
        "cause": None if row.firing_id is None else triggers.firing_name(row.firing_id),
    }
    return {name: value for name, value in shown.items() if name != "trigger" or value is not None}
