"""The facts of the workspace: asked for by words, subject, key, kind and place, now or as of an earlier change."""

from typing import Any

from starlette.responses import Response

from indexer.model import FACT_KINDS
from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.web.finding.asking import TOKENS_PER_ANSWER, Answer, limit_of, more_than, tokens_of
from workspace_server.interfaces.web.view import View

ASKED = ("query", "subject", "key", "path", "kind")
TOKENS_PER_FACT = 3 * TOKENS_PER_ANSWER
"""With the words that it stands in: the page shows these, which an agent asks for with `detail`."""


async def facts(view: View) -> Response:
    """Show facts, each with the words that say so and where; without a question those of the newest files."""
    asked: dict[str, Any] = {name: view.text("q" if name == "query" else name) for name in ASKED}
    limit = limit_of(view)
    found: Answer | None = None
    refusal = None
    try:
        as_of = view.number("as_of")
        found = await view.engine.search.query_facts(
            view.caller, **asked, as_of_seq=as_of, detail="full", limit=limit, max_tokens=limit * TOKENS_PER_FACT
        )
        found["passages"] = []
    except InvalidArgument as error:
        as_of, refusal = None, error
    return view.render(
        "finding/facts.html",
        title="Facts",
        active="search",
        query=asked["query"] or "",
        asked=asked,
        as_of=as_of,
        kinds=FACT_KINDS,
        found=found,
        tokens_of=tokens_of,
        limit=limit,
        more=None if found is None else more_than(limit, found=len(found["facts"])),
        refusal=refusal,
    )
