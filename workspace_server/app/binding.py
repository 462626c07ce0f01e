"""Where the server may listen: to this machine as it is, to others only when they are asked who they are, unheard."""

import ssl

from workspace_server.config import Settings
from workspace_server.core.peers import Peers, is_loopback
from workspace_server.errors import InvalidArgument


def check_way(settings: Settings) -> None:
    """Pass when what is said on the way to the server stays between those who say it, or that is not wanted.

    Raises:
        InvalidArgument: Other machines would send tokens in plain text; or TLS is set up halfway.
    """
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        missing = "tls_key" if settings.tls_key is None else "tls_certificate"
        raise InvalidArgument(
            "TLS takes both a certificate and its key.",
            hint="Give --tls-cert and --tls-key.",
            argument=missing,
            reason="is missing",
        )
    if settings.tls_certificate is not None:
        tls_context(settings)
    if is_loopback(settings.host) or settings.tls_certificate is not None:
        return
    if not settings.trusted_proxies and not settings.allow_plain_text:
        raise InvalidArgument(
            f"{settings.host} can be reached from other machines, and whoever is on the way there could read along.",
            hint="Give --tls-cert and --tls-key, or name the proxy that speaks TLS in trusted_proxies;"
            " --allow-plain-text does without.",
            argument="host",
            reason="plain text",
        )


def is_reached(settings: Settings) -> bool:
    """Return whether callers from other machines come in, at an address of theirs or through a proxy."""
    return bool(settings.trusted_proxies) or not is_loopback(settings.host)


def check_callers(settings: Settings, *, asks: bool) -> None:
    """Pass when callers from other machines have to prove who they are.

    Args:
        asks: Whether there is a token that proves something.

    Raises:
        InvalidArgument: Nothing would ask them.
    """
    if not is_reached(settings) or asks or settings.oauth_issuer:
        return
    where = settings.host if not is_loopback(settings.host) else f"Through a proxy, {settings.host}"
    raise InvalidArgument(
        f"{where} can be reached from other machines, and nothing would ask callers who they are.",
        hint="Make a token with `workspace-server token create` first, or listen on 127.0.0.1 without a proxy.",
        argument="host",
        reason="no token",
    )


def peers_of(settings: Settings) -> Peers:
    """Return whose connections are taken: where only a proxy keeps others from reading along, those of no one else.

    Raises:
        InvalidArgument: A proxy is named by something else than an address or a network.
    """
    guarded = settings.tls_certificate is not None or settings.allow_plain_text
    return Peers(settings.trusted_proxies, only_these=not guarded)


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Return what the server proves itself with.

    Raises:
        InvalidArgument: The certificate or the key cannot be read, or they do not belong together.
    """
    assert settings.tls_certificate is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password=_nobody_types)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, FileNotFoundError | PermissionError) else "not a pair in PEM"
        raise InvalidArgument(
            f"The certificate {settings.tls_certificate} and the key {settings.tls_key} cannot be used: {reason}.",
            hint="Both are files in PEM; the key has no password.",
            argument="tls_certificate",
            reason=str(reason),
        ) from None
    return context


def _nobody_types() -> str:
    """Refuse to ask for a password: a server is started by programs too."""
    raise ValueError
