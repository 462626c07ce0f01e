"""The use cases that answer from the index: search, query_facts, describe_file."""

from datetime import UTC, datetime
from typing import Literal

from indexer.conflicts import conflicts_among
from indexer.model import FACT_KINDS, LiveFact
from indexer.questions import parse_question
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.core.patterns import Selector
from workspace_server.services.arguments import bounded, refused
from workspace_server.services.folder import Folder
from workspace_server.services.index import describing, exact_search
from workspace_server.services.index.answers import (
    Budget,
    Detail,
    conflict_row,
    distinct,
    fact_row,
    fitted,
    snippet,
    spread,
)
from workspace_server.services.index.exact_search import Filters
from workspace_server.services.index.indexing import Indexing, Part
from workspace_server.services.recording import Result
from workspace_server.services.selecting import places
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import facts, files

Mode = Literal["ranked", "exact"]
HITS_MAX = 100
CONTEXT_LINES_MAX = 20
LOOKED_AT = 300
"""Passages or facts that are ranked before they are filtered, spread over files and cut."""
PASSAGES_BESIDE_FACTS = 5
PASSAGE_BYTES_MIN = 160
"""Less room than this is not worth a passage."""


class Search:
    """Answer from passages and facts. Errors: invalid_argument, invalid_path, not_found, gone, is_directory."""

    def __init__(self, folder: Folder, indexing: Indexing) -> None:
        self._folder = folder
        self._indexing = indexing

    async def search(
        self,
        caller: Caller,
        *,
        query: str,
        mode: Mode = "ranked",
        path: str | None = None,
        media_type: str | None = None,
        modified_by: str | None = None,
        modified_after: str | None = None,
        context_lines: int = 0,
        limit: int = 10,
        max_tokens: int = 2000,
        min_seq: int | None = None,
    ) -> Result:
        """Return `{hits, total_matches?, indexed_seq, complete}`: passages by rank, or every line that holds *query*.

        `exact` reads the files themselves, letter by letter: it needs no index and misses nothing.
        """
        caller.require("search")
        if mode not in ("ranked", "exact"):
            raise refused("mode", "is 'ranked' or 'exact'")
        _check_query(query)
        bounded("limit", limit, 1, HITS_MAX)
        bounded("context_lines", context_lines, 0, CONTEXT_LINES_MAX)
        bounded("max_tokens", max_tokens, LIMITS.tokens_min, LIMITS.tokens_max)
        filters = Filters(
            selector=await self._selector(path),
            media_type=media_type,
            modified_by=modified_by,
            modified_after_s=_seconds_of(modified_after),
        )
        if mode == "exact":
            return await exact_search.search(
                self._folder, query, filters, context_lines=context_lines, limit=limit, max_tokens=max_tokens
            )
        state = await self._freshness("passages", min_seq)
        result: Result = {"hits": [], **state}
        budget = Budget(max_tokens, result)
        for hit in await self._hits(query, filters, context_lines=context_lines, limit=limit):
            if not budget.take(hit):
                break
            result["hits"].append(hit)
        return result

    async def query_facts(
        self,
        caller: Caller,
        *,
        query: str | None = None,
        subject: str | None = None,
        key: str | None = None,
        path: str | None = None,
        kind: str | None = None,
        detail: Detail = "brief",
        limit: int = 20,
        max_tokens: int = 1500,
        min_seq: int | None = None,
    ) -> Result:
        """Return `{facts, conflicts, passages, indexed_seq, complete}`: facts first, passages in what is left."""
        caller.require("search")
        for name, text in (("query", query), ("subject", subject), ("key", key)):
            if text is not None:
                _check_query(text, name)
        if kind is not None and kind not in FACT_KINDS:
            raise refused("kind", f"is one of {', '.join(FACT_KINDS)}", "Leave it out to ask for all kinds.")
        if detail not in ("brief", "full"):
            raise refused("detail", "is 'brief' or 'full'")
        bounded("limit", limit, 1, HITS_MAX)
        bounded("max_tokens", max_tokens, LIMITS.tokens_min, LIMITS.tokens_max)
        selector = await self._selector(path)
        state = await self._freshness("facts", min_seq)

        async def find(tx: Transaction) -> list[LiveFact]:
            return await facts.find(
                tx, query=query, subject=subject, key=key, kind=kind, path_range=path_range(selector), limit=LOOKED_AT
            )

        found = [live for live in await self._folder.db.read_long(find) if not selector or selector.covers(live.path)]
        chosen = spread(distinct(found), lambda live: live.path, limit)
        result: Result = {"facts": [], "conflicts": [], "passages": [], **state}
        budget = _fill_facts(result, chosen, detail, max_tokens)
        if query:
            await self._fill_passages(result, query, selector, budget)
        return result

    async def describe_file(
        self, caller: Caller, *, path: str, version: int | None = None, max_tokens: int = 400
    ) -> Result:
        """Return what a file is and says, so that it need not be read: outline, key facts, where it comes from."""
        bounded("max_tokens", max_tokens, LIMITS.tokens_min, LIMITS.tokens_max)
        place = canonical_file(path)
        caller.require("read", place)
        return await describing.describe(self._folder, place, version, max_tokens=max_tokens)

    async def _freshness(self, part: Part, min_seq: int | None) -> Result:
        """Return how far the index is, after waiting for *min_seq* as long as the setting allows."""
        head_seq = self._indexing.head_seq
        if min_seq is not None:
            bounded("min_seq", min_seq, 0, 1 << 53)
            await self._indexing.reach(part, min_seq, timeout_s=self._folder.settings.min_seq_wait_seconds)
        indexed_seq = await self._indexing.indexed_seq(part)
        return {"indexed_seq": indexed_seq, "complete": indexed_seq >= (head_seq if min_seq is None else min_seq)}

    async def _selector(self, path: str | None) -> Selector | None:
        """Return the part of the workspace that is asked about: a path, a directory (also without `/`), a pattern."""
        if path is None:
            return None
        return (await self._folder.db.read(lambda tx: places(tx, [path], argument="path")))[0]

    async def _hits(self, query: str, filters: Filters, *, context_lines: int, limit: int) -> list[Result]:
        question = parse_question(query)
        prefix = filters.selector.literal_prefix if filters.selector else ""
        found = await self._indexing.passages(question, path_prefix=prefix, limit=LOOKED_AT)

        async def live(tx: Transaction) -> set[tuple[str, int]]:
            rows = [await files.by_path(tx, path) for path in {hit.path for hit in found.hits}]
            return {(row.path, row.version) for row in rows if row is not None and row.live and filters.allow(row)}

        heads = await self._folder.db.read(live)
        hits = [hit for hit in found.hits if (hit.path, hit.version) in heads]
        rows = []
        for hit in spread(hits, lambda one: one.path, limit):
            text, start_line, end_line = snippet(hit.passage, question, context_lines=context_lines)
            row: Result = {"path": hit.path, "version": hit.version, "start_line": start_line, "end_line": end_line}
            if hit.passage.heading:
                row["heading"] = fitted(hit.passage.heading, 200)
            rows.append({**row, "text": text, "score": round(hit.score, 2)})
        return rows

    async def _fill_passages(self, result: Result, query: str, selector: Selector | None, budget: Budget) -> None:
        if budget.left_bytes < PASSAGE_BYTES_MIN:
            return  # not worth asking the index
        filters = Filters(selector=selector)
        for hit in await self._hits(query, filters, context_lines=0, limit=PASSAGES_BESIDE_FACTS):
            del hit["score"]
            room_bytes = budget.room_bytes({**hit, "text": ""})
            if room_bytes < PASSAGE_BYTES_MIN // 2:
                return
            hit["text"] = fitted(hit["text"], room_bytes)
            budget.take(hit)
            result["passages"].append(hit)


def path_range(selector: Selector | None) -> tuple[str, str]:
    """Return the bounds of the paths that a selector can cover."""
    prefix = selector.literal_prefix if selector else ""
    return prefix, prefix + "\U0010ffff"


def _seconds_of(modified_after: str | None) -> float | None:
    if modified_after is None:
        return None
    try:
        moment = datetime.fromisoformat(modified_after)
    except ValueError:
        raise refused("modified_after", "is no time", "For example 2026-11-21T08:30:00Z.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _check_query(text: str, name: str = "query") -> None:
    if not text.strip():
        raise refused(name, "is empty", "Say what you look for in a few words.")
    if len(text) > LIMITS.query_chars_max:
        raise refused(name, f"is longer than {LIMITS.query_chars_max} characters", "Use the telling words only.")


def _fill_facts(result: Result, chosen: list[LiveFact], detail: Detail, max_tokens: int) -> Budget:
    """Put as many facts and their contradictions into the answer as fit; contradictions only among those."""
    while True:
        budget = Budget(max_tokens, {**result, "facts": [], "conflicts": []})
        conflicts = [conflict_row(one) for one in conflicts_among(chosen)]
        rows = [fact_row(live, detail) for live in chosen]
        fitting = [one for one in conflicts if budget.take(one, share=0.5)]
        fit = 0
        while fit < len(rows) and budget.take(rows[fit]):
            fit += 1
        if fit == len(rows):
            result["facts"], result["conflicts"] = rows, fitting
            return budget
        chosen = chosen[:fit]
