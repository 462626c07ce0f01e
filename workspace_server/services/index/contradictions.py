"""What files say against each other: the list of it, the newest first, and what a person says to that."""

from collections.abc import Sequence

from indexer.conflicts import Conflict, conflicts_among, topic_named
from indexer.model import LiveFact
from workspace_server.core.access import Caller
from workspace_server.core.scopes import Verb
from workspace_server.errors import NotFound
from workspace_server.services.arguments import bounded, page_cursor
from workspace_server.services.folder import Folder
from workspace_server.services.index.answers import clean, conflict_row
from workspace_server.services.index.indexing import Indexing
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import audit, dismissals, fact_search, fact_topics
from workspace_server.storage.tables.fact_questions import Wanted

LISTED_MAX = 50


class Contradictions:
    """List and dismiss what files say against each other. Errors: invalid_argument, forbidden, not_found."""

    def __init__(self, folder: Folder, indexing: Indexing) -> None:
        self._folder = folder
        self._indexing = indexing

    async def list_conflicts(self, caller: Caller, *, limit: int = 20, cursor: str | None = None) -> Result:
        """Return `{conflicts, next_cursor?, indexed_seq, complete}`: those in which something was said last first.

        One call looks at a bounded number of facts: there may be a `next_cursor` although few were found, or none.
        """
        caller.require_somewhere("search")
        bounded("limit", limit, 1, LISTED_MAX)
        before = page_cursor(cursor)
        state = await self._indexing.freshness("facts")
        found, next_before = await self._folder.db.read_long(lambda tx: _listed(tx, caller, before, limit))
        more = {} if next_before is None else {"next_cursor": str(next_before)}
        return {"conflicts": [conflict_row(one, "full") for one in found], **more, **state}

    async def about(self, caller: Caller, *, subject: str, key: str) -> Result:
        """Return `{conflicts}`: what files say against each other about *key* of *subject*."""
        caller.require_somewhere("search")
        found = await self._folder.db.read(lambda tx: _about(tx, caller, topic_named(subject, key)))
        return {"conflicts": [conflict_row(one, "full") for one in found]}

    async def dismiss_conflict(
        self, caller: Caller, *, subject: str, key: str, values: Sequence[str] | None = None
    ) -> Result:
        """Say that files may contradict each other in this, and return what they say; until one says something else.

        Args:
            values: What they say, so that nothing is dismissed that came since.

        Raises:
            NotFound: They do not contradict each other, or say something else: those that the caller may decide about.
        """
        caller.require_somewhere("admin")
        return await self._folder.db.write(lambda tx: _dismiss(tx, caller, subject, key, values))


async def undismissed(tx: Transaction, conflicts: Sequence[Conflict]) -> list[Conflict]:
    """Return those of *conflicts* that nobody has dismissed."""
    if not conflicts:
        return []
    dismissed = await dismissals.among(tx, [conflict.mark for conflict in conflicts])
    return [conflict for conflict in conflicts if conflict.mark not in dismissed]


async def _said(tx: Transaction, caller: Caller, topic: int, verb: Verb) -> list[LiveFact]:
    """Return what files say on a topic in which the caller has a verb: with no other file is there a contradiction."""
    found = await fact_search.about(tx, [topic], Wanted())
    return [live for live in found if caller.scope.allows(verb, live.path)]


async def _about(tx: Transaction, caller: Caller, topic: int) -> list[Conflict]:
    return await undismissed(tx, conflicts_among(await _said(tx, caller, topic, "search")))


async def _listed(tx: Transaction, caller: Caller, before: int | None, limit: int) -> tuple[list[Conflict], int | None]:
    """Return contradictions whose newest fact has a number below *before*, and the number to go on from, if any."""
    shared = await fact_topics.shared(tx, before=before)
    found: list[Conflict] = []
    for topic, newest in shared.topics:
        found += await _about(tx, caller, topic)
        if len(found) >= limit:
            return found, newest
    return found, shared.looked_at_from


async def _dismiss(tx: Transaction, caller: Caller, subject: str, key: str, values: Sequence[str] | None) -> Result:
    found = conflicts_among(await _said(tx, caller, topic_named(subject, key), "admin"))
    if values is not None:
        found = [one for one in found if {value["value"] for value in conflict_row(one)["values"]} == set(values)]
    if not found:
        raise NotFound(
            f"No files contradict each other in this about {clean(subject)} · {clean(key)}.",
            hint="Ask for the facts again: `conflicts` lists what they say now.",
        )
    for conflict in found:
        await dismissals.add(tx, conflict.mark, caller.agent)
    await audit.add(tx, caller, "dismiss_conflict", found[0].facts[0].path, None)
    return {"dismissed": [conflict_row(one) for one in found]}
