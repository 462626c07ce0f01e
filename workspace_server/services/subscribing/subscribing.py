"""All that clients of the MCP Events extension need, put together."""

from collections.abc import Callable

from workspace_server.core.access import Caller, local
from workspace_server.services.events import Events
from workspace_server.services.folder import Folder
from workspace_server.services.subscribing.reading import Reading


class Subscribing:
    """The log for those who subscribe to it.

    Attributes:
        reading: The log for who asks: polls and streams.
        standing: Returns an agent with what it may do by now: looked at whenever an event is matched.
    """

    def __init__(self, folder: Folder, log: Events) -> None:
        self.reading = Reading(folder, log)
        self.standing: Callable[[str], Caller] = local
