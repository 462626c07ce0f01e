"""Addresses of pages and of bytes, made from paths: each component quoted by itself."""

from urllib.parse import quote, urlencode


def file_url(path: str, **query: object) -> str:
    """Return the address of a file's or directory's page; arguments that are None are left out."""
    return _with_query("/files/" + quote(path, safe="/"), query)


def bytes_url(path: str, version: int | None = None) -> str:
    """Return the address of a file's bytes."""
    return _with_query("/api/v1/files/" + quote(path, safe="/"), {"version": version})


def page_url(page: str, **query: object) -> str:
    """Return the address of any other page."""
    return _with_query(page, query)


def trigger_anchor(name: str) -> str:
    """Return what the page of triggers calls the place of one of them."""
    return f"trigger-{name}"


def trigger_url(name: str) -> str:
    """Return the address of a trigger."""
    return "/triggers#" + quote(trigger_anchor(name))


def crumbs(path: str) -> list[tuple[str, str]]:
    """Return (name, path) of every directory above *path* and of itself, from the top."""
    parts = path.split("/") if path else []
    return [(name, "/".join(parts[: index + 1])) for index, name in enumerate(parts)]


def _with_query(address: str, query: dict[str, object]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{address}?{urlencode(given)}" if given else address
