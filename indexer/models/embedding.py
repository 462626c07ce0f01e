"""Vectors for the passages of every file's head, and the passages that are nearest to a question."""

from collections import OrderedDict
from collections.abc import Sequence

from anyio import to_thread

from indexer.extraction import extraction_key
from indexer.extractors import REGISTRY, Registry
from indexer.limits import EMBEDDED_CHARS_MAX, NEAREST_MAX, NEAREST_WEIGHED_MAX, VECTORS_SPARED_MAX
from indexer.model import Change, Extraction, Hit, Passage
from indexer.models.finding import content_key
from indexer.models.ports import Embedded, ModelClient, ModelFailed, VectorStore
from indexer.models.vectors import Sketches, closeness, nearest, packed, sketch, unpacked
from indexer.ports import FactStore


class Embedding:
    """Keeps vectors in step with the files, and finds by them.

    Args:
        model: Its name: what another one made is of no use, and is made anew.
        batch: How many texts are embedded by one request.
        passages_max: Passages of one file that have vectors.
    """

    def __init__(
        self,
        extractions: FactStore,
        store: VectorStore,
        client: ModelClient,
        *,
        model: str,
        batch: int,
        passages_max: int,
        registry: Registry = REGISTRY,
    ) -> None:
        self.sketches = Sketches()
        self._extractions = extractions
        self._store = store
        self._client = client
        self._model = model
        self._batch = batch
        self._passages_max = passages_max
        self._registry = registry
        self._spared: OrderedDict[str, None] = OrderedDict()
        """Keys that no head needs now: undo and restore would need them again."""

    async def take(self, change: Change) -> None:
        """Have vectors for the passages of a version; nothing is embedded twice of one content.

        Raises:
            ModelFailed: There are none.
        """
        if change.version is None:
            await self._spare(self.sketches.drop(change.path))
            return
        extraction = await self._extractions.extraction(extraction_key(change, self._registry))
        if extraction is None:
            return  # a newer version is on its way, and with it another change
        key = content_key(change, extraction, f"{self._model} {self._passages_max}")
        sketches = await self._store.sketches(key)
        if sketches is None:
            sketches = await self._embed(change, key, extraction)
        self._spared.pop(key, None)
        await self._spare(self.sketches.put(change.path, change.version, key, sketches))

    async def near(self, vector: Sequence[float], *, path_prefix: str = "", paths: Sequence[str] = ()) -> list[Hit]:
        """Return the passages nearest to *vector*, the nearest first, of any version that is still known.

        They are of the files whose paths begin so; when *paths* are given, of these alone.

        Raises:
            ModelFailed: It is no vector.
        """
        asked = packed(vector)
        files = self.sketches.within(path_prefix, paths)
        places = await to_thread.run_sync(nearest, files, sketch(asked), NEAREST_WEIGHED_MAX)
        kept = await self._store.read([(place.key, place.number) for place in places])
        weighed = await to_thread.run_sync(_weighed, unpacked(asked), kept)
        found = [
            Hit(path=place.path, version=place.version, passage=one.passage, score=score)
            for place, one, score in zip(places, kept, weighed, strict=True)
            if one is not None and score > 0
        ]
        return sorted(found, key=lambda hit: -hit.score)[:NEAREST_MAX]

    async def _embed(self, change: Change, key: str, extraction: Extraction) -> list[int]:
        passages = extraction.passages[: self._passages_max]
        embedded: list[Embedded] = []
        for start in range(0, len(passages), self._batch):
            some = passages[start : start + self._batch]
            vectors = await self._client.embed([_text(passage, extraction.title) for passage in some])
            if len(vectors) != len(some):
                raise ModelFailed("it gave another number of vectors than it was given texts", of_input=True)
            embedded += [Embedded(passage, packed(vector)) for passage, vector in zip(some, vectors, strict=True)]
        await self._store.keep(change, key, embedded)
        return [sketch(one.vector) for one in embedded]

    async def _spare(self, key: str | None) -> None:
        if key is None:
            return
        self._spared[key] = None
        if len(self._spared) > VECTORS_SPARED_MAX:
            oldest, _ = self._spared.popitem(last=False)
            await self._store.forget([oldest])


def _text(passage: Passage, title: str) -> str:
    """Return what is embedded of a passage: its words, below what says what they are about."""
    return "\n".join(filter(None, (passage.heading or title, passage.text)))[:EMBEDDED_CHARS_MAX]


def _weighed(asked: Sequence[float], kept: Sequence[Embedded | None]) -> list[float]:
    return [0.0 if one is None else closeness(asked, unpacked(one.vector)) for one in kept]
