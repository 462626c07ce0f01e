"""Paths as they stand in the request line: matched before anybody has decoded them, decoded once, strictly.

A web server's own decoding repairs bytes that are not UTF-8 and hides which slashes were encoded; a path that names a
file may be neither repaired nor guessed.
"""

from urllib.parse import unquote_to_bytes

from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import ASGIApp, Receive, Scope, Send

from workspace_server.errors import InvalidPath


class RawPrefix(BaseRoute):
    """Hands every request whose raw path begins with a prefix to one application, its scope untouched."""

    def __init__(self, prefix: str, app: ASGIApp) -> None:
        self.prefix = prefix
        self.app = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match by the raw path."""
        if scope["type"] != "http" or not scope["raw_path"].startswith(self.prefix.encode()):
            return Match.NONE, {}
        return Match.FULL, {}

    def url_path_for(self, name: str, /, **path_params: str) -> str:  # type: ignore[override]  # there is no address to make
        """Have no name that an address could be made from."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        await self.app(scope, receive, send)


def below(scope: Scope, prefix: str) -> str:
    """Return the raw path beyond *prefix*, one character per byte."""
    raw: bytes = scope["raw_path"]
    return raw.decode("latin-1").removeprefix(prefix)


def decode(raw: str, name: str = "path") -> str:
    """Return a part of a raw path, percent-decoded once.

    Args:
        raw: The part, one character per byte.
        name: What it stands for.

    Raises:
        InvalidPath: The bytes are not UTF-8.
    """
    try:
        return unquote_to_bytes(raw.encode("latin-1")).decode()
    except UnicodeDecodeError:
        reason = "is not valid UTF-8"
        raise InvalidPath(
            f"The {name} {reason} once decoded.",
            hint="Encode it as UTF-8, then percent-encode it.",
            path=raw,
            reason=reason,
        ) from None
