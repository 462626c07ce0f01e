"""Finds facts by their words: of now, or of an earlier moment, which the versions tell.

Every step looks at a bounded number of rows, whatever is asked: words are counted only up to a bound, the rows that
have them come newest first and only so many are weighed, and the rarest words choose the rows where not all are there.
"""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from indexer.model import Fact, LiveFact
from indexer.wording import Expected, expected, is_expected
from workspace_server.storage import ranking
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables.fact_questions import WEIGHED_MAX, Group, Match, Wanted, asked_of

COUNTED_MAX = 2_000
"""Rows up to which it is counted how many have a word."""
READ_SHARE = 2
"""Rows that are read for each fact that is wanted: of some the file has moved on."""
SIFTED_MAX = 2_000
"""Rows that are weighed and read when a path thins them out, of which the full text knows only whole words."""
LISTED_MAX = 2_000
"""The newest facts that are looked at when no words are given."""
FILL_SHARE_MIN = 0.4
"""Facts that have only some of the words are told when they weigh at least so much of the best one."""
EXPECTED_SHARE = 1.3
"""How much more a date counts when it was asked when, a number when how much, an owner when who."""
KIND_SHARES: Final = {"heading": 0.2, "link": 0.3, "profile": 0.5, "symbol": 0.8}
"""What facts count that point at text, or sum up, rather than say something."""
_POINTING: Final = ", ".join(f"'{kind}'" for kind in KIND_SHARES)
SAME_TOPIC_MAX = 64
"""Facts about the same as those found that are looked at, to see who says otherwise."""

_FACT: Final = (
    "f.kind, f.subject, f.key, f.value, f.normal, f.unit, f.quote, f.start_char, f.end_char, f.start_line,"
    " f.end_line, f.pointer, f.confidence, f.entity, f.page, f.extractor, f.path, f.version"
)
_SUPERSEDED_SEQ: Final = (
    "(SELECT min(seq) FROM (SELECT w.seq FROM versions w WHERE w.file_id = v.file_id AND w.version = v.version + 1"
    " UNION ALL SELECT d.seq FROM deletions d WHERE d.file_id = v.file_id AND d.version = v.version))"
)


class _Shelf(NamedTuple):
    """Where facts are looked for: a table with its full text, the join that keeps what counts, and what it tells."""

    facts: str
    join: str
    seq: str
    told: str
    parameters: tuple[int, ...] = ()


_LIVE: Final = _Shelf(
    "facts",
    " CROSS JOIN files h ON h.path = f.path AND h.version = f.version AND h.live = 1",
    "h.seq",
    "h.seq, h.modified_by, h.modified_at, NULL",
)
_AT: Final = (
    " CROSS JOIN files h ON h.path = f.path CROSS JOIN versions v ON v.file_id = h.file_id"
    " AND v.version = f.version AND v.seq <= ?"
    " AND NOT EXISTS (SELECT 1 FROM versions w WHERE w.file_id = v.file_id AND w.version = v.version + 1"
    " AND w.seq <= ?)"
    " AND NOT EXISTS (SELECT 1 FROM deletions d WHERE d.file_id = v.file_id AND d.version = v.version AND d.seq <= ?)"
)
"""Keeps the facts of what was the head at a seq: a delete counts while the version that it deleted is the newest.

A cross join is done in the order in which it is written: left to itself SQLite began with all files (1.5 s).
"""


async def find(tx: Transaction, wanted: Wanted) -> list[LiveFact]:
    """Return the facts that answer best, the best first; without anything to look for, those of the newest files."""
    found: list[tuple[float, LiveFact]] = []
    asks = any((wanted.query, wanted.subject, wanted.key))
    for shelf in _shelves(wanted.as_of_seq):
        found += await (_search if asks else _newest)(tx, shelf, wanted)
    found.sort(key=lambda one: (-one[0], 0 if asks else -one[1].seq))
    return [live for _, live in found[: wanted.limit]]


async def about(tx: Transaction, topics: Iterable[int], wanted: Wanted) -> list[LiveFact]:
    """Return facts about these topics (`indexer.conflicts.topic_of`) where they are wanted, whoever says them.

    At most a bounded number.
    """
    found: list[LiveFact] = []
    among, named = _among(wanted, "f.path IN (SELECT value FROM json_each(?))")
    for shelf in _shelves(wanted.as_of_seq):
        rows = await tx.all(
            f"SELECT {_FACT}, {shelf.told} FROM {shelf.facts} f{shelf.join}"
            f" WHERE f.topic IN (SELECT value FROM json_each(?)) AND f.path >= ? AND f.path < ?{among} LIMIT ?",
            *shelf.parameters,
            json.dumps(list(topics)),
            *wanted.path_range,
            *named,
            SAME_TOPIC_MAX,
        )
        found += [_live_fact(row) for row in rows]
    return found


async def on_lines(tx: Transaction, path: str, version: int, lines: tuple[int, int], *, limit: int) -> list[LiveFact]:
    """Return the facts of a version that begin on these lines, in their order; of the past, as far as they are kept."""
    for table in ("facts", "past_facts"):
        rows = await tx.all(
            f"SELECT {_FACT}, v.seq, v.agent, v.at, NULL FROM {table} f CROSS JOIN files h ON h.path = f.path"
            " CROSS JOIN versions v ON v.file_id = h.file_id AND v.version = f.version"
            f" WHERE f.path = ? AND f.version = ? AND f.start_line BETWEEN ? AND ? AND f.kind NOT IN ({_POINTING})"
            " ORDER BY f.start_char LIMIT ?",
            path,
            version,
            *lines,
            limit,
        )
        if rows:
            return [_live_fact(row) for row in rows]
    return []


def _among(wanted: Wanted, condition: str) -> tuple[str, list[str]]:
    """Return *condition* on the wanted paths and its parameter; nothing when all of a range are wanted."""
    return ("", []) if wanted.paths is None else (f" AND {condition}", [json.dumps(wanted.paths)])


def _shelves(as_of_seq: int | None) -> list[_Shelf]:
    if as_of_seq is None:
        return [_LIVE]
    told, parameters = f"v.seq, v.agent, v.at, {_SUPERSEDED_SEQ}", (as_of_seq,) * 3
    return [_Shelf(table, _AT, "v.seq", told, parameters) for table in ("facts", "past_facts")]


def _share(fact: Fact, kind: Expected | None) -> float:
    return KIND_SHARES.get(fact.kind, 1.0) * (EXPECTED_SHARE if is_expected(fact, kind) else 1.0)


async def _search(tx: Transaction, shelf: _Shelf, wanted: Wanted) -> list[tuple[float, LiveFact]]:
    asked = asked_of(wanted)
    if not asked.groups and not asked.required:
        return []
    asked = asked._replace(groups=await _counted(tx, shelf, asked.groups))
    found: dict[tuple[str, int, int, str], tuple[float, LiveFact]] = {}
    best = 0.0
    with_all = asked.rarest is None or await _is_there(tx, shelf, asked.rarest)
    for match in asked.matches(with_all=with_all, of_all=wanted.paths is not None):
        rows = await _weigh(tx, shelf, wanted, match)
        best = max([best, *(score for score, _ in rows)])
        for score, live in rows:
            if match.is_whole or score >= FILL_SHARE_MIN * best:
                found.setdefault((live.path, live.version, live.fact.start, live.fact.key), (score, live))
        if len(found) >= wanted.limit:
            break
    return list(found.values())


async def _counted(tx: Transaction, shelf: _Shelf, groups: Sequence[Group]) -> list[Group]:
    """Return *groups* with how rare they are, the rarest first."""
    row = await tx.one(f"SELECT max(fact_id) FROM {shelf.facts}")
    total = row[0] or 0 if row else 0
    counted = []
    for group in groups:
        found = await tx.one(
            f"SELECT count(*) FROM (SELECT rowid FROM {shelf.facts}_text WHERE {shelf.facts}_text MATCH ? LIMIT ?)",
            group.match,
            COUNTED_MAX,
        )
        rows = int(found[0]) if found else 0
        counted.append(group._replace(rows=rows, rarity=round(math.log(1 + (total + 1) / (rows + 1)), 3)))
    return sorted(counted, key=lambda group: group.rows)


async def _is_there(tx: Transaction, shelf: _Shelf, match: str) -> bool:
    return await tx.one(f"SELECT 1 FROM {shelf.facts}_text WHERE {shelf.facts}_text MATCH ? LIMIT 1", match) is not None


async def _weigh(tx: Transaction, shelf: _Shelf, wanted: Wanted, match: Match) -> list[tuple[float, LiveFact]]:
    """Return the rows that *match* finds with their weight, the heaviest first."""
    first, last = wanted.path_range
    is_sifted = bool(first) or wanted.as_of_seq is not None or wanted.limit > WEIGHED_MAX
    among, named = _among(
        wanted, f"+rowid IN (SELECT fact_id FROM {shelf.facts} WHERE path IN (SELECT value FROM json_each(?)))"
    )
    ranked = await tx.all(
        "SELECT fact_id, score FROM"
        f" (SELECT rowid AS fact_id, {ranking.NAME}({shelf.facts}_text, ?) AS score FROM {shelf.facts}_text"
        f" WHERE {shelf.facts}_text MATCH ?{among} ORDER BY rowid DESC LIMIT ?) ORDER BY score DESC, fact_id LIMIT ?",
        match.plan,
        match.text,
        *named,
        SIFTED_MAX if is_sifted else WEIGHED_MAX,
        SIFTED_MAX if is_sifted else READ_SHARE * wanted.limit,
    )
    scores: dict[int, float] = dict(ranked)
    rows = await tx.all(
        f"SELECT {_FACT}, {shelf.told}, f.fact_id FROM json_each(?) c"
        f" CROSS JOIN {shelf.facts} f ON f.fact_id = c.value{shelf.join} WHERE f.path >= ? AND f.path < ? LIMIT ?",
        json.dumps(list(scores)),
        *shelf.parameters,
        first,
        last,
        wanted.limit,
    )
    kind = expected(wanted.query or "")
    found = [(scores[row[-1]] or 1.0, _live_fact(row[:-1])) for row in rows]
    return [(score * _share(live.fact, kind), live) for score, live in found]


async def _newest(tx: Transaction, shelf: _Shelf, wanted: Wanted) -> list[tuple[float, LiveFact]]:
    """Return facts of the files that changed last, in the order in which they stand."""
    first, last = wanted.path_range
    where, parameters = ["true"], []
    if first:
        where.append("path >= ? AND path < ?")
        parameters += [first, last]
    if wanted.paths is not None:
        where.append("path IN (SELECT value FROM json_each(?))")
        parameters.append(json.dumps(wanted.paths))
    if wanted.kind is not None:
        where.append("kind = ?")
        parameters.append(wanted.kind)
    rows = await tx.all(
        f"SELECT {_FACT}, {shelf.told} FROM (SELECT fact_id FROM {shelf.facts} WHERE {' AND '.join(where)}"
        f" ORDER BY fact_id DESC LIMIT ?) c CROSS JOIN {shelf.facts} f ON f.fact_id = c.fact_id{shelf.join}"
        f" ORDER BY {shelf.seq} DESC, f.start_char LIMIT ?",
        *parameters,
        LISTED_MAX,
        *shelf.parameters,
        wanted.limit,
    )
    return [(1.0, _live_fact(row)) for row in rows]


def _live_fact(row: tuple[Any, ...]) -> LiveFact:
    fact = Fact(
        kind=row[0],
        subject=row[1],
        key=row[2],
        value=row[3],
        normal=row[4],
        unit=row[5],
        quote=row[6],
        start=row[7],
        end=row[8],
        start_line=row[9],
        end_line=row[10],
        pointer=row[11],
        confidence=row[12],
        entity=bool(row[13]),
        page=row[14],
    )
    extractor, path, version, seq, agent, at_s, superseded_seq = row[15:]
    return LiveFact(
        fact=fact,
        path=path,
        version=version,
        seq=seq,
        agent=agent,
        at_s=at_s,
        extractor=extractor,
        superseded_seq=superseded_seq,
    )
