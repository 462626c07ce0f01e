"""Results of deliveries, endpoints and secrets."""

from typing import Literal

from workspace_server.interfaces.http.results.base import Changed, Result


class Attempt(Result):
    """One attempt to deliver."""

    number: int
    at: str
    status: int | None
    failure: str | None
    latency_ms: float
    answer: str


class Delivery(Result):
    """Something on its way to one address: a firing, or a test."""

    delivery: str
    kind: str
    trigger: str = ""
    firing: str = ""
    endpoint: str
    address: str
    state: str
    at: str
    next_at: str = ""
    ended_at: str = ""
    reason: str = ""
    attempts: list[Attempt]


class DeliveryList(Result):
    """A page of deliveries, newest first."""

    deliveries: list[Delivery]
    next_cursor: str = ""


class Redelivery(Changed):
    """A delivery that is on its way."""

    delivery: str
    state: str


class Redeliveries(Changed):
    """How many deliveries are on their way again, and whether there are more of those that ended before `until`."""

    redelivered: int
    more: bool
    until: str


class Endpoint(Result):
    """Where webhooks go; `failing` ones are left alone until the time that is given, others until somebody acts."""

    endpoint: str
    address: str
    state: Literal["active", "failing", "disabled", "paused"]
    since: str = ""
    held_until: str = ""
    pending: int
    dead: int


class EndpointList(Result):
    """A page of endpoints, newest first."""

    endpoints: list[Endpoint]
    next_cursor: str = ""


class EnabledEndpoint(Changed):
    """An endpoint that is sent to again."""

    endpoint: str
    state: Literal["active"]


class HeldEndpoint(Changed):
    """How an endpoint is now that it was paused or resumed."""

    endpoint: str
    state: Literal["active", "failing", "disabled", "paused"]


class RotatedSecret(Changed):
    """A trigger whose secret was changed; the new one, when the server made it, is shown this once."""

    trigger: str
    old_until: str
    secret: str = ""
