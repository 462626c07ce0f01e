"""All that starts the next agent, put together: triggers, timers, webhooks and jobs."""

import anyio

from workspace_server.core.triggers.targets import Approval, Queue, Target, Webhook
from workspace_server.services.automation.checking import Checking
from workspace_server.services.automation.decisions import Decisions
from workspace_server.services.automation.deliveries import Deliveries
from workspace_server.services.automation.endpoints import Endpoints
from workspace_server.services.automation.firing import Firing
from workspace_server.services.automation.jobs import Jobs
from workspace_server.services.automation.queues import Queues
from workspace_server.services.automation.reaction import Reaction
from workspace_server.services.automation.sending.policy import policy_of
from workspace_server.services.automation.targets.approval import ApprovalTarget
from workspace_server.services.automation.targets.handing import Taker
from workspace_server.services.automation.targets.queue import QueueTarget
from workspace_server.services.automation.targets.webhook import WebhookTarget
from workspace_server.services.automation.timers import Timers
from workspace_server.services.automation.triggers import Triggers
from workspace_server.services.folder import Folder
from workspace_server.services.locking.locks import Locks


class Automation:
    """The event side of one workspace.

    Attributes:
        reaction: What the recorder calls inside each commit.
        own_ports: Where this server listens.
        policy: Where requests may go.
    """

    def __init__(self, folder: Folder, locks: Locks) -> None:
        self.own_ports: set[int] = set()
        self.policy = policy_of(folder.settings, self.own_ports)
        queue, webhook = QueueTarget(), WebhookTarget()
        targets: dict[type[Target], Taker] = {  # what this server can start
            Queue: queue,
            Webhook: webhook,
            Approval: ApprovalTarget(),
        }
        checking = Checking(folder.objects, folder.settings.checks or {})
        self.reaction = Reaction(targets, checking)
        self.triggers = Triggers(folder, self.reaction, self.policy, checking)
        self.deliveries = Deliveries(folder, self.reaction, self.policy)
        self.endpoints = Endpoints(folder, self.deliveries.due)
        self.jobs = Jobs(folder, self.reaction, locks)
        self.queues = Queues(folder, self.jobs)
        self.decisions = Decisions(
            folder,
            self.reaction,
            self.triggers,
            self.queues,
            {
                "dead_letter": lambda caller, key: self.deliveries.redeliver(caller, delivery=key),
                "endpoint_disabled": lambda caller, key: self.endpoints.enable_endpoint(caller, endpoint=key),
                "dead_job": lambda caller, key: self.queues.revive_job(caller, job=key),
            },
        )
        queue.queued, webhook.due = self.jobs.queued, self.deliveries.due
        self._firing = Firing(folder, self.reaction)
        self._timers = Timers([self._firing, self.jobs])
        self.reaction.timer_set = self._timers.look

    def listens_on(self, port: int) -> None:
        """Take note of a port of this server's own: no webhook ever goes there."""
        self.own_ports.add(port)

    async def begin(self) -> None:
        """Take up what the last server left: call once, before `run` and before anybody calls."""
        await self._firing.begin()
        await self.jobs.begin()

    async def run(self) -> None:
        """Fire and send until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._timers.run)
            tasks.start_soon(self.deliveries.run)

    async def settle(self) -> None:
        """Do what is due by now, without waiting for a timer."""
        while await self._timers.step() <= 0:
            pass
        self.deliveries.look()

    async def due(self) -> list[str]:
        """Return what still has to be done without anybody being connected, in words."""
        pending = await self.deliveries.pending() if self.deliveries.are_sent else 0
        waiting = await self._firing.waiting()
        reasons = [f"{pending} webhooks are on their way"] if pending else []
        return [*reasons, f"{waiting} firings wait for their time"] if waiting else reasons
