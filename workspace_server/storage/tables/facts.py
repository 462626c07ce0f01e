"""Rows of what the indexer has read: facts, index states, and extractions by content."""

import dataclasses
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio.to_thread
import zstandard

from indexer.model import Change, Extraction, Fact, Heading, Indexed, LiveFact, Passage
from indexer.questions import Term, cjk_pairs, parse_question, parts_of_words, words_of
from workspace_server.storage.database import Database, Transaction

SUPERSEDED_KEPT = 4
"""Versions of a path before the head whose extraction is kept, so that going back costs nothing."""
FACTS_PER_COMMIT = 500
"""Facts after which a commit is closed: other writers wait behind it."""

UNPACKED_AT_ONCE_BYTES = 16 * 1024
"""Packed extractions up to this size are unpacked where they are asked for."""
FILL_SHARE_MIN = 0.3
"""Facts that have only some of the words are told when they rank at least this near to the best of them."""

Body = Callable[[Transaction], Awaitable[Sequence[tuple[Change, str]]]]
Record = Callable[[Body], Awaitable[None]]
"""Runs a body in one transaction that also records `file.indexed` for what it returns: changes with their state."""

_COLUMNS = (
    "path, version, kind, subject, key, value, normal, unit, quote, start_char, end_char, start_line, end_line,"
    " pointer, extractor, confidence, entity, page"
)
_MARKS = ", ".join("?" * len(_COLUMNS.split(",")))
_LIVE = " JOIN files h ON h.path = f.path AND h.version = f.version AND h.live = 1"
_FACT = (
    "f.kind, f.subject, f.key, f.value, f.normal, f.unit, f.quote, f.start_char, f.end_char, f.start_line,"
    " f.end_line, f.pointer, f.confidence, f.entity, f.page, f.path, f.version, h.seq, h.modified_by, h.modified_at"
)
# Of a match in subject and key more is to be expected than of one in a long quote; headings only point at text.
_RANK = "bm25(facts_text, 5.0, 6.0, 2.0, 1.0, 2.0) * CASE f.kind WHEN 'heading' THEN 0.2 ELSE 1.0 END"


class SqlFactStore:
    """The indexer's `FactStore` in the workspace's database.

    Args:
        record: Commits a body together with its events.
    """

    def __init__(self, db: Database, record: Record) -> None:
        self._db = db
        self._record = record

    async def progress(self) -> tuple[int, str]:
        """Return the seq up to which all is kept, and the fingerprint it was kept with."""
        row = await self._db.read(lambda tx: tx.one("SELECT seq, fingerprint FROM index_progress"))
        assert row is not None
        return int(row[0]), str(row[1])

    async def extraction(self, key: str) -> Extraction | None:
        """Return what was once extracted under *key*, if it is still known."""
        return await extraction_of(self._db, key)

    async def keep(self, found: Sequence[Indexed], *, progress: tuple[int, str] | None) -> None:
        """Make *found* the facts of its paths, in commits of a bounded size; the progress goes with the last."""
        packed = await anyio.to_thread.run_sync(_packed_all, found)
        start = 0
        while start < len(found):
            end, facts = start, 0
            while end < len(found) and (end == start or facts < FACTS_PER_COMMIT):
                extraction = found[end].extraction
                facts += len(extraction.facts) if extraction else 1
                end += 1
            await self._record(_put_body(found[start:end], packed[start:end]))
            start = end
        if progress is not None:
            await self._db.write(
                lambda tx: tx.run("UPDATE index_progress SET seq = ?, fingerprint = ? WHERE only = 1", *progress)
            )


def _put_body(found: Sequence[Indexed], packed: Sequence[bytes]) -> Body:
    async def body(tx: Transaction) -> list[tuple[Change, str]]:
        kept: list[tuple[Change, str]] = []
        for each, extraction_body in zip(found, packed, strict=True):
            if await put(tx, each, extraction_body) and each.extraction is not None:
                kept.append((each.change, each.extraction.state))
        return kept

    return body


async def put(tx: Transaction, indexed: Indexed, body: bytes) -> bool:
    """Replace the facts of a path; False when nothing new was kept: the file has moved on, or is gone.

    Args:
        body: The packed extraction.
    """
    change, extraction = indexed.change, indexed.extraction
    head = await tx.one("SELECT version FROM files WHERE path = ? AND live = 1", change.path)
    if (head[0] if head else None) != change.version:
        return False
    if extraction is None:
        await _forget_facts(tx, change.path)
        return False
    assert change.version is not None, "what was extracted is of a version"
    known = await state(tx, change.path, change.version)
    if known is not None and known[2] == indexed.key:
        return False  # the log is told again after a crash; the facts are there and were announced
    await _forget_facts(tx, change.path)
    await tx.run("INSERT INTO extractions (key, body) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", indexed.key, body)
    await tx.run(
        "INSERT INTO index_states (path, version, key, state, reason, facts, dropped) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (path, version) DO UPDATE SET key = excluded.key, state = excluded.state,"
        " reason = excluded.reason, facts = excluded.facts, dropped = excluded.dropped",
        change.path,
        change.version,
        indexed.key,
        extraction.state,
        extraction.reason,
        len(extraction.facts),
        extraction.dropped,
    )
    place = " ".join([change.path, *parts_of_words(change.path)])
    for fact in extraction.facts:
        await _insert(tx, change, fact, extraction.extractor, place)
    await _forget_superseded(tx, change)
    return True


async def _insert(tx: Transaction, change: Change, fact: Fact, extractor: str, place: str) -> None:
    row = await tx.one(
        f"INSERT INTO facts ({_COLUMNS}) VALUES ({_MARKS}) RETURNING fact_id",
        change.path,
        change.version,
        fact.kind,
        fact.subject,
        fact.key,
        fact.value,
        fact.normal,
        fact.unit,
        fact.quote,
        fact.start,
        fact.end,
        fact.start_line,
        fact.end_line,
        fact.pointer,
        extractor,
        fact.confidence,
        int(fact.entity),
        fact.page,
    )
    assert row is not None
    parts = " ".join(parts_of_words(f"{fact.subject} {fact.key} {fact.quote}"))
    await tx.run(
        "INSERT INTO facts_text (rowid, subject, key, value, quote, place) VALUES (?, ?, ?, ?, ?, ?)",
        row[0],
        fact.subject,
        fact.key,
        fact.value,
        fact.quote,
        f"{place} {parts}",
    )


async def _forget_facts(tx: Transaction, path: str) -> None:
    await tx.run("DELETE FROM facts_text WHERE rowid IN (SELECT fact_id FROM facts WHERE path = ?)", path)
    await tx.run("DELETE FROM facts WHERE path = ?", path)


async def _forget_superseded(tx: Transaction, change: Change) -> None:
    """Drop the extraction of the version that is *SUPERSEDED_KEPT* behind, unless a head still has that content."""
    await tx.run(
        "DELETE FROM extractions WHERE key = (SELECT key FROM index_states WHERE path = ? AND version < ?"
        " ORDER BY version DESC LIMIT 1 OFFSET ?) AND NOT EXISTS (SELECT 1 FROM index_states s JOIN files h"
        " ON h.path = s.path AND h.version = s.version AND h.live = 1 WHERE s.key = extractions.key)",
        change.path,
        change.version,
        SUPERSEDED_KEPT,
    )


async def state(tx: Transaction, path: str, version: int) -> tuple[str, str, str] | None:
    """Return (state, reason, extraction key) of a version; None while it has not been read."""
    row = await tx.one("SELECT state, reason, key FROM index_states WHERE path = ? AND version = ?", path, version)
    return None if row is None else (str(row[0]), str(row[1]), str(row[2]))


async def extraction_of(db: Database, key: str) -> Extraction | None:
    """Return what was extracted under *key*, if it is still known; a large one is unpacked off the event loop."""
    row = await db.read(lambda tx: tx.one("SELECT body FROM extractions WHERE key = ?", key))
    if row is None:
        return None
    if len(row[0]) <= UNPACKED_AT_ONCE_BYTES:
        return _unpacked(row[0])
    return await anyio.to_thread.run_sync(_unpacked, row[0])


async def document_text(tx: Transaction, path: str, version: int) -> tuple[str, tuple[int, ...]] | None:
    """Return what a document says, and the line on which each of its pages begins; None when no text was extracted."""
    row = await tx.one(
        "SELECT e.body FROM index_states s JOIN extractions e ON e.key = s.key WHERE s.path = ? AND s.version = ?",
        path,
        version,
    )
    fields = {} if row is None else json.loads(zstandard.ZstdDecompressor().decompress(row[0]))
    return (str(fields["text"]), tuple(fields["pages"])) if fields.get("text") else None


async def find(
    tx: Transaction,
    *,
    query: str | None,
    subject: str | None,
    key: str | None,
    kind: str | None,
    path_range: tuple[str, str],
    limit: int,
) -> list[LiveFact]:
    """Return live facts: those that have every word first, then those that have some, best first.

    Without anything to look for: the facts of the files that changed last, in the order in which they stand.
    """
    required = [_in_column("subject", subject), _in_column("key", key)]
    required = [clause for clause in required if clause]
    terms = [_match(term) for term in parse_question(query).terms] if query else []
    if not terms and not required:
        return [] if query or subject or key else [live for live, _ in await _select(tx, None, kind, path_range, limit)]
    found = await _select(tx, " AND ".join([*required, *terms]), kind, path_range, limit)
    if len(terms) > 1 and len(found) < limit:
        some = " AND ".join([*required, f"({' OR '.join(terms)})"])
        more = await _select(tx, some, kind, path_range, limit)
        floor = FILL_SHARE_MIN * min((rank for _, rank in more), default=0.0)  # ranks are negative, the best lowest
        there = {_place(live) for live, _ in found}
        found += [(live, rank) for live, rank in more if rank <= floor and _place(live) not in there]
    return [live for live, _ in found[:limit]]


def _place(live: LiveFact) -> tuple[str, int, str]:
    return live.path, live.fact.start, live.fact.key


async def _select(
    tx: Transaction, match: str | None, kind: str | None, path_range: tuple[str, str], limit: int
) -> list[tuple[LiveFact, float]]:
    """Return live facts with their rank, the best first."""
    first, last = path_range
    where = " WHERE f.path >= ? AND f.path < ?"
    parameters: list[Any] = [first, last]
    if kind is not None:
        where += " AND f.kind = ?"
        parameters.append(kind)
    if match is None:
        sql = f"SELECT {_FACT}, 0.0 FROM facts f{_LIVE}{where} ORDER BY h.seq DESC, f.start_char LIMIT ?"
    else:
        sql = (
            f"SELECT {_FACT}, {_RANK} AS score FROM facts_text"
            f" JOIN facts f ON f.fact_id = facts_text.rowid{_LIVE}{where} AND facts_text MATCH ?"
            " ORDER BY score, f.fact_id LIMIT ?"
        )
        parameters.append(match)
    return [(_live_fact(row[:-1]), row[-1]) for row in await tx.all(sql, *parameters, limit)]


def _match(term: Term) -> str:
    """Return a term as FTS5 spells it; words are quoted, so that none of them is an operator."""
    pairs = cjk_pairs(" ".join(term.words))
    words = pairs or term.words
    return f'"{" ".join(words)}"' + ("*" if term.kind == "prefix" else "")


def _in_column(column: str, text: str | None) -> str:
    words = words_of(text or "")
    return f"{column} : ({' AND '.join(_match(Term('word', (word,))) for word in words)})" if words else ""


def _live_fact(row: tuple[Any, ...]) -> LiveFact:
    names = ("kind", "subject", "key", "value", "normal", "unit", "quote", "start", "end", "start_line", "end_line",
             "pointer", "confidence", "entity", "page")  # fmt: skip
    fields = dict(zip(names, row, strict=False))
    fields["entity"] = bool(fields["entity"])
    path, version, seq, agent, at_s = row[len(names) :]
    return LiveFact(fact=Fact(**fields), path=path, version=version, seq=seq, agent=agent, at_s=at_s)


def _packed_all(found: Sequence[Indexed]) -> list[bytes]:
    compressor = zstandard.ZstdCompressor(level=1)
    return [_packed(compressor, each.extraction) if each.extraction else b"" for each in found]


def _packed(compressor: zstandard.ZstdCompressor, extraction: Extraction) -> bytes:
    fields = {name: getattr(extraction, name) for name in _PLAIN}
    for name in _MANY:
        fields[name] = [dataclasses.astuple(each) for each in getattr(extraction, name)]
    return compressor.compress(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode())


def _unpacked(body: bytes) -> Extraction:
    fields = json.loads(zstandard.ZstdDecompressor().decompress(body))
    for name, (kind, names) in _MANY.items():
        fields[name] = tuple(kind(**dict(zip(names, values, strict=True))) for values in fields[name])
    return Extraction(**fields)


def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


_MANY: dict[str, tuple[type[Any], tuple[str, ...]]] = {
    name: (kind, _names(kind)) for name, kind in (("facts", Fact), ("headings", Heading), ("passages", Passage))
}
_PLAIN = [name for name in _names(Extraction) if name not in _MANY]
