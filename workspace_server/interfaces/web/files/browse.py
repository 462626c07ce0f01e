"""Directories and files: a table, or the content in the form that suits it."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import RedirectResponse, Response

from workspace_server.core.paths import canonical_directory
from workspace_server.errors import NotFound
from workspace_server.interfaces.web.addresses import file_url
from workspace_server.interfaces.web.files import document, facts, holders
from workspace_server.interfaces.web.history import pages as history
from workspace_server.interfaces.web.view import View

LISTING_TOKENS = 40_000

Row = dict[str, Any]


def arranged(rows: Sequence[Row], locks: Sequence[Row]) -> list[Row]:
    """Return the rows of one page, directories first, each with who holds a lock over it."""
    holders.mark_from(rows, locks)
    return sorted(rows, key=lambda row: row["type"] != "directory")


async def show(view: View, raw: str) -> Response:
    """Show what stands at a path."""
    path = canonical_directory(raw)
    wanted = view.text("view")
    if path == "":
        return await _directory(view, path)
    try:
        row = await view.engine.files.stat(view.caller, path=path)
    except NotFound as refusal:
        if not refusal.facts.get("version"):
            raise
        return await history.deleted(view, path)
    if row["type"] == "directory":
        return await _directory(view, path)
    await holders.mark(view, [row])
    if history.is_wanted(view):
        return await history.show(view, row)
    if wanted == "facts":
        return await facts.show(view, row)
    return await document.show(view, row, source=wanted == "source")


async def to_root(_: View) -> Response:
    """Lead the address without a slash to the one with."""
    return RedirectResponse(file_url(""), 307, headers={"cache-control": "no-store"})


async def _directory(view: View, path: str) -> Response:
    deleted = view.text("deleted") is not None
    listing = await view.engine.listing.list_files(
        view.caller,
        path=path,
        detail="full",
        deleted=deleted,
        max_tokens=LISTING_TOKENS,
        cursor=view.text("cursor"),
    )
    held = await view.engine.locks.list_locks(view.caller)
    return view.render(
        "files/directory.html",
        title=path or view.engine.folder.name,
        active="files",
        path=path,
        rows=arranged(listing["files"], held["locks"]),
        next_cursor=listing.get("next_cursor"),
        deleted=deleted,
    )
