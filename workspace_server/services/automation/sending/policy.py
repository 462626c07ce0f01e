"""Where the operator lets requests go."""

from collections.abc import Set as AbstractSet

from workspace_server.config import Settings
from workspace_server.delivery.guard import Policy, parse_allow
from workspace_server.errors import InvalidArgument


def policy_of(settings: Settings, own_ports: AbstractSet[int] = frozenset()) -> Policy:
    """Return where the settings let requests go.

    Args:
        own_ports: The server's own ports; more may be added to the set later.

    Raises:
        InvalidArgument: An entry of the list is malformed.
    """
    try:
        allow = parse_allow(settings.webhooks_allow)
    except ValueError as error:
        raise InvalidArgument(
            f"webhooks.allow: {error}.",
            hint="For example hooks.example.com, or 10.1.0.0/16.",
            argument="webhooks.allow",
            reason=str(error),
        ) from None
    return Policy(allow=allow, allow_loopback=settings.webhooks_allow_loopback, own_ports=own_ports)
