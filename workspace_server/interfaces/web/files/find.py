"""Going to a file by a part of its name; the field above every page shows the same as one types."""

from typing import Final

from starlette.responses import Response

from workspace_server.interfaces.web.view import View

ADDRESS: Final = "/find"
FILES: Final = 20


async def find(view: View) -> Response:
    """Show the files whose paths hold every word that is asked for."""
    asked = view.text("q") or ""
    found = await view.engine.browsing.find(view.caller, query=asked, limit=FILES)
    return view.render("files/find.html", title="Go to a file", active="files", asked=asked, found=found)
