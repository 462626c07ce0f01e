"""What stands at a path below `/files/`: a directory, a file in the view that is asked for, or what became of it."""

from dataclasses import replace
from typing import Any

from starlette.responses import RedirectResponse, Response

from workspace_server.core.paths import canonical_directory
from workspace_server.errors import NotFound
from workspace_server.interfaces.web.addresses import file_url
from workspace_server.interfaces.web.files import document, facts, folders, holders, table
from workspace_server.interfaces.web.history import pages as history
from workspace_server.interfaces.web.view import View


async def show(view: View, raw: str) -> Response:
    """Show what stands at a path, beside the folders around it."""
    path = canonical_directory(raw)
    if path == "":
        return await _directory(view, path)
    try:
        row = await view.engine.files.stat(view.caller, path=path)
    except NotFound as refusal:
        if not refusal.facts.get("version"):
            return await _gone(view, path, refusal)
        return await history.deleted(await _beside_folders(view, path.rpartition("/")[0]), path)
    if row["type"] == "directory":
        return await _directory(view, path)
    await holders.mark(view, [row])
    return await _file(await _beside_folders(view, path.rpartition("/")[0]), row)


async def to_root(_: View) -> Response:
    """Lead the address without a slash to the one with."""
    return RedirectResponse(file_url(""), 307, headers={"cache-control": "no-store"})


async def _file(view: View, row: dict[str, Any]) -> Response:
    """Show a file, in the view that is asked for."""
    if history.is_wanted(view):
        return await history.show(view, row)
    wanted = view.text("view")
    if wanted == "facts":
        return await facts.show(view, row)
    return await document.show(view, row, source=wanted == "source")


async def _directory(view: View, path: str) -> Response:
    view = await _beside_folders(view, path)
    if view.text("deleted") is not None:
        return table.show(view, await table.read_deleted(view, path), deleted=True)
    return table.show(view, await table.read(view, path))


async def _gone(view: View, path: str, refusal: NotFound) -> Response:
    """Show what was deleted in a directory that is no more.

    Raises:
        NotFound: There never was one.
    """
    left = await table.read_deleted(view, path)
    if not left.rows:
        raise refusal
    return table.show(await _beside_folders(view, path), left, deleted=True, gone=True)


async def _beside_folders(view: View, directory: str) -> View:
    return replace(view, folders=await folders.around(view, directory), here=directory)
