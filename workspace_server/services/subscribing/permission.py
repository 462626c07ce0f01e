"""What may be sent to a subscriber's address by now: looked at when an event is matched, and again when it is sent."""

from collections.abc import Callable
from typing import Final

from workspace_server.core.access import Caller
from workspace_server.core.events import paths_of
from workspace_server.core.scopes import Verb
from workspace_server.core.subscriptions import parse_wanted, require_wanted
from workspace_server.errors import Forbidden
from workspace_server.services.events import told_to
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.subscriptions import SubscriptionRow

SENT: Final[tuple[Verb, ...]] = ("read", "trigger")
"""What it takes to have something sent to an address."""
Standing = Callable[[str, str | None], Caller]
"""Returns an agent with what it may do by now; beside its name, by which token it has subscribed."""


def may_want(caller: Caller, row: SubscriptionRow, *verbs: Verb) -> bool:
    """Return whether a caller may be told of all that a subscription names."""
    try:
        require_wanted(caller, parse_wanted(row.event, row.arguments), *verbs)
    except Forbidden:
        return False
    return True


def sent_to(caller: Caller, event: Event) -> Event | None:
    """Return what of an event may be sent to a caller's address; None for nothing."""
    told = told_to(caller, event)
    if told is None or caller.scope.is_whole("trigger"):
        return told
    paths = paths_of(told.path, told.data)
    return told if paths and all(caller.scope.allows("trigger", path) for path in paths) else None
