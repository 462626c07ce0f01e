"""The vectors of passages, by the content that they are of."""

import json
from collections.abc import Sequence
from operator import attrgetter

from indexer.model import Change, Passage
from indexer.models.ports import Embedded
from indexer.models.vectors import sketch
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables.model_answers import is_there

_SETS_AT_ONCE = 50
"""Contents whose vectors are taken away in one commit."""
_FIELDS = ("text", "start_line", "end_line", "heading", "page")
_values = attrgetter(*_FIELDS)


class SqlVectorStore:
    """The `VectorStore` in the workspace's database.

    Args:
        model: Whose vectors these are; None only to tidy up.
    """

    def __init__(self, db: Database, model: str | None) -> None:
        self._db = db
        self._model = model

    async def sketches(self, key: str) -> list[int] | None:
        """Return the sketch of each vector that is kept for *key*, in their order; None when there are none."""

        async def read(tx: Transaction) -> list[int] | None:
            row = await tx.one("SELECT set_id FROM vector_sets WHERE key = ?", key)
            if row is None:
                return None
            rows = await tx.all("SELECT vector FROM vectors WHERE set_id = ? ORDER BY number", row[0])
            return [sketch(vector) for (vector,) in rows]

        return await self._db.read_long(read)

    async def keep(self, change: Change, key: str, embedded: Sequence[Embedded]) -> None:
        """Keep the vectors of a content, unless it was removed or has them."""
        rows = [(number, one.vector, _packed(one.passage)) for number, one in enumerate(embedded)]

        async def put(tx: Transaction) -> None:
            if not await is_there(tx, change.sha256) or await tx.one("SELECT 1 FROM vector_sets WHERE key = ?", key):
                return
            row = await tx.one(
                "INSERT INTO vector_sets (key, sha256, model) VALUES (?, ?, ?) RETURNING set_id",
                key,
                change.sha256,
                self._model,
            )
            assert row is not None
            await tx.many(
                "INSERT INTO vectors (set_id, number, vector, passage) VALUES (?, ?, ?, ?)",
                [(row[0], *each) for each in rows],
            )

        await self._db.write(put)

    async def read(self, wanted: Sequence[tuple[str, int]]) -> list[Embedded | None]:
        """Return the passages of some keys, by their numbers; None for what is not kept any more."""
        found = (
            "SELECT v.passage, v.vector FROM vector_sets s JOIN vectors v USING (set_id)"
            " WHERE s.key = ? AND v.number = ?"
        )

        async def read(tx: Transaction) -> list[Embedded | None]:
            rows = [await tx.one(found, key, number) for key, number in wanted]
            return [None if row is None else Embedded(_unpacked(row[0]), row[1]) for row in rows]

        return await self._db.read_long(read)

    async def forget(self, keys: Sequence[str]) -> None:
        """Drop what is kept for *keys*."""
        among = "DELETE FROM vector_sets WHERE key IN (SELECT value FROM json_each(?))"
        await self._db.write(lambda tx: tx.run(among, json.dumps(list(keys))))

    async def forget_unused(self) -> None:
        """Drop the vectors of contents that no file has any more, and of other models, if there is one; bit by bit."""

        async def some(tx: Transaction) -> bool:
            rows = await tx.all(
                "SELECT set_id FROM vector_sets WHERE model <> ?"
                " OR sha256 NOT IN (SELECT sha256 FROM files WHERE live = 1) LIMIT ?",
                self._model,
                _SETS_AT_ONCE,
            )
            for (set_id,) in rows:
                await tx.run("DELETE FROM vector_sets WHERE set_id = ?", set_id)
            return bool(rows)

        while await self._db.write(some):
            pass


def _packed(passage: Passage) -> str:
    return json.dumps(_values(passage), ensure_ascii=False)


def _unpacked(text: str) -> Passage:
    return Passage(**dict(zip(_FIELDS, json.loads(text), strict=True)))
