"""Which files a caller's names name: paths, directories and patterns over what is there."""

from collections.abc import Mapping, Sequence
from typing import Any

from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.core.patterns import Selector, parse_selector
from workspace_server.errors import InvalidPath
from workspace_server.services.arguments import plain_text
from workspace_server.services.history.moment import NOW, View
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files
from workspace_server.storage.tables.files import FileRow

Names = Sequence[str | Mapping[str, Any]]


async def existing(tx: Transaction, names: Names, view: View = NOW) -> frozenset[str]:
    """Return those of the names that are paths of live files, canonical: a pattern's characters are legal in names."""
    found = set()
    for name in names:
        if not isinstance(name, str):
            continue
        try:
            path = canonical_file(name)
        except InvalidPath:
            continue
        row = await view.by_path(tx, path)
        if row is not None and row.live:
            found.add(str(path))
    return frozenset(found)


async def selectors(tx: Transaction, names: Names, *, argument: str) -> list[Selector]:
    """Return what the names name, each once.

    Raises:
        InvalidPath, InvalidArgument: A name is neither a path nor a pattern.
    """
    for name in names:
        plain_text(argument, name if isinstance(name, str) else None, LIMITS.pattern_chars_max)
    there = await existing(tx, names)
    return list(dict.fromkeys(parse_selector(name, there.__contains__, argument=argument) for name in names))


async def places(tx: Transaction, names: Names, *, argument: str) -> list[Selector]:
    """Return what the names name where a directory may be meant without its `/`, each once.

    Raises:
        InvalidPath, InvalidArgument: A name is neither a path nor a pattern.
    """
    return list(dict.fromkeys([await _as_it_is(tx, one) for one in await selectors(tx, names, argument=argument)]))


async def _as_it_is(tx: Transaction, chosen: Selector) -> Selector:
    """Return the directory that a path is, or the file that was named as a directory."""
    if chosen.kind == "path" and await files.any_below(tx, chosen.text):
        return Selector("directory", chosen.text + "/")
    if chosen.kind == "directory":
        row = await files.by_path(tx, chosen.text.removesuffix("/"))
        if row is not None and row.live:
            return Selector("path", row.path)
    return chosen


async def matching(
    tx: Transaction, selector: Selector, *, limit: int, deleted: bool = False, after: str = "", view: View = NOW
) -> list[FileRow]:
    """Return the files that a selector covers, in the order of their paths, after the path *after*."""
    if selector.kind == "path":
        row = await view.by_path(tx, selector.text)
        return [row] if row is not None and bool(row.live) is not deleted and row.path > after else []
    directory, _, _ = selector.literal_prefix.rpartition("/")
    if selector.kind == "directory":
        return await view.below(tx, directory, after=after, limit=limit, deleted=deleted)
    found: list[FileRow] = []
    while len(found) < limit:
        page = await view.below(tx, directory, after=after, limit=1_000, deleted=deleted)
        found += [row for row in page if selector.covers(row.path)]
        if len(page) < 1_000:
            break
        after = page[-1].path
    return found[:limit]


async def covered(tx: Transaction, chosen: Sequence[Selector], *, limit: int, view: View = NOW) -> dict[str, int]:
    """Return the versions of the live files that the selectors cover, by path."""
    versions: dict[str, int] = {}
    for selector in chosen:
        for row in await matching(tx, selector, limit=limit - len(versions), view=view):
            versions[row.path] = row.version
        if len(versions) >= limit:
            break
    return versions
