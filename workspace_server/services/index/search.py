"""The use cases that answer from the index: search, query_facts, describe_file."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, get_args

from indexer.conflicts import topic_of
from indexer.exact import Needle
from indexer.model import FACT_KINDS
from indexer.questions import why_in_vain
from indexer.regex import BadPattern, Pattern
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.core.patterns import Selector
from workspace_server.services.arguments import bounded, refused
from workspace_server.services.folder import Folder
from workspace_server.services.index import describing, exact_search, facts
from workspace_server.services.index.answers import Budget, Detail, clean, conflict_row, fact_row, fitted
from workspace_server.services.index.filters import Filters
from workspace_server.services.index.indexing import Indexing, Part
from workspace_server.services.index.ranked import Ranked
from workspace_server.services.recording import Result
from workspace_server.services.selecting import places
from workspace_server.storage.tables.fact_questions import Wanted

Mode = Literal["ranked", "exact", "regex"]
HITS_MAX = 100
CONTEXT_LINES_MAX = 20
MEANT_BYTES_MAX = 200
"""Of a question as it was perhaps meant."""
PASSAGES_BESIDE_FACTS = 5
PASSAGE_BYTES_MIN = 80
"""Less room than this for its text is not worth a passage."""
_KIND = re.compile(r"[^\s/*?]+/[^\s/*?]*")
SIFTED = "more was found than was held against the filters: ask for fewer files"
"""Why an answer is not complete whose filters let many files through, and only few of the best answers."""
CUT = "the passages were not looked through to the end: ask again, or for fewer files"
"""Why facts with passages beside them are not complete when the search index did not answer in time."""
REASON_BYTES_MAX = 50
"""Of a path in the reason why an answer is not complete."""


class Search:
    """Answer from passages and facts. Errors: invalid_argument, invalid_path, not_found, gone, is_directory."""

    def __init__(self, folder: Folder, indexing: Indexing) -> None:
        self._folder = folder
        self._indexing = indexing
        self._ranked = Ranked(folder, indexing)
        self._turns = exact_search.Turns()

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
        """Return `{hits, total_matches?, did_you_mean?, words_only?, indexed_seq, complete, reason?}`.

        The hits are passages by rank, or every line that holds *query*.
        `exact` and `regex` read the files themselves: they need no index and miss nothing.
        """
        caller.require_somewhere("search")
        if mode not in get_args(Mode):
            raise refused("mode", f"is one of {', '.join(get_args(Mode))}")
        _check_query(query)
        if mode == "ranked":
            _check_question(query)
        bounded("limit", limit, 1, HITS_MAX)
        bounded("context_lines", context_lines, 0, CONTEXT_LINES_MAX)
        bounded("max_tokens", max_tokens, LIMITS.tokens_min, LIMITS.tokens_max)
        filters = Filters(
            scope=caller.scope,
            selector=await self._selector(caller, path),
            media_type=_kind_of(media_type),
            modified_by=modified_by,
            modified_after_s=_seconds_of(modified_after),
        )
        if mode != "ranked":
            sought = Needle(query) if mode == "exact" else _pattern(query)
            async with self._turns.of(caller.agent):
                return await exact_search.search(
                    self._folder, sought, filters, context_lines=context_lines, limit=limit, max_tokens=max_tokens
                )
        state = await self._freshness(caller, "passages", min_seq)
        result: Result = {"hits": [], **state}
        found = await self._ranked.find(query, filters, context_lines=context_lines, limit=limit, corrects=True)
        result["complete"] = result["complete"] and not (found.cut or found.sifted)
        if found.sifted:
            result["reason"] = SIFTED
        if found.words_only:
            result["words_only"] = True
        if found.did_you_mean:
            result["did_you_mean"] = fitted(found.did_you_mean, MEANT_BYTES_MAX)
        budget = Budget(max_tokens, result)
        for hit in found.rows:
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
        as_of_seq: int | None = None,
        limit: int = 20,
        max_tokens: int = 1500,
        min_seq: int | None = None,
    ) -> Result:
        """Return `{facts, conflicts, passages, indexed_seq, complete}`: facts first, passages in what is left.

        With *as_of_seq* the facts of the files as they were then, without passages; `complete` is false, with a
        `reason`, when those of some file are not kept.
        """
        caller.require_somewhere("search")
        for name, text in (("query", query), ("subject", subject), ("key", key)):
            if text is not None:
                _check_query(text, name)
        if kind is not None and kind not in FACT_KINDS:
            raise refused("kind", f"is one of {', '.join(FACT_KINDS)}", "Leave it out to ask for all kinds.")
        if detail not in ("brief", "full"):
            raise refused("detail", "is 'brief' or 'full'")
        bounded("limit", limit, 1, HITS_MAX)
        bounded("max_tokens", max_tokens, LIMITS.tokens_min, LIMITS.tokens_max)
        filters = Filters(scope=caller.scope, selector=await self._selector(caller, path))
        wanted = Wanted(
            query=query,
            subject=subject,
            key=key,
            kind=kind,
            path_range=facts.path_range(filters.selector),
            as_of_seq=as_of_seq,
            limit=limit,
        )
        state = await self._freshness(caller, "facts", min_seq)
        found = await self._folder.db.read_long(lambda tx: facts.look_up(tx, wanted, filters))
        if as_of_seq is not None:
            state["complete"] = state["indexed_seq"] >= max(as_of_seq, min_seq or 0) and found.unknown is None
        if found.sifted:
            state |= {"complete": False, "reason": SIFTED}
        if found.unknown is not None:
            path = fitted(clean(found.unknown), REASON_BYTES_MAX)
            state["reason"] = f"not kept as of then: the facts of {path}"
        result: Result = {"facts": [], "conflicts": [], "passages": [], **state}
        passages: list[Result] = []
        if query and as_of_seq is None:
            passages = await self._beside(result, query, filters)
        budget = facts.fill(result, found, detail, max_tokens, beside=passages)
        result["passages"] += _fitting(passages, budget)
        return result

    async def describe_file(
        self, caller: Caller, *, path: str, version: int | None = None, max_tokens: int = 400
    ) -> Result:
        """Return what a file is and says, so that it need not be read: outline, key facts, where it comes from."""
        bounded("max_tokens", max_tokens, LIMITS.tokens_min, LIMITS.tokens_max)
        place = canonical_file(path)
        caller.require("read", place)
        return await describing.describe(self._folder, caller, place, version, max_tokens=max_tokens)

    async def _freshness(self, caller: Caller, part: Part, min_seq: int | None) -> Result:
        """Return how far the index is, after waiting for *min_seq* as long as the setting allows."""
        if min_seq is not None:
            bounded("min_seq", min_seq, 0, 1 << 53)
        timeout_s = self._folder.settings.min_seq_wait_seconds
        state = await self._indexing.freshness(part, min_seq, timeout_s=timeout_s)
        self._folder.recorder.check_open(caller)  # its token may have ended while it waited
        return state

    async def facts_beside(
        self, caller: Caller, *, path: str, version: int, first_line: int, last_line: int
    ) -> list[Result]:
        """Return the facts that begin on these lines of a version, in their order, each with `says_otherwise`.

        These are the other values that files give for the same, with their citations, unless a person dismissed that.
        """
        place = canonical_file(path)
        caller.require("read", place)
        caller.require("search", place)
        lines, filters = (first_line, last_line), Filters(scope=caller.scope)
        found = await self._folder.db.read_long(lambda tx: facts.beside(tx, place, version, lines, filters))
        rows = []
        for live in found.facts:
            row = {**fact_row(live, "full"), "says_otherwise": []}
            for conflict in found.conflicts:
                if conflict.topic == topic_of(live.fact):
                    values = conflict_row(conflict)["values"]
                    row["says_otherwise"] += [said for said in values if said["value"] != row["value"]]
            rows.append(row)
        return rows

    async def _selector(self, caller: Caller, path: str | None) -> Selector | None:
        """Return the part of the workspace that is asked about: a path, a directory (also without `/`), a pattern."""
        if path is None:
            return None
        chosen = (await self._folder.db.read(lambda tx: places(tx, [path], argument="path")))[0]
        if chosen.kind != "pattern":  # by its name, whether a file or a directory was found there, or nothing
            name = chosen.text.removesuffix("/")
            if not caller.scope.allows("search", name):
                caller.require_below("search", name)
        return chosen

    async def _beside(self, result: Result, query: str, filters: Filters) -> list[Result]:
        """Return the passages that may stand beside facts, the best first; tell in *result* what they may lack."""
        found = await self._ranked.find(query, filters, limit=PASSAGES_BESIDE_FACTS)
        if found.words_only:
            result["words_only"] = True
        if (found.cut and self._indexing.has_begun("passages")) or found.sifted:  # a late start is no more than late
            result["complete"] = False
            result.setdefault("reason", CUT if found.cut else SIFTED)
        return [{name: value for name, value in hit.items() if name != "score"} for hit in found.rows]


def _fitting(passages: Sequence[Result], budget: Budget) -> list[Result]:
    """Return as many of the passages as fit, the last one cut."""
    fitting: list[Result] = []
    for hit in passages:
        room_bytes = budget.room_bytes({**hit, "text": ""})
        if room_bytes < PASSAGE_BYTES_MIN:
            break
        fitting.append({**hit, "text": fitted(hit["text"], room_bytes)})
        budget.take(fitting[-1])
    return fitting


def _seconds_of(modified_after: str | None) -> float | None:
    if modified_after is None:
        return None
    try:
        moment = datetime.fromisoformat(modified_after)
    except ValueError:
        raise refused("modified_after", "is no time", "For example 2026-11-21T08:30:00Z.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _kind_of(media_type: str | None) -> str | None:
    """Return a media type as files have it, or its first half with the slash, also when that is given as ``text/*``."""
    if media_type is None:
        return None
    kind = media_type.strip().lower()
    if kind.endswith("/*"):
        kind = kind[:-1]
    if not _KIND.fullmatch(kind):
        raise refused(
            "media_type", "is no media type", "For example 'text/markdown', or 'text/' for all kinds of text."
        )
    return kind


def _pattern(query: str) -> Pattern:
    try:
        return Pattern(query)
    except BadPattern as error:
        raise refused(
            "query",
            f"cannot be used as a regular expression: {error}",
            "Write it in the syntax of RE2, for one line; or look for text as it stands with mode='exact'.",
        ) from None


def _check_question(text: str) -> None:
    why = why_in_vain(text)
    if why is not None:
        raise refused("query", why, "Say a word that you look for; mode='exact' looks for marks as they stand.")


def _check_query(text: str, name: str = "query") -> None:
    if not text.strip():
        raise refused(name, "is empty", "Say what you look for in a few words.")
    if len(text) > LIMITS.query_chars_max:
        raise refused(name, f"is longer than {LIMITS.query_chars_max} characters", "Use the telling words only.")
