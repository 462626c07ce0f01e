"""What the methods of the extension take. Members that are not known are passed over: later clients may send more."""

from collections.abc import Mapping
from typing import Annotated, Any

from mcp_types import RequestParams
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from workspace_server.interfaces.mcp import schemas
from workspace_server.interfaces.mcp.schemas import A, Arguments

Milliseconds = Annotated[int, Field(ge=0, le=1 << 53)]


class Params(RequestParams):
    """Any parameters, to be read by `read`: the SDK's own refusal would not say what is wrong."""

    model_config = ConfigDict(extra="allow")


class OnTheWire(Arguments):
    """Parameters under their names on the wire."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, alias_generator=to_camel)


class ListEvents(OnTheWire):
    """Which page of the list."""

    cursor: str | None = None


class Selection(OnTheWire):
    """Which events."""

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class Follow(Selection):
    """Which events from where on."""

    cursor: str | None = None
    max_age_ms: Milliseconds | None = None

    @property
    def max_age_s(self) -> float | None:
        """How old an event may be, in seconds."""
        return None if self.max_age_ms is None else self.max_age_ms / 1_000


class PollEvents(Follow):
    """How many, and how long to wait for the first one."""

    max_events: Annotated[int, Field(ge=1)] = 100
    timeout_ms: Milliseconds = 0


class Delivery(OnTheWire):
    """Where events go, and what signs them."""

    mode: str
    url: str
    secret: str


class SubscribeEvents(Follow):
    """Which events from where on, to which address, for how long."""

    delivery: Delivery
    ttl_ms: Milliseconds | None = None


class Address(OnTheWire):
    """Where events go."""

    url: str


class UnsubscribeEvents(Selection):
    """Which subscription is to end."""

    delivery: Address


def read(model: type[A], given: Params, *, method: str) -> A:
    """Return the parameters of a request.

    Raises:
        InvalidArgument: One is missing or of another type.
    """
    return schemas.read(model, said(given), tool=method)


def said(given: Params) -> Mapping[str, Any]:
    """Return what the request said, null included."""
    return given.model_extra or {}
