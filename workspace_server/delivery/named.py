"""Addresses that the operator's settings name: what they may look like, and the rule that lets requests go there."""

from collections.abc import Iterator
from contextlib import contextmanager

from yarl import URL

from workspace_server.delivery.guard import Allowed, Target
from workspace_server.errors import InvalidArgument


@contextmanager
def of_setting(key: str, *, hint: str) -> Iterator[None]:
    """Refuse a setting when what is asked about its value raises ValueError.

    Raises:
        InvalidArgument: It does; what it says is the rest of the sentence.
    """
    try:
        yield
    except ValueError as error:
        raise InvalidArgument(f"The setting {key} {error}.", hint=hint, argument=key, reason=str(error)) from None


def check_url(url: str) -> None:
    """Pass when *url* is an address that can be spoken to.

    Raises:
        ValueError: It is none; the message says why, and holds nothing of what may be a secret.
    """
    try:
        parts = URL(url)
        is_there = parts.scheme in {"http", "https"} and bool(parts.raw_host) and parts.port is not None
    except ValueError:
        is_there = False
    if not is_there:
        raise ValueError("is no address such as http://127.0.0.1:11434/v1")
    if parts.user is not None or parts.password is not None:
        raise ValueError("holds a password; a key belongs in the environment")
    if parts.query_string or parts.fragment:
        raise ValueError("has more than a path")
    allowed(url)


def allowed(url: str) -> Allowed:
    """Return the rule by which such an address may be spoken to, wherever it lies; raises ValueError."""
    target = Target.of(url)
    host = f"[{target.host}]" if ":" in target.host else target.host
    return Allowed.parse(f"{host}:{target.port}")
