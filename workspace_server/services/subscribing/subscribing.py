"""All that clients of the MCP Events extension need, put together."""

from workspace_server.core.access import Caller, local
from workspace_server.core.limits import LIMITS
from workspace_server.core.subscription_errors import numbers
from workspace_server.services.automation.running import Automation
from workspace_server.services.events import Events
from workspace_server.services.folder import Folder
from workspace_server.services.subscribing.matching import Matching
from workspace_server.services.subscribing.outbox import KIND
from workspace_server.services.subscribing.permission import Standing
from workspace_server.services.subscribing.posts import Posts
from workspace_server.services.subscribing.reading import Reading
from workspace_server.services.subscribing.subscriptions import Subscriptions
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import subscriptions


class Subscribing:
    """The log for those who subscribe to it.

    Attributes:
        reading: The log for who asks: polls and streams.
        subscriptions: Those that have events sent to an address.
        numbers: Under which refusals leave.
        standing: Returns an agent with what it may do by now: looked at whenever an event is matched or sent.
    """

    def __init__(self, folder: Folder, log: Events, automation: Automation) -> None:
        self._folder = folder
        self.numbers = numbers(provisional=folder.settings.mcp_provisional_error_codes)
        self.standing: Standing = lambda agent, _token: local(agent)
        self.reading = Reading(folder, log)

        def standing(agent: str, token: str | None) -> Caller:
            return self.standing(agent, token)

        self._matching = Matching(folder, log, numbers=self.numbers, standing=standing, due=automation.deliveries.due)
        self.subscriptions = Subscriptions(
            folder,
            automation.policy,
            numbers=self.numbers,
            place=self._matching.place,
            changed=self._matching.look,
            due=automation.deliveries.due,
        )
        automation.deliveries.take(KIND, Posts(folder, log, standing=standing, place=self._matching.place))

    def look_at_permissions(self) -> None:
        """End what somebody has subscribed to who may not have it any more: a token has ended."""
        self._matching.look_at_permissions()

    async def run(self) -> None:
        """Match events until cancelled."""
        await self._matching.run()

    async def settle(self) -> None:
        """Match everything that the log holds by now."""
        await self._matching.settle()

    async def forget_old(self) -> None:
        """Drop what ended long ago."""

        async def body(tx: Transaction) -> None:
            await subscriptions.forget_old(tx, LIMITS.subscription_ended_kept_s)

        await self._folder.db.write(body)
