"""The target `queue`: a firing becomes a job that an agent claims."""

from collections.abc import Callable

from workspace_server.core.access import SERVER
from workspace_server.core.jobs import job_name
from workspace_server.core.triggers.targets import Queue
from workspace_server.services.automation.targets.handing import Handed, Taken
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import jobs, meta


class QueueTarget:
    """Puts a job into a queue.

    Attributes:
        queued: Called with the queue once that is committed.
    """

    def __init__(self) -> None:
        self.queued: Callable[[str], None] = lambda _queue: None

    async def take(self, tx: Transaction, handed: Handed) -> Taken:
        """Insert the job; the firing lasts until it is finished."""
        target = handed.rule.target
        assert isinstance(target, Queue)
        job_id = await meta.raise_counter(tx, "job")
        await jobs.insert(
            tx,
            job_id=job_id,
            queue=target.name,
            instructions=handed.rule.instructions,
            inputs=handed.inputs,
            agent=SERVER.agent,
            firing_id=handed.row.firing_id,
        )
        tx.after_commit(lambda: self.queued(target.name))
        return Taken(facts={"queue": target.name, "job": job_name(job_id)})
