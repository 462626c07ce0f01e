"""The past of a file: its versions, what changed between two of them, and who wrote which line."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from workspace_server.errors import WorkspaceError
from workspace_server.interfaces.web.files.document import tabs
from workspace_server.interfaces.web.history import blame, comparing
from workspace_server.interfaces.web.view import View
from workspace_server.interfaces.web.writing.told import told

PAGE = 50


@dataclass(frozen=True, slots=True)
class Refused:
    """Which version was not restored (None: the last one), and why."""

    version: int | None
    refusal: WorkspaceError


def is_wanted(view: View) -> bool:
    """Whether the address of a file asks for its past."""
    return view.text("view") in {"history", "blame"} or view.text("diff") is not None or view.text("from") is not None


async def show(view: View, facts: dict[str, Any]) -> Response:
    """Show what the address asks for of the past of a live file."""
    return await _page(view, facts["path"], facts)


async def deleted(view: View, path: str) -> Response:
    """Show the past of a file that is no more."""
    return await _page(view, path, None)


async def _page(view: View, path: str, facts: dict[str, Any] | None) -> Response:
    pair = comparing.pair(view)
    if pair is not None:
        return await comparing.show(view, path, facts, pair)
    if view.text("view") == "blame":
        return await blame.show(view, path, facts)
    return await versions(view, path, facts)


async def versions(view: View, path: str, facts: dict[str, Any] | None, refused: Refused | None = None) -> Response:
    """Show the versions of a file, newest first; above them why one was not restored."""
    before = view.number("before")
    found = (await view.engine.files.file_history(view.caller, path=path, limit=PAGE, before_version=before))[
        "versions"
    ]
    oldest = min((one["version"] for one in found), default=1)
    return view.render(
        "history/history.html",
        title=path,
        active="files",
        path=path,
        file=facts,
        tab="history",
        tabs=tabs(path, facts["media_type"]) if facts else [],
        versions=found,
        before=before,
        older=oldest if oldest > 1 else None,
        refusal=None if refused is None else told(view, refused.refusal),
        refused_version=None if refused is None else refused.version,
    )
