"""The tree of folders: beside the pages of files, and as a page of its own."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from workspace_server.core.paths import canonical_directory
from workspace_server.interfaces.web.view import View

ADDRESS: Final = "/folders"
BESIDE_MAX: Final = 50
"""Most folders in each folder of the tree beside a page; the others are a click away."""
ON_PAGE_MAX: Final = 500


async def around(view: View, directory: str) -> Mapping[str, Any]:
    """Return the folders of the workspace, opened along the way to a directory."""
    return await view.engine.browsing.directories(view.caller, path="", opened=directory, limit=BESIDE_MAX)


async def folders(view: View) -> Response:
    """Show the folders in one, which a script also takes into the tree where somebody opens it."""
    path = canonical_directory(view.text("path") or "")
    found = await view.engine.browsing.directories(
        view.caller, path=path, after=view.text("after") or "", limit=ON_PAGE_MAX
    )
    return view.render("files/folders.html", title="Folders", active="files", path=path, found=found)
