"""How a job comes to its claimant: those who wait for a queue stand in line, and one of them gets each job."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from workspace_server.core.access import SERVER, Caller
from workspace_server.core.firings import beside_inputs
from workspace_server.core.jobs import job_name
from workspace_server.services.automation.bells import Lines
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.tables import jobs, requests, triggers
from workspace_server.storage.tables.jobs import JobRow

log = logging.getLogger(__name__)

_MAY_LACK: Final = frozenset({"trigger", "reply", "expires_in_seconds"})


class _NothingToClaimError(Exception):
    """Somebody else was faster; rolls the claim back, so that its request id stays free."""


class Claiming:
    """Gives jobs out, first come first served.

    Attributes:
        claimed: Called with the agent and its session after a commit that gave it a job.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._lines = Lines()
        self._given_back: set[asyncio.Task[None]] = set()
        self.claimed: Callable[[str, str | None], None] = lambda _agent, _session: None

    def queued(self, queue: str) -> None:
        """Call up the next one who waits for a job of *queue*: there is one more."""
        self._lines.wake(queue)

    def waiting_for(self, queue: str) -> int:
        """Return how many wait for a job of *queue*."""
        return self._lines.waiting(queue)

    async def take(
        self, caller: Caller, queue: str, *, wait_s: float, visibility_s: float | None, session: str | None = None
    ) -> Result:
        """Return `{job?}`: the oldest job of a queue, for which it waits up to *wait_s* seconds.

        Args:
            visibility_s: For how long it is the caller's without a sign of life; None: as long as the server lives.
            session: Which process under the caller's name claims it.

        Raises:
            Paused: The caller is, for all of that time, or when its turn comes.
        """
        until = time.monotonic() + wait_s
        if not await self._is_repeat(caller):
            # Not in the line: whoever is paused takes nobody's place.
            await self._folder.gate.pass_within(caller, "claim_job", wait_s)
        ticket = self._lines.ticket()
        while True:
            # Nothing suspends between these looks and taking a place in the line, so that no job comes in unseen.
            if await self._is_repeat(caller) or await self._is_for(queue, ticket):
                claimed = await self._in_turn(caller, queue, ticket, visibility_s, session)
                if claimed is not None:
                    return claimed
            left_s = until - time.monotonic()
            if left_s <= 0:
                return {}
            await self._lines.wait(queue, ticket, left_s)

    async def _is_repeat(self, caller: Caller) -> bool:
        """Whether this request was answered before: it gets the job that it has got, whatever waits in the queue."""
        request_id = caller.request_id
        if request_id is None:
            return False
        return await self._folder.db.read(lambda tx: requests.answered(tx, caller.agent, request_id)) is not None

    async def _is_for(self, queue: str, ticket: int) -> bool:
        """Whether there is a job that none of those before has been called up for."""
        before = self._lines.ahead(queue, ticket)
        return await self._folder.db.read(lambda tx: jobs.waiting(tx, queue, beyond=before))

    async def _in_turn(
        self, caller: Caller, queue: str, ticket: int, visibility_s: float | None, session: str | None
    ) -> Result | None:
        """Claim a job; a claim that a cancelled call was too late to stop is taken back."""
        claiming = asyncio.ensure_future(self._claim(caller, queue, visibility_s, session))
        try:
            with self._lines.turn(queue, ticket):
                return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            task = asyncio.ensure_future(self._give_back(caller, claiming))
            self._given_back.add(task)
            task.add_done_callback(self._given_back.discard)
            raise
        finally:
            following = self._lines.first(queue)
            if following is not None and await self._is_for(queue, following):
                self._lines.wake(queue)

    async def _claim(
        self, caller: Caller, queue: str, visibility_s: float | None, session: str | None
    ) -> Result | None:
        async def body(commit: Commit) -> Result:
            row = await jobs.claim(commit.tx, queue, caller.agent, visibility_s=visibility_s, session=session)
            if row is None:
                raise _NothingToClaimError
            commit.tx.after_commit(lambda: self.claimed(caller.agent, session))
            firing = None if row.firing_id is None else await triggers.firing(commit.tx, row.firing_id)
            return {"job": _shown(row, visibility_s) | ({} if firing is None else beside_inputs(firing.data))}

        try:
            return await self._folder.recorder.change(caller, "claim_job", body)
        except _NothingToClaimError:
            return None

    async def _give_back(self, caller: Caller, claiming: "asyncio.Future[Result | None]") -> None:
        """Put back the job of a claim that nobody heard of."""
        try:
            claimed = await claiming
            if claimed is None or caller.request_id is not None:
                return  # a request with an id is repeated by whoever still lives, and then gets this very job

            async def body(commit: Commit) -> Result:
                row = await jobs.of_attempt(commit.tx, claimed["job"]["job"], claimed["job"]["attempt"])
                if row is not None:
                    await jobs.put_back(commit.tx, row.job_id, failures=row.failures)
                    commit.tx.after_commit(lambda: self.queued(row.queue))
                return {}

            await self._folder.recorder.change(SERVER, "end_claims", body)
        except Exception:
            log.exception("a job that was claimed for nobody comes back once its time is over")


def _shown(row: JobRow, visibility_s: float | None) -> Result:
    shown: Result = {
        "job": job_name(row.job_id),
        "queue": row.queue,
        "trigger": row.trigger,
        "instructions": row.instructions,
        "by": row.asked_by,
        "inputs": row.inputs,
        "attempt": row.attempt,
        "expires_in_seconds": None if visibility_s is None else round(visibility_s),
        "cause": None if row.firing_id is None else triggers.firing_name(row.firing_id),
        "reply": row.reply,
    }
    return {name: value for name, value in shown.items() if name not in _MAY_LACK or value is not None}
