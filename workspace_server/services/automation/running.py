"""All that starts the next agent, put together: triggers, timers, webhooks and jobs."""

import anyio

from workspace_server.core.commands import parse_commands
from workspace_server.core.triggers.targets import Approval, Command, Queue, Target, Webhook
from workspace_server.services.agents.notes import Notes
from workspace_server.services.automation.checking import Checking
from workspace_server.services.automation.claiming import Claiming
from workspace_server.services.automation.commands import Commands
from workspace_server.services.automation.decisions import Decisions
from workspace_server.services.automation.deliveries import Deliveries
from workspace_server.services.automation.endpoints import Endpoints
from workspace_server.services.automation.firing import Firing
from workspace_server.services.automation.flows import Flows
from workspace_server.services.automation.jobs import Jobs
from workspace_server.services.automation.making import Making
from workspace_server.services.automation.pausing import Pausing
from workspace_server.services.automation.progress import Progress
from workspace_server.services.automation.queues import Queues
from workspace_server.services.automation.reaction import Reaction
from workspace_server.services.automation.rehearsing import Rehearsing
from workspace_server.services.automation.runs import Runs
from workspace_server.services.automation.schedules import Schedules
from workspace_server.services.automation.sending.attention_posts import KIND, AttentionPosts
from workspace_server.services.automation.sending.policy import policy_of
from workspace_server.services.automation.targets.approval import ApprovalTarget
from workspace_server.services.automation.targets.handing import Taker
from workspace_server.services.automation.targets.queue import QueueTarget
from workspace_server.services.automation.targets.webhook import WebhookTarget
from workspace_server.services.automation.terms import Terms
from workspace_server.services.automation.timers import Timers
from workspace_server.services.automation.trigger_file import TriggerFile
from workspace_server.services.automation.triggers import Triggers
from workspace_server.services.folder import Folder
from workspace_server.services.locking.locks import Locks


class Automation:
    """The event side of one workspace.

    Attributes:
        reaction: What the recorder calls inside each commit.
        attend: What the recorder calls there to keep the list of what needs a person.
        own_ports: Where this server listens.
        policy: Where requests may go.
    """

    def __init__(self, folder: Folder, locks: Locks, notes: Notes) -> None:
        self.own_ports: set[int] = set()
        self.policy = policy_of(folder.settings, self.own_ports)
        commands = parse_commands(folder.settings.commands or {})
        queue, webhook = QueueTarget(), WebhookTarget()
        targets: dict[type[Target], Taker] = {  # what this server can start
            Queue: queue,
            Command: queue,
            Webhook: webhook,
            Approval: ApprovalTarget(),
        }
        checking = Checking(folder.objects, folder.settings.checks or {})
        self.reaction = Reaction(targets, checking, source=folder.source)
        making = Making(self.reaction, self.policy, checking, commands)
        self.triggers = Triggers(folder, making)
        self.pausing = Pausing(folder, self.reaction)
        self.rehearsing = Rehearsing(folder, checking)
        self.runs = Runs(folder)
        self.flows = Flows(folder)
        self.progress = Progress(folder)
        self.trigger_file = TriggerFile(folder, making)
        self.deliveries = Deliveries(folder, self.reaction, self.policy)
        self.endpoints = Endpoints(folder, self.deliveries.due)
        posts = AttentionPosts(folder, self.deliveries.due)
        self.deliveries.take(KIND, posts)
        self.attend = posts.follow
        claiming = Claiming(folder)
        self.jobs = Jobs(folder, self.reaction, locks, claiming, notes)
        self.terms = Terms(folder, self.jobs, claiming)
        self.commands = Commands(folder, self.jobs, claiming, commands)
        self.queues = Queues(folder, claiming)
        self.decisions = Decisions(
            folder,
            self.reaction,
            making,
            self.queues,
            {
                "dead_letter": lambda caller, key: self.deliveries.redeliver(caller, delivery=key),
                "endpoint_disabled": lambda caller, key: self.endpoints.enable_endpoint(caller, endpoint=key),
                "dead_job": lambda caller, key: self.queues.revive_job(caller, job=key),
                "failed_command": lambda caller, key: self.queues.revive_job(caller, job=key),
            },
        )
        queue.queued, webhook.due = claiming.queued, self.deliveries.due
        folder.gate.reopened = self.deliveries.look
        self._firing = Firing(folder, self.reaction)
        self._schedules = Schedules(folder, self.reaction)
        self._timers = Timers([self._firing, self._schedules, self.terms])
        self.reaction.timer_set = self.terms.timer_set = self._timers.look

    def listens_on(self, port: int) -> None:
        """Take note of a port of this server's own: no webhook ever goes there."""
        self.own_ports.add(port)

    async def begin(self) -> None:
        """Take up what the last server left: call once, before `run` and before anybody calls."""
        await self._firing.begin()
        await self._schedules.begin()
        await self.terms.begin()
        await self.commands.begin()
        await self.trigger_file.begin()

    async def run(self) -> None:
        """Fire and send until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._timers.run)
            tasks.start_soon(self.deliveries.run)
            tasks.start_soon(self.commands.run)

    async def settle(self) -> None:
        """Do what is due by now, without waiting for a timer."""
        while await self._timers.step() <= 0:
            pass
        self.deliveries.look()

    async def due(self) -> list[str]:
        """Return what still has to be done without anybody being connected, in words."""
        pending = await self.deliveries.pending() if self.deliveries.are_sent else 0
        waiting, running = await self._firing.waiting(), await self.commands.due()
        counted = {
            f"{pending} webhooks are on their way": pending,
            f"{waiting} firings wait for their time": waiting,
            f"{running} commands run or wait for their turn": running,
        }
        return [reason for reason, count in counted.items() if count]
