"""What one file says and what it was made from, as the index knows it."""

from typing import Any

from starlette.responses import Response

from workspace_server.interfaces.web.files import document
from workspace_server.interfaces.web.history.graph import drawn
from workspace_server.interfaces.web.view import View

FACTS_SHOWN = 100


async def show(view: View, row: dict[str, Any]) -> Response:
    """Show the facts of a live file."""
    path = row["path"]
    described = await view.engine.search.describe_file(view.caller, path=path, max_tokens=4_000)
    found = await view.engine.search.query_facts(
        view.caller, path=path, detail="full", limit=FACTS_SHOWN, max_tokens=40_000
    )
    provenance = await view.engine.provenances.provenance(view.caller, path=path)
    return view.render(
        "files/facts.html",
        title=path,
        active="files",
        path=path,
        file=row,
        tab="facts",
        tabs=document.tabs(path, row["media_type"]),
        described=described,
        found=found,
        provenance=provenance,
        drawing=drawn(provenance) if provenance.sources or provenance.uses else None,
    )
