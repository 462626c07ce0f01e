"""Search over the whole workspace: passages and facts, each with the lines that it stands on."""

from typing import get_args

from starlette.responses import Response

from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.web.view import View
from workspace_server.services.index.search import Mode
from workspace_server.services.recording import Result

SEARCH_HITS = 20
SEARCH_FACTS = 12
SEARCH_TOKENS = 20_000
MODES: tuple[Mode, ...] = get_args(Mode)


async def search(view: View) -> Response:
    """Show passages and facts for a query, each with the lines that it stands on."""
    query = view.text("q")
    asked = view.text("mode")
    mode = next((known for known in MODES if known == asked), MODES[0])
    hits = facts = refusal = None
    try:
        if query is not None:
            hits, facts = await _found(view, query, mode)
    except InvalidArgument as error:
        refusal = error  # said beside the form, so that what was typed can be put right
    return view.render(
        "finding/search.html",
        title=f"Search: {query}" if query else "Search",
        active="search",
        query=query or "",
        mode=mode,
        modes=MODES,
        hits=hits,
        facts=facts,
        refusal=refusal,
        code=200 if refusal is None else refusal.http_status,
    )


async def _found(view: View, query: str, mode: Mode) -> tuple[Result, Result | None]:
    """Return passages, and by rank also facts."""
    hits = await view.engine.search.search(
        view.caller, query=query, mode=mode, limit=SEARCH_HITS, max_tokens=SEARCH_TOKENS
    )
    if mode != "ranked":
        return hits, None
    facts = await view.engine.search.query_facts(
        view.caller, query=query, detail="full", limit=SEARCH_FACTS, max_tokens=SEARCH_TOKENS
    )
    return hits, facts
