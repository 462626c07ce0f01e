"""The keys that do something: a page of their own, which a script shows over any other."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from workspace_server.interfaces.web.view import View

SINGLE: Final[Mapping[str, str]] = {
    "/": "Search files and facts",
    "t": "Go to a file by its name",
    "?": "Show these keys",
    "g f": "Files",
    "g a": "Activity",
    "g e": "Agents",
    "g l": "Locks",
    "g j": "Jobs",
    "g w": "Flows",
    "g n": "Attention",
}
"""Keys that act wherever no text is written, and can be turned off."""
PLACED: Final[Mapping[str, str]] = {
    "↑ ↓": "In the folders, and among the files found: the one before, the next",
    "→ ←": "In the folders: open one, or go in; close it, or go up",
    "Alt+↓ Alt+↑": "Between versions: the next change, the one before",
    "Enter": "Open what is chosen",
    "Esc": "Close a list, or this",
}


async def keys(view: View) -> Response:
    """Show which keys do what."""
    return view.render("keys.html", title="Keys", single=SINGLE, placed=PLACED)
