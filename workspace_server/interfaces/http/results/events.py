"""Results of the log."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from workspace_server.interfaces.http.results.base import Result


class Event(BaseModel):
    """A committed change; its type says which further members it has."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    seq: int
    type: str
    at: str
    agent: str
    path: str = ""
    version: int | None = None
    url: str = ""


class EventPage(Result):
    """Events in their order; go on from `next_seq`. `truncated`: older ones are kept no longer."""

    events: list[Event]
    next_seq: int
    truncated: bool


class Subscription(Result):
    """A subscription of MCP Events that sends to an address; `refresh_before` is absent when it never ends."""

    subscription: str
    agent: str
    event: str
    arguments: dict[str, Any]
    address: str
    since: str
    refresh_before: str = ""
    pending: int
    active: bool
    delivered_at: str = ""
    last_error: str = ""


class Subscriptions(Result):
    """Subscriptions, the oldest first."""

    subscriptions: list[Subscription]


class EndedSubscription(Result):
    """A subscription that has ended."""

    subscription: str
    state: Literal["ended"]
