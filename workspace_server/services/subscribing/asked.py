"""What a client asks for when it subscribes with an address, and whether it may have that."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yarl import URL

from workspace_server.core.access import ANONYMOUS, Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.targets import web_address
from workspace_server.delivery.guard import Policy
from workspace_server.errors import Forbidden, QuotaExceeded
from workspace_server.services.arguments import refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client asks for.

    Attributes:
        cursor: Up to where it has seen the log; None: from now on.
        max_age_s: Older events are not wanted.
        ttl_s: How long the subscription should live; None leaves that to the server.
        for_ever: Whether it should not end by itself.
    """

    name: str
    arguments: Mapping[str, Any]
    url: str
    secret: str
    cursor: str | None = None
    max_age_s: float | None = None
    ttl_s: float | None = None
    for_ever: bool = False


def check_caller(caller: Caller) -> None:
    """Pass when a caller may have events sent to an address.

    Raises:
        Forbidden: It has no name, or may not read or start anything.
    """
    if caller.agent == ANONYMOUS:
        raise Forbidden(
            "Who subscribes with an address needs a name.",
            hint="Send X-Agent, or `workspace/agent` in _meta; events/poll and events/stream need none.",
            reason="anonymous",
        )
    caller.require_somewhere("read")
    caller.require_somewhere("trigger")


def address(policy: Policy, given: str) -> str:
    """Return where events are to go.

    Raises:
        InvalidArgument: It is no https address, or one that nothing is ever sent to.
    """
    url = web_address(given)
    parts = URL(url)
    if parts.scheme != "https":
        raise refused("delivery.url", "must begin with https://", "A tunnel or a proxy can speak https for you.")
    if parts.raw_fragment:
        raise refused("delivery.url", "must not have a fragment")
    objection = policy.objection(url)
    if objection is not None:
        raise refused("delivery.url", objection, "Name a public address, or ask the operator to list this one.")
    return url


def check_arguments(arguments: Mapping[str, Any]) -> None:
    """Pass when arguments are of a size that is kept, and JSON.

    Raises:
        InvalidArgument: They are not.
    """
    try:
        size = len(json.dumps(arguments, ensure_ascii=False, allow_nan=False).encode())
    except ValueError:
        raise refused("arguments", "hold what JSON cannot carry") from None
    if size > LIMITS.subscription_arguments_bytes_max:
        raise refused("arguments", f"are longer than {LIMITS.subscription_arguments_bytes_max} bytes")


def check_room(total: int, of_caller: int) -> None:
    """Pass when one more subscription has room.

    Args:
        total: How many there are.
        of_caller: How many of them are the caller's.

    Raises:
        QuotaExceeded: It has not.
    """
    for limit, there, most in (
        ("subscriptions", total, LIMITS.subscriptions_max),
        ("subscriptions of one agent", of_caller, LIMITS.subscriptions_per_agent_max),
    ):
        if there >= most:
            raise QuotaExceeded(
                f"There are {there} subscriptions.",
                hint="End one with events/unsubscribe, or name several files in one.",
                limit=limit,
                actual=there,
                most=most,
            )
