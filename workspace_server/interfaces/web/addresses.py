"""Addresses of pages and of bytes, made from paths: each component quoted by itself."""

from typing import Protocol
from urllib.parse import quote, urlencode

LINES_FROM_START = 1_000
"""A line further down is shown without all that stands before it."""
LINES_ABOVE = 20


class Places(Protocol):
    """Where the pages and the bytes of files are, for whoever looks; None is where they may not go."""

    def page(self, path: str, **query: object) -> str | None:
        """Return the address of a file's or directory's page; arguments that are None are left out."""

    def bytes(self, path: str, version: int | None = None) -> str | None:
        """Return the address of a file's bytes."""


def file_url(path: str, **query: object) -> str:
    """Return the address of a file's or directory's page; arguments that are None are left out."""
    return _with_query("/files/" + quote(path, safe="/"), query)


def cite_url(
    path: str, version: int | str, line: int, end: int | None = None, *, q: str | None = None, mode: str | None = None
) -> str:
    """Return the address of the lines of a version that say something.

    Args:
        q: What was searched for, to be marked there, by the rules of *mode*.
    """
    begins = line - LINES_ABOVE if line > LINES_FROM_START else None
    shown = {"version": version, "view": "source", "line": begins, "found": f"{line}-{end or line}"}
    return f"{file_url(path, **shown, q=q, mode=mode)}#L{line}"


def bytes_url(path: str, version: int | None = None) -> str:
    """Return the address of a file's bytes."""
    return _with_query("/api/v1/files/" + quote(path, safe="/"), {"version": version})


def page_url(page: str, **query: object) -> str:
    """Return the address of any other page."""
    return _with_query(page, query)


def agent_url(name: str) -> str:
    """Return the address of an agent's page."""
    return "/agents/" + quote(name, safe="/")


def trigger_url(name: str) -> str:
    """Return the address of a trigger."""
    return "/triggers/" + quote(name, safe="")


def crumbs(path: str) -> list[tuple[str, str]]:
    """Return (name, path) of every directory above *path* and of itself, from the top."""
    parts = path.split("/") if path else []
    return [(name, "/".join(parts[: index + 1])) for index, name in enumerate(parts)]


class Everywhere:
    """The places of who may go anywhere in the workspace."""

    def page(self, path: str, **query: object) -> str | None:
        """Return the address of a page."""
        return file_url(path, **query) if path else "/"

    def bytes(self, path: str, version: int | None = None) -> str | None:
        """Return the address of a file's bytes."""
        return bytes_url(path, version)


EVERYWHERE = Everywhere()


def _with_query(address: str, query: dict[str, object]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{address}?{urlencode(given)}" if given else address
