"""The versions of a file, and what changed between two of them."""

import re
from typing import Any

from starlette.responses import Response

from workspace_server.errors import InvalidArgument, NotText
from workspace_server.interfaces.web.files.document import tabs
from workspace_server.interfaces.web.history.differences import read_diff
from workspace_server.interfaces.web.view import View

PAGE = 50
_PAIR = re.compile(r"(\d{1,15})\.\.(\d{1,15})")


def is_wanted(view: View) -> bool:
    """Whether the address of a file asks for its past."""
    return view.text("view") == "history" or view.text("diff") is not None or view.text("from") is not None


async def show(view: View, facts: dict[str, Any]) -> Response:
    """Show the history of a live file, or the difference that the address names."""
    return await _page(view, facts["path"], facts)


async def deleted(view: View, path: str) -> Response:
    """Show the history of a file that is no more."""
    return await _page(view, path, None)


async def _page(view: View, path: str, facts: dict[str, Any] | None) -> Response:
    pair = _pair(view)
    before = view.number("before")
    found = await view.engine.files.file_history(view.caller, path=path, limit=PAGE, before_version=before)
    versions = found["versions"]
    rows, binary = None, False
    if pair is not None:
        try:
            rows = read_diff(await view.engine.files.diff(view.caller, path=path, before=pair[0], after=pair[1]))
        except NotText:
            binary = True
    oldest = min((version["version"] for version in versions), default=1)
    return view.render(
        "history/history.html",
        title=path,
        active="files",
        path=path,
        file=facts,
        tab="history",
        tabs=tabs(path, facts["media_type"]) if facts else [],
        versions=versions,
        older=oldest if oldest > 1 else None,
        pair=pair,
        diff=rows,
        binary=binary,
    )


def _pair(view: View) -> tuple[int, int] | None:
    raw = view.text("diff")
    if raw is None:
        first, second = view.number("from"), view.number("to")
        return (first, second) if first is not None and second is not None else None
    found = _PAIR.fullmatch(raw)
    if found is None:
        raise InvalidArgument(
            "diff names two versions, as in 3..5.", hint="Follow a link of the history.", argument="diff", reason=raw
        )
    return int(found[1]), int(found[2])
