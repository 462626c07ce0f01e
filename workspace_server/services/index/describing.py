"""What one file is and says, within a budget, so that the next agent need not read it."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from anyio import to_thread

from indexer.gist import profiles, symbols, telling
from indexer.limits import GIST_FACTS_MAX, GIST_HEADINGS_MAX
from indexer.model import Extraction, LiveFact
from workspace_server.core.access import Caller
from workspace_server.services.arguments import refused
from workspace_server.services.extracted import extraction_of
from workspace_server.services.files import changes
from workspace_server.services.folder import Folder
from workspace_server.services.index.answers import Budget, clean, fitted, statement
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import facts, files
from workspace_server.storage.tables.files import Source, VersionRow, sources_of
from workspace_server.storage.tables.index_source import change_of

RELATED_MAX = 10
"""Files listed as sources, and as users."""
HIDDEN_MAX = 1_000
"""Users that are looked at for those that the caller may read."""
OUTLINE_SHARE = 0.08
"""Of the room that is left, the most that one line of the outline may take: a long outline ends early."""
PROFILE_SHARE = 0.2
"""Of the room that is left, the most that one column of a table may take."""
DEPTH_MAX = 4
"""Steps by which a symbol of code is indented at most."""
_TITLE_BYTES_MAX = 200


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database knows of a version before its content is looked at."""

    row: VersionRow
    is_head: bool
    key: str | None
    sources: list[Source]
    used_by: list[Source]


async def describe(folder: Folder, caller: Caller, path: str, version: int | None, *, max_tokens: int) -> Result:
    """Return the description of a version (None: the head's).

    Raises:
        NotFound, Gone, IsDirectory: There is no such version.
        InvalidArgument: The budget is too small for the file's own name.
    """
    known = await folder.db.read(lambda tx: _look_up(tx, caller, path, version))
    extraction = await facts.beginning_of(folder.db, known.key) if known.key else None
    extraction = extraction or await _extracted(folder, path, known)
    result = _description(path, known, extraction, max_tokens)
    if known.key and _uses_up(result, extraction):
        whole = await facts.extraction_of(folder.db, known.key) or extraction
        return await to_thread.run_sync(lambda: _description(path, known, whole, max_tokens))
    return result


def _uses_up(result: Result, extraction: Extraction) -> bool:
    """Return whether a description tells so much that there may be more than what is kept ready for it."""
    lines_max = GIST_HEADINGS_MAX if extraction.headings else GIST_FACTS_MAX
    kept = {"outline": lines_max, "profile": GIST_FACTS_MAX, "facts": GIST_FACTS_MAX}
    return any(len(result.get(name, ())) > most for name, most in kept.items())


async def _extracted(folder: Folder, path: str, known: _Known) -> Extraction:
    """Return what the index has not kept: what is said now by a version of the past; only heads are kept indexed."""
    extraction = None if known.is_head else await extraction_of(folder, change_of(path, known.row))
    return extraction or Extraction(state="pending", reason="the index has not come to it yet")


def _description(path: str, known: _Known, extraction: Extraction, max_tokens: int) -> Result:
    result: Result = {
        "path": path,
        "version": known.row.version,
        "modified_by": known.row.agent,
        "title": fitted(clean(extraction.title or path.rpartition("/")[2]), _TITLE_BYTES_MAX),
        "media_type": known.row.media_type,
        "size_bytes": known.row.size_bytes,
        **({} if extraction.state == "pending" else {"lines": extraction.lines}),
        **({"pages": len(extraction.pages)} if extraction.pages else {}),
        "index_state": extraction.state,
    }
    if extraction.reason:
        result["index_reason"] = extraction.reason
    lists: dict[str, list[object]] = {"outline": [], "facts": [], "sources": [], "used_by": []}
    budget = Budget(max_tokens, {**result, **lists})
    if budget.left_bytes < 0:
        raise refused("max_tokens", f"{max_tokens} tokens do not hold even the name of this file", "Give more.")
    profile = _profile(extraction, budget)
    for name, related in (("sources", known.sources), ("used_by", known.used_by)):
        lists[name] += [one for one in related[:RELATED_MAX] if budget.take(one, share=0.25)]
    lists["outline"] += _fitting(_outline(extraction), budget, share=OUTLINE_SHARE)
    lists["facts"] += _fitting(_facts(path, known.row, extraction), budget)
    return {**result, **profile, **lists}


async def _look_up(tx: Transaction, caller: Caller, path: str, number: int | None) -> _Known:
    row, found = await changes.known_version(tx, path, number)
    state = await facts.state(tx, path, found.version)
    is_head = bool(row.live) and found.version == row.version
    uses = await files.uses(tx, path, version=number, limit=RELATED_MAX if caller.sees_all else HIDDEN_MAX)
    used_by: list[Source] = [{"path": use.path, "version": use.version} for use in uses if caller.sees(use.path)]
    sources = [one for one in sources_of(found) if caller.sees(one["path"])]
    return _Known(found, is_head, state[2] if state else None, sources, used_by)


def _fitting(lines: Iterable[object], budget: Budget, *, share: float = 1.0) -> list[object]:
    fitting = []
    for line in lines:
        if not budget.take(line, share=share):
            break
        fitting.append(line)
    return fitting


def _outline(extraction: Extraction) -> Iterable[str]:
    """Yield the headings, with their page in a document, or the pages, or the symbols of code, each with its line."""
    if extraction.headings:
        for heading in extraction.headings:
            page = f"p.{bisect_right(extraction.pages, heading.line)} " if extraction.pages else ""
            yield f"{'#' * heading.level} {fitted(clean(heading.title), 120)} {page}:{heading.line}"
        return
    if extraction.pages:
        yield from (f"page {number} :{line}" for number, line in enumerate(extraction.pages, 1))
        return
    named = symbols(extraction.facts)
    outermost = min((fact.subject.count(".") for fact in named), default=0)
    for fact in named:
        depth = min(fact.subject.count(".") - outermost, DEPTH_MAX)
        yield f"{'  ' * depth}{fitted(clean(fact.value), 160)} :{fact.start_line}"


def _profile(extraction: Extraction, budget: Budget) -> Result:
    """Return `{profile: {what: how its values are spread}}` of the tables in a file, or nothing when it has none."""
    told = profiles(extraction.facts)
    if not told or not budget.take({"profile": {}}):
        return {}
    of_one = len({fact.subject for fact in told}) == 1
    profile: dict[str, str] = {}
    for fact in told:
        name = clean(fact.key if of_one else f"{fact.subject} · {fact.key}")
        if name not in profile and budget.take({name: clean(fact.value)}, share=PROFILE_SHARE):
            profile[name] = clean(fact.value)
    return {"profile": profile}


def _facts(path: str, row: VersionRow, extraction: Extraction) -> Iterable[Result]:
    for fact in telling(extraction.facts):
        live = LiveFact(fact=fact, path=path, version=row.version, seq=row.seq, agent=row.agent, at_s=row.at)
        page = {} if fact.page is None else {"page": fact.page}
        yield {"fact": statement(live), "line": fact.start_line, **page, "kind": fact.kind}
