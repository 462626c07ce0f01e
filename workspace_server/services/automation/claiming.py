"""How a job comes to its claimant: those who wait for a queue stand in line, and one of them gets each job."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from workspace_server.core.access import SERVER, Caller
from workspace_server.core.firings import beside_inputs
from workspace_server.core.jobs import job_name
from workspace_server.core.limits import LIMITS
from workspace_server.services.automation.bells import Lines
from workspace_server.services.automation.claimants import is_told
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import jobs, requests, triggers
from workspace_server.storage.tables.jobs import JobRow

log = logging.getLogger(__name__)

CHUNK: Final = 500
"""How many jobs are looked at at a time for one of which the caller is told."""
_MAY_LACK: Final = frozenset({"trigger", "reply", "expires_in_seconds"})


class _NothingToClaimError(Exception):
    """Somebody else was faster; rolls the claim back, so that its request id stays free."""


class _Asked(NamedTuple):
    """A claim as it was asked for.

    Attributes:
        line: In which line it waits; that of the queue itself when its caller is told of every job.
        visibility_s: For how long the job is the caller's without a sign of life; None: as long as the server lives.
    """

    caller: Caller
    queue: str
    line: str
    ticket: int
    visibility_s: float | None
    session: str | None


class Claiming:
    """Gives jobs out, first come first served.

    Attributes:
        claimed: Called with the agent and its session after a commit that gave it a job.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._lines = Lines()
        self._apart: dict[str, Counter[str]] = {}
        """The lines of a queue beside the common one, and how many stand in each."""
        self._given_back: set[asyncio.Task[None]] = set()
        self.claimed: Callable[[str, str | None], None] = lambda _agent, _session: None

    def queued(self, queue: str) -> None:
        """Call up the next one who waits for a job of *queue*, in each of its lines: there is one more."""
        for line in (queue, *self._apart.get(queue, ())):
            self._lines.wake(line)

    def waiting_for(self, queue: str, caller: Caller) -> int:
        """Return how many wait for a job of *queue*, of those that a caller is told of."""
        if caller.scope.is_whole("jobs"):
            return sum(map(self._lines.waiting, (queue, *self._apart.get(queue, ()))))
        return sum(self._lines.waiting(one) for one in self._apart.get(queue, ()) if one.split("\n")[1] == caller.agent)

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
        with self._line(caller, queue) as line:
            asked = _Asked(caller, queue, line, self._lines.ticket(), visibility_s, session)
            return await self._waited(asked, until)

    @contextmanager
    def _line(self, caller: Caller, queue: str) -> Iterator[str]:
        """Say in which line a caller waits: one that is not told of every job stands apart, and delays nobody."""
        if caller.scope.is_whole("jobs"):
            yield queue
            return
        line = "\n".join([queue, caller.agent, *map(str, caller.scope.grants)])
        apart = self._apart.setdefault(queue, Counter())
        apart[line] += 1
        try:
            yield line
        finally:
            apart[line] -= 1
            if not apart[line]:
                del apart[line]
            if not apart:
                self._apart.pop(queue, None)

    async def _waited(self, asked: _Asked, until: float) -> Result:
        while True:
            # Nothing suspends between these looks and taking a place in the line, so that no job comes in unseen.
            if await self._is_repeat(asked.caller) or await self._is_for(asked, asked.ticket):
                claimed = await self._in_turn(asked)
                if claimed is not None:
                    return claimed
            left_s = until - time.monotonic()
            if left_s <= 0:
                return {}
            await self._lines.wait(asked.line, asked.ticket, left_s)

    async def _is_repeat(self, caller: Caller) -> bool:
        """Whether this request was answered before: it gets the job that it has got, whatever waits in the queue."""
        request_id = caller.request_id
        if request_id is None:
            return False
        return await self._folder.db.read(lambda tx: requests.answered(tx, caller.agent, request_id)) is not None

    async def _is_for(self, asked: _Asked, ticket: int) -> bool:
        """Whether there is a job that none of those before in the line has been called up for."""
        before = self._lines.ahead(asked.line, ticket)
        if asked.line == asked.queue:
            return await self._folder.db.read(lambda tx: jobs.waiting(tx, asked.queue, beyond=before))
        told = await self._folder.db.read(lambda tx: _told(tx, asked.caller, asked.queue, most=before + 1))
        return len(told) > before

    async def _in_turn(self, asked: _Asked) -> Result | None:
        """Claim a job; a claim that a cancelled call was too late to stop is taken back."""
        claiming = asyncio.ensure_future(self._claim(asked))
        line = asked.line
        try:
            with self._lines.turn(line, asked.ticket):
                return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            task = asyncio.ensure_future(self._give_back(asked.caller, claiming))
            self._given_back.add(task)
            task.add_done_callback(self._given_back.discard)
            raise
        finally:
            following = self._lines.first(line)
            if following is not None and await self._is_for(asked, following):
                self._lines.wake(line)

    async def _claim(self, asked: _Asked) -> Result | None:
        caller = asked.caller

        async def body(commit: Commit) -> Result:
            tx = commit.tx
            if asked.line == asked.queue:
                first = await jobs.first(tx, asked.queue)
            else:
                first = next((row.job_id for row in await _told(tx, caller, asked.queue, most=1)), None)
            if first is None:
                raise _NothingToClaimError
            visibility_s = asked.visibility_s
            row = await jobs.claim(tx, first, caller.agent, visibility_s=visibility_s, session=asked.session)
            tx.after_commit(lambda: self.claimed(caller.agent, asked.session))
            firing = None if row.firing_id is None else await triggers.firing(tx, row.firing_id)
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


async def _told(tx: Transaction, caller: Caller, queue: str, *, most: int) -> list[JobRow]:
    """Return the oldest jobs of a queue that can be claimed now and of which the caller is told."""
    found: list[JobRow] = []
    after, left = 0, LIMITS.jobs_looked_at_max
    while len(found) < most and left > 0:
        page = await jobs.claimable(tx, queue, after=after, limit=min(left, CHUNK))
        found += [row for row in page if is_told(caller, row)]
        left -= CHUNK
        if len(page) < CHUNK:
            break
        after = page[-1].job_id
    return found[:most]


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
