"""Where the operator lets requests go, and whom it trusts to vouch for receivers."""

import ssl
from collections.abc import Set as AbstractSet

from workspace_server.config import Settings
from workspace_server.delivery.guard import Policy, parse_allow
from workspace_server.errors import InvalidArgument


def policy_of(settings: Settings, own_ports: AbstractSet[int] = frozenset()) -> Policy:
    """Return where the settings let requests go.

    Args:
        own_ports: The server's own ports; more may be added to the set later.

    Raises:
        InvalidArgument: An entry of the list is malformed, or the authorities cannot be read.
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
    return Policy(
        allow=allow,
        allow_loopback=settings.webhooks_allow_loopback,
        own_ports=own_ports,
        tls=_tls(settings.webhooks_ca_file),
    )


def _tls(ca_file: str | None) -> ssl.SSLContext | None:
    """Return what receivers' certificates are checked by; None for what the system trusts alone."""
    if ca_file is None:
        return None
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except OSError as error:
        reason = "holds no certificate" if isinstance(error, ssl.SSLError) else str(error.strerror)
        raise InvalidArgument(
            f"webhooks.ca_file: {ca_file} cannot be used: {reason}.",
            hint="Name a file of certificates in PEM form.",
            argument="webhooks.ca_file",
            reason=reason,
        ) from None
    return context
