"""The use cases of jobs: add, claim, finish."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from workspace_server.core.access import SERVER, Caller
from workspace_server.core.agents import note_number
from workspace_server.core.attention import Kind
from workspace_server.core.commands import command_of
from workspace_server.core.jobs import OPEN, TAKEN_BACK, Outcome, State, job_name, state_after
from workspace_server.core.kept_log import KeptLog
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.core.triggers.fields import check_instructions, check_name
from workspace_server.errors import NotFound
from workspace_server.services.agents.notes import Notes
from workspace_server.services.arguments import bounded, plain_text, refused
from workspace_server.services.automation import attention
from workspace_server.services.automation.claimants import check_decides, known, lost, not_yours, numbered, own, twin_of
from workspace_server.services.automation.claiming import Claiming
from workspace_server.services.automation.reaction import Reaction
from workspace_server.services.folder import Folder
from workspace_server.services.locking.locks import Locks
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files, job_logs, jobs, locks, meta, triggers
from workspace_server.storage.tables.jobs import Input, JobRow

VISIBILITY_S_MIN: Final = 5
KEY_CHARS_MAX: Final = 200
_NEEDS: Final[dict[State, tuple[Kind, str]]] = {
    "blocked": ("blocked_job", "asks"),
    "failed": ("dead_job", "failed"),
    "dead": ("dead_job", "was given up after too many attempts"),
}
"""The states of a job that need a person: of which kind that is, and how it is said."""


class Jobs:
    """Work that agents claim. Errors: invalid_argument, not_found, job_lost, forbidden.

    A job has one claimant at a time. It stays with that agent as long as it gives a sign of life every
    `visibility_seconds`; after that it goes back to its queue. Nothing stops a silent agent from working on: it learns
    from `job_lost` that the job is no longer its own. A job at which too many attempts came to nothing is dead: it
    waits for a person to put it back.
    """

    def __init__(self, folder: Folder, reaction: Reaction, held: Locks, claiming: Claiming, notes: Notes) -> None:
        self._folder = folder
        self._reaction = reaction
        self._locks = held
        self._claiming = claiming
        self._notes = notes

    async def add_job(
        self,
        caller: Caller,
        *,
        queue: str,
        instructions: str,
        inputs: Sequence[str | Mapping[str, Any]] = (),
        key: str | None = None,
    ) -> Result:
        """Put a job into a queue and return `{job}`; while a job of the same key is open, it is that one."""
        caller.require_somewhere("jobs")
        check_name("queue", queue)
        check_instructions(instructions)
        if plain_text("key", key, KEY_CHARS_MAX) == "":
            raise refused("key", "is empty", "Leave it out.")
        if len(inputs) > LIMITS.job_inputs_max:
            reason = f"has {len(inputs)} entries; {LIMITS.job_inputs_max} are allowed"
            raise refused("inputs", reason, "Write their paths to a file and give that one.")

        async def body(commit: Commit) -> Result:
            tx = commit.tx
            kept_key, there = (None, None) if key is None else await twin_of(tx, caller, queue, key)
            if there is not None:
                return {"job": job_name(there)}
            named = [await _input(tx, caller, entry) for entry in inputs]
            job_id = await meta.raise_counter(tx, "job")
            await jobs.insert(
                tx,
                job_id=job_id,
                queue=queue,
                instructions=instructions,
                inputs=named,
                agent=caller.agent,
                key=kept_key,
            )
            tx.after_commit(lambda: self._claiming.queued(queue))
            return {"job": job_name(job_id)}

        return await self._folder.recorder.change(caller, "add_job", body)

    async def claim_job(
        self,
        caller: Caller,
        *,
        queue: str,
        wait_seconds: float = 0,
        visibility_seconds: float = 1_800,
        session: str | None = None,
    ) -> Result:
        """Take the oldest job of a queue and return `{job?}`; with *wait_seconds* wait for one to come.

        Those who wait are served first come first served.

        Args:
            session: Tells processes of one name apart: then only this one's calls keep the job.
        """
        caller.require_somewhere("jobs")
        check_name("queue", queue)
        bounded("wait_seconds", wait_seconds, 0, LIMITS.wait_s_max)
        bounded("visibility_seconds", visibility_seconds, VISIBILITY_S_MIN, LIMITS.visibility_s_max)
        plain_text("session", session, LIMITS.request_id_chars_max)
        return await self._claiming.take(
            caller, queue, wait_s=wait_seconds, visibility_s=visibility_seconds, session=session or caller.session
        )

    async def finish_job(
        self,
        caller: Caller,
        *,
        job: str,
        outcome: Outcome = "done",
        note: str | None = None,
        delay_seconds: float = 0,
    ) -> Result:
        """Say how a claimed job went, or the firing of a webhook that names the caller; return `{job, state}`.

        A note to the caller (`N3`) is acknowledged so; *note* is what it answers.

        Locks granted to the agent since its claim are released, unless it has another job open. `blocked` asks a
        person what stands in *note*; the answer brings the job back with `reply`.
        """
        caller.require_somewhere("jobs")
        if outcome not in get_args(Outcome):
            raise refused("outcome", f"must be one of {', '.join(get_args(Outcome))}")
        bounded("delay_seconds", delay_seconds, 0, LIMITS.job_delay_s_max)
        if not plain_text("note", note, LIMITS.note_chars_max) and outcome == "blocked":
            raise refused("note", "a person is to answer it, and it is empty", "Say in `note` what you need to know.")
        if note_number(job) is not None:
            return await self._notes.acknowledge(caller, note=job, outcome=outcome, words=note)

        async def body(commit: Commit) -> Result:
            if triggers.firing_number(job) is not None:
                return await self._finish_firing(commit, job, outcome)
            row = await own(commit.tx, caller, job, outcome)
            if row.state != "claimed":
                return {"job": job, "state": row.state}
            state = await self.end_attempt(commit, row, outcome, note, delay_s=delay_seconds)
            await self.release(commit, row)
            return {"job": job, "state": state}

        return await self._folder.recorder.change(caller, "finish_job", body)

    async def end_attempt(
        self, commit: Commit, row: JobRow, outcome: Outcome, note: str | None, *, delay_s: float = 0.0
    ) -> State:
        """End the attempt at a claimed job inside a commit, with all that follows, and return the job's new state."""
        tx = commit.tx
        state = state_after(outcome, failures=row.failures)
        if self._folder.recorder.spans is not None:
            await self._folder.recorder.spans.work(tx, row, outcome)
        if state == "queued":
            await jobs.put_back(tx, row.job_id, failures=row.failures + 1, delay_s=delay_s, note=note)
            tx.after_commit(self._reaction.timer_set if delay_s else lambda: self._claiming.queued(row.queue))
        elif state == "blocked":
            await jobs.block(tx, row.job_id, note)
        else:
            await jobs.end(tx, row.job_id, state, note)
        if state in _NEEDS:
            await _call_a_person(commit, row, state, note or row.note)
        if state not in OPEN:
            await self._end_firing(commit, row.firing_id)
        return state

    async def cancel_job(self, caller: Caller, *, job: str, note: str | None = None) -> Result:
        """Give up a job that is not at its end, because a person says so, and return `{job, state}`.

        Whoever has claimed it learns that from `job_lost`. It can be revived.
        """
        caller.require_somewhere("admin")
        plain_text("note", note, LIMITS.note_chars_max)

        async def body(commit: Commit) -> Result:
            commit.about = job
            row = await known(commit.tx, caller, job)
            check_decides(caller, row)
            if row.state not in OPEN:
                raise refused("job", f"{job} is {row.state} already", "Nothing has to be done.")
            if row.state == "claimed" and row.visibility_s is None:
                raise refused("job", f"the server itself runs {job}", "It ends within its command's time.")
            await jobs.end(commit.tx, row.job_id, "failed", note)
            await attention.resolve(commit, "blocked_job", job, outcome="cancelled", note=note, by=caller.agent)
            await self._end_firing(commit, row.firing_id)
            if row.state == "claimed":
                await self.release(commit, row)
            return {"job": job, "state": "failed"}

        return await self._folder.recorder.change(caller, "cancel_job", body)

    async def _end_firing(self, commit: Commit, firing_id: int | None) -> None:
        """Let the trigger of a job that is at its end go on."""
        if firing_id is not None:
            for made in await self._reaction.finish(commit.tx, firing_id):
                await commit.add(made.type, path=made.path, version=made.version, agent=SERVER.agent, **made.data)

    async def _finish_firing(self, commit: Commit, name: str, outcome: Outcome) -> Result:
        """End the firing of a webhook whose receiver acts as the caller; a second time nothing happens."""
        firing = await self._reaction.left_to(commit.tx, commit.caller.agent, name)
        if firing is None:
            raise lost(name, "It is not a firing of yours.")
        if outcome not in {"done", "failed"}:
            raise refused("outcome", "must be done or failed for a webhook's firing", "Nobody would be called again.")
        await self._end_firing(commit, firing.firing_id)
        return {"job": name, "state": outcome}

    async def write_log(self, caller: Caller, *, job: str, attempt: int, text: str, size_bytes: int = 0) -> Result:
        """Keep what the program of an attempt has printed so far and return `{job, state}`; also a sign of life.

        A program may have finished its job by itself and print on: then `state` is no longer `claimed`.

        Args:
            attempt: The one that the job was claimed for; a later one is somebody else's, even under the same name.
            text: All that is kept of it: its beginning and its end.
            size_bytes: How much was printed, when that is more.
        """
        caller.require_somewhere("jobs")
        kept = KeptLog()
        kept.add(text.encode(errors="replace"))

        async def body(tx: Transaction) -> JobRow:
            row = await numbered(tx, caller, job)
            if row.agent != caller.agent or row.attempt != attempt or row.state in TAKEN_BACK:
                raise not_yours(row, caller, job)
            await job_logs.write(
                tx,
                row.job_id,
                attempt,
                agent=caller.agent,
                size_bytes=max(size_bytes, kept.size_bytes),
                kept=kept.text(),
                logs_max=LIMITS.job_logs_max,
            )
            return row

        self._folder.recorder.check_room("write_log")
        row = await self._folder.db.write(body)
        self._claiming.claimed(caller.agent, row.session)
        return {"job": job, "state": row.state}

    async def counts(self) -> dict[str, int]:
        """Return how many jobs there are in each state."""
        return await self._folder.db.read(jobs.counts)

    async def release(self, commit: Commit, row: JobRow) -> None:
        """Release the locks that were granted for a job which its claimant has finished, unless it has another."""
        assert row.agent is not None
        assert row.claimed_at is not None
        if await jobs.claimed_by(commit.tx, row.agent):
            return
        for held in await locks.granted_to(commit.tx, row.agent, since_s=row.claimed_at):
            await self._locks.end(commit, held, "released")


async def _call_a_person(commit: Commit, row: JobRow, state: State, note: str | None) -> None:
    """Put a job on the list of what needs a person; it leaves it with a reply, or when it is revived."""
    kind, said = _NEEDS[state]
    if kind == "dead_job" and command_of(row.queue) is not None:
        kind = "failed_command"
    name = job_name(row.job_id)
    about = {"job": name, "queue": row.queue, "trigger": row.trigger, "agent": row.agent, "note": note}
    known = {fact: value for fact, value in about.items() if value is not None}
    summary = f"{name} of {row.queue} {said}" + (f": {note}" if note else "")
    await attention.add(commit, kind=kind, key=name, summary=summary, about=known)


async def _input(tx: Transaction, caller: Caller, entry: str | Mapping[str, Any]) -> Input:
    """Return an input as `{path, version}`; without a version it is the one that stands there."""
    if not isinstance(entry, (str, Mapping)):
        raise refused("inputs", "an entry is a path or {path, version}", 'For example ["draft.md"].')
    path = canonical_file(entry if isinstance(entry, str) else str(entry.get("path", "")))
    caller.require("jobs", path)
    caller.require("read", path)
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
