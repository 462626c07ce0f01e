"""The targets `queue` and `command`: a firing becomes a job, which an agent claims or the server itself does."""

from collections.abc import Callable

from workspace_server.core.access import SERVER
from workspace_server.core.commands import QUEUE_PREFIX
from workspace_server.core.jobs import job_name
from workspace_server.core.triggers.targets import Command, Queue
from workspace_server.services.automation.targets.handing import Handed, Taken
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import jobs, meta


class QueueTarget:
    """Puts a job into a queue; each command has one of its own, which the server works on.

    Attributes:
        queued: Called with the queue once that is committed.
    """

    def __init__(self) -> None:
        self.queued: Callable[[str], None] = lambda _queue: None

    async def take(self, tx: Transaction, handed: Handed) -> Taken:
        """Insert the job; the firing lasts until it is finished."""
        target = handed.rule.target
        assert isinstance(target, Queue | Command)
        kind, queue = ("queue", target.name) if isinstance(target, Queue) else ("command", QUEUE_PREFIX + target.name)
        job_id = await meta.raise_counter(tx, "job")
        await jobs.insert(
            tx,
            job_id=job_id,
            queue=queue,
            instructions=handed.rule.instructions,
            inputs=handed.inputs,
            agent=SERVER.agent,
            firing_id=handed.row.firing_id,
        )
        tx.after_commit(lambda: self.queued(queue))
        return Taken(facts={kind: target.name, "job": job_name(job_id)})
