"""Search over the whole workspace: passages and facts, each with the lines that it stands on."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from starlette.responses import Response

from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.web.finding.asking import TOKENS_PER_ANSWER, Answer, limit_of, more_than, tokens_of
from workspace_server.interfaces.web.view import View
from workspace_server.services.index.search import Mode

SEARCH_FACTS: Final = 12
SEARCH_TOKENS: Final = 20_000
MODES: tuple[Mode, ...] = get_args(Mode)
TYPES: Final = {
    "text/markdown": "Markdown",
    "text/": "Any text",
    "text/csv": "CSV",
    "application/json": "JSON",
    "application/pdf": "PDF",
    "image/": "Images",
}


async def search(view: View) -> Response:
    """Show passages and facts for a query, each with the lines that it stands on."""
    query, limit = view.text("q"), limit_of(view)
    asked = view.text("mode")
    mode = next((known for known in MODES if known == asked), MODES[0])
    filters = {
        "path": view.text("path"),
        "media_type": view.text("type"),
        "modified_by": view.text("agent"),
        "modified_after": view.text("since"),
    }
    hits = facts = refusal = None
    try:
        if query is not None:
            hits, facts = await _found(view, query, mode, filters, limit)
    except InvalidArgument as error:
        refusal = error  # said beside the form, so that what was typed can be put right
    return view.render(
        "finding/search.html",
        title=f"Search: {query}" if query else "Search",
        active="search",
        query=query or "",
        mode=mode,
        modes=MODES,
        types=TYPES,
        filters=filters,
        hits=hits,
        facts=facts,
        tokens_of=tokens_of,
        limit=limit,
        more=None if hits is None else more_than(limit, found=len(hits["hits"])),
        refusal=refusal,
    )


async def _found(
    view: View, query: str, mode: Mode, filters: Mapping[str, Any], limit: int
) -> tuple[Answer, Answer | None]:
    """Return passages, and by rank also facts, which know of the filters only the place."""
    hits = await view.engine.search.search(
        view.caller, query=query, mode=mode, limit=limit, max_tokens=limit * TOKENS_PER_ANSWER, **filters
    )
    if mode != "ranked" or any(value for name, value in filters.items() if name != "path"):
        return hits, None
    facts = await view.engine.search.query_facts(
        view.caller, query=query, path=filters["path"], detail="full", limit=SEARCH_FACTS, max_tokens=SEARCH_TOKENS
    )
    return hits, {**facts, "passages": []}
