"""What the head of a request may not say, as two readers would understand it differently, or the rest would be lost."""

from collections.abc import Sequence

from workspace_server.errors import InvalidArgument

Header = tuple[bytes, bytes]


def check_head(target: bytes, headers: Sequence[Header], *, upgrades: bool) -> None:
    """Pass when a request may be handed over.

    `httptools` takes all that follows the head of an upgrade for another protocol: a body would be lost unseen. It
    undoes chunks and nothing else: a body that is compressed besides would be taken for the content.

    Args:
        headers: Names in lower case, with their values.
        upgrades: Whether it asks for another protocol on this connection; without a body it is answered all the same.

    Raises:
        InvalidArgument: It may not.
    """
    if upgrades and (_all(headers, b"upgrade") == [b"websocket"] or _has_body(headers)):
        raise malformed("No other protocol is spoken here: leave out Upgrade.", "upgrade")
    if _all(headers, b"transfer-encoding") not in ([], [b"chunked"]):
        raise malformed("A body comes as it is, whole or in chunks: no other Transfer-Encoding is undone here.", "body")
    scheme, found, rest = target.partition(b"://")
    if found and b"/" not in scheme and _all(headers, b"host") != [rest.partition(b"/")[0].partition(b"?")[0].lower()]:
        raise malformed("The address and Host name different servers.", "host")


def malformed(message: str, reason: str) -> InvalidArgument:
    """Return the refusal of what is not plain HTTP/1.1."""
    return InvalidArgument(message, hint="Speak HTTP/1.1.", argument="request", reason=reason)


def _all(headers: Sequence[Header], name: bytes) -> list[bytes]:
    return [value.strip().lower() for one, value in headers if one == name]


def _has_body(headers: Sequence[Header]) -> bool:
    return bool(_all(headers, b"transfer-encoding")) or _all(headers, b"content-length") not in ([], [b"0"])
