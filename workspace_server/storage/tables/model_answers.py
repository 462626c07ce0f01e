"""What language models found in contents, and of which versions it stands among the facts."""

import dataclasses
import json
from collections.abc import Sequence

import zstandard

from indexer.model import Change, Extraction, Fact
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import fact_pieces, fact_rows

_PATHS_AT_ONCE = 200
"""Files whose facts of models are taken away in one commit."""


class SqlAnswerStore:
    """The `AnswerStore` in the workspace's database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def is_settled(self, change: Change, key: str) -> bool:
        """Return whether the facts of the answer *key* stand among those of the version."""
        found = "SELECT 1 FROM model_states WHERE path = ? AND version = ? AND key = ?"
        return await self._db.read(lambda tx: tx.one(found, change.path, change.version, key)) is not None

    async def answer(self, key: str) -> tuple[Fact, ...] | None:
        """Return what was answered for *key*; None when nobody was asked."""
        row = await self._db.read(lambda tx: tx.one("SELECT body FROM model_answers WHERE key = ?", key))
        if row is None:
            return None
        return tuple(Fact(**fields) for fields in json.loads(zstandard.ZstdDecompressor().decompress(row[0])))

    async def remember(self, change: Change, key: str, identity: str, facts: Sequence[Fact]) -> None:
        """Keep what was answered for *key* about a content, unless it was removed meanwhile."""
        fields = [dataclasses.asdict(fact) for fact in facts]
        body = zstandard.ZstdCompressor(level=1).compress(json.dumps(fields, ensure_ascii=False).encode())

        async def put(tx: Transaction) -> None:
            if await is_there(tx, change.sha256):
                await tx.run(
                    "INSERT INTO model_answers (key, sha256, identity, body) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (key) DO NOTHING",
                    key,
                    change.sha256,
                    identity,
                    body,
                )

        await self._db.write(put, is_behind=True)

    async def keep(self, change: Change, key: str, identity: str, facts: Sequence[Fact]) -> None:
        """Put *facts* beside those of the version, in the place of what models said before."""
        rows, words = fact_rows.rows_of(change, Extraction(state="ok", extractor=identity, facts=tuple(facts)))

        async def put(tx: Transaction) -> None:
            if not await _is_read(tx, change):
                return
            await _drop(tx, change.path)
            await fact_pieces.insert(tx, rows, words)
            await tx.run(
                "INSERT INTO model_states (path, version, key) VALUES (?, ?, ?) ON CONFLICT (path) DO UPDATE"
                " SET version = excluded.version, key = excluded.key",
                change.path,
                change.version,
                key,
            )

        await self._db.write(put, is_behind=True)

    async def count(self) -> int:
        """Return how many files have had their answer, also when it was that there are no facts."""
        row = await self._db.read(lambda tx: tx.one("SELECT count(*) FROM model_states"))
        return int(row[0]) if row else 0

    async def forget_unused(self, identity: str | None) -> None:
        """Drop the answers about contents that no file has any more, and those of other models than *identity*.

        Without one they stay, so that to be asked no more for a while costs nothing.
        """

        async def forget(tx: Transaction) -> None:
            await tx.run(
                "DELETE FROM model_answers WHERE identity <> ?"
                " OR sha256 NOT IN (SELECT sha256 FROM files WHERE live = 1)",
                identity,
            )

        await self._db.write(forget)

    async def take_back(self) -> None:
        """Take away the facts of all models, as when none is wanted any more."""

        async def some(tx: Transaction) -> bool:
            paths = await tx.all("SELECT path FROM model_states LIMIT ?", _PATHS_AT_ONCE)
            for (path,) in paths:
                await _drop(tx, path)
                await tx.run("DELETE FROM model_states WHERE path = ?", path)
            return bool(paths)

        while await self._db.write(some):
            pass


async def is_there(tx: Transaction, sha256: str) -> bool:
    """Return whether a content still has its bytes: nothing is kept of what was removed."""
    return await tx.one("SELECT 1 FROM contents WHERE sha256 = ? AND removed_at IS NULL", sha256) is not None


async def forget_content(tx: Transaction, sha256: str) -> None:
    """Drop what models said of a content, and the vectors of its passages."""
    await tx.run("DELETE FROM model_answers WHERE sha256 = ?", sha256)
    await tx.run("DELETE FROM vector_sets WHERE sha256 = ?", sha256)


async def _is_read(tx: Transaction, change: Change) -> bool:
    """Return whether a version is its file's head and has its facts, beside which others may stand."""
    found = (
        "SELECT 1 FROM files h JOIN index_states s ON s.path = h.path AND s.version = h.version"
        " WHERE h.path = ? AND h.version = ? AND h.live = 1"
    )
    return await tx.one(found, change.path, change.version) is not None


async def _drop(tx: Transaction, path: str) -> None:
    await fact_pieces.drop(tx, "FROM facts WHERE path = ? AND confidence = 'model'", path)
