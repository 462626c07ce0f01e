"""For how long a claimed job stays with its claimant: as long as it gives signs of life."""

from collections.abc import Callable
from functools import partial
from typing import Final

from workspace_server.core.access import SERVER
from workspace_server.services.automation.claiming import Claiming
from workspace_server.services.automation.jobs import Jobs
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import jobs
from workspace_server.storage.tables.jobs import JobRow

LOST_BY_MAX: Final = 20
"""Most agents that a job remembers to have fallen silent on it."""


class Terms:
    """Hears of claimants, and takes the jobs of silent ones away; offers the jobs whose delay is over.

    What was heard stands in memory alone. Nothing is lost with it: a new server gives every claimant its whole time
    again, for it could not be heard while there was none.

    Attributes:
        timer_set: Called when a term begins.
    """

    def __init__(self, folder: Folder, finishing: Jobs, claiming: Claiming) -> None:
        self._folder = folder
        self._jobs = finishing
        self._claiming = claiming
        self._heard: dict[tuple[str, str | None], float] = {}
        self.timer_set: Callable[[], None] = lambda: None
        claiming.claimed = self.began

    def began(self, agent: str, session: str | None) -> None:
        """Take note of a claim, or of a sign of life for a job itself."""
        self._heard[agent, session] = self._folder.clock.boot_s()
        self.timer_set()

    def heard_of(self, agent: str, session: str | None = None) -> None:
        """Take note of a sign of life: any call of an agent keeps its jobs.

        Args:
            session: The process that calls; a job that was claimed by another process of that name is not kept.
        """
        for who in {(agent, None), (agent, session)}:
            if who in self._heard:
                self._heard[who] = self._folder.clock.boot_s()

    async def next_due_s(self) -> float | None:
        """Return in how many seconds a claim or a delay ends, or None when there is none."""
        clock = self._folder.clock

        async def read(tx: Transaction) -> list[float]:
            ends, ripe = await jobs.next_deadline(tx), await jobs.next_delayed(tx)
            found = [None if ends is None else ends - clock.boot_s(), None if ripe is None else ripe - clock.wall_s()]
            return [due_s for due_s in found if due_s is not None]

        return min(await self._folder.db.read(read), default=None)

    async def run_due(self) -> None:
        """Take the jobs of silent claimants away, and offer those whose delay is over."""

        async def body(commit: Commit) -> Result:
            for row in await jobs.overdue(commit.tx):
                await self._overdue(commit, row)
            for queue in await jobs.ripen(commit.tx):
                commit.tx.after_commit(partial(self._claiming.queued, queue))
            return {}

        await self._folder.recorder.change(SERVER, "end_claims", body)

    async def begin(self) -> None:
        """Give every claimant its whole time again."""

        async def body(tx: Transaction) -> list[tuple[str, str | None]]:
            await jobs.give_fresh_time(tx)
            return await jobs.claimants(tx)

        now_s = self._folder.clock.boot_s()
        self._heard = dict.fromkeys(await self._folder.db.write(body), now_s)

    async def _overdue(self, commit: Commit, row: JobRow) -> None:
        assert row.agent is not None
        assert row.visibility_s is not None
        until_s = self._heard.get((row.agent, row.session), 0.0) + row.visibility_s
        if until_s > commit.tx.boot_s:
            await jobs.extend(commit.tx, row.job_id, deadline_s=until_s)
            return
        await jobs.remember_lost(commit.tx, row, keep=LOST_BY_MAX)
        await self._jobs.end_attempt(commit, row, "retry", f"Nothing was heard of {row.agent} any more.")
