"""Facts that a model finds in running text, beside those that extractors find by structure."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from anyio import to_thread

from indexer.document import Document, NotText, decode, file_name
from indexer.extraction import extraction_key
from indexer.extractors import REGISTRY, Registry
from indexer.limits import INDEXED_BYTES_MAX, MODEL_FACTS_PER_FILE_MAX
from indexer.model import Change, Extraction, Fact
from indexer.models.answers import exact, headings_above
from indexer.models.asking import VERSION, messages, parts
from indexer.models.ports import AnswerStore, ModelClient
from indexer.ports import FactStore, Source

READ_BY_MODELS: Final = frozenset({"markdown", "text", "rst", "html", "document", "mail", "notebook"})
"""Extractors of running text. Of tables, data and code the structure says more, and exactly."""


class FactsByModel:
    """Asks a model about each file's head, and keeps what it can prove.

    Args:
        model: Its name: another model is asked anew.
        chars_max: Characters of one file about which it is asked.
    """

    def __init__(
        self,
        source: Source,
        extractions: FactStore,
        store: AnswerStore,
        client: ModelClient,
        *,
        model: str,
        chars_max: int,
        registry: Registry = REGISTRY,
    ) -> None:
        self._source = source
        self._extractions = extractions
        self._store = store
        self._client = client
        self._identity = identity_of(model)
        self._chars_max = chars_max
        self._registry = registry
        self._in_hand = ""
        self._heard: dict[str, str] = {}
        """Answers about the content in hand, so that a failure in its middle does not cost them."""

    async def take(self, change: Change) -> None:
        """Have the model's facts stand among those of a version; nothing is asked twice about one content.

        Raises:
            ModelFailed: It did not answer; what it said about the file's beginning is remembered until it is through.
        """
        if change.version is None:
            return
        extraction = await self._extractions.extraction(extraction_key(change, self._registry))
        if extraction is None:
            return  # a newer version is on its way, and with it another change
        key = content_key(change, extraction, f"{self._identity} {self._chars_max}")
        if await self._store.is_settled(change, key):
            return
        facts = await self._store.answer(key)
        if facts is None:
            self._heard = self._heard if key == self._in_hand else {}
            self._in_hand = key
            facts = tuple(await self._ask(change, extraction))
            await self._store.remember(change, key, self._identity, facts)
            self._heard = {}
        name = file_name(change.path)
        named = [fact if fact.subject else replace(fact, subject=name) for fact in facts]
        await self._store.keep(change, key, self._identity, named)

    async def _ask(self, change: Change, extraction: Extraction) -> list[Fact]:
        """Return what the model finds; the subject is empty where only the file's name says what it is about."""
        document = await self._document(change, extraction)
        found: list[Fact] = []
        for part in parts(document.text, chars_max=self._chars_max) if document else ():
            assert document is not None
            text = document.text[part.start : part.end]
            above = headings_above(extraction.headings, document.line_of(part.start))
            if text not in self._heard:
                self._heard[text] = await self._client.complete(messages(text, name=change.path, headings=above))
            found += exact(document, part, self._heard[text], extraction.headings)
        return list(_distinct(found))[:MODEL_FACTS_PER_FILE_MAX]

    async def _document(self, change: Change, extraction: Extraction) -> Document | None:
        """Return the text in which spans count; None for what is no running text, or cannot be read."""
        if extraction.extractor.partition("@")[0] not in READ_BY_MODELS or extraction.state not in {"ok", "limited"}:
            return None
        try:
            data = b"" if extraction.text else await self._source.read(change, bytes_max=INDEXED_BYTES_MAX)
            return await to_thread.run_sync(_document, change, extraction, data)
        except (OSError, NotText):
            return None


def _document(change: Change, extraction: Extraction, data: bytes) -> Document:
    """Return the text that was extracted, with its lines counted: of a large one that is for a thread."""
    if extraction.text:
        document = Document(extraction.text, "", pages=extraction.pages)
    else:
        document = decode(data, path=change.path, is_cut=change.size_bytes > INDEXED_BYTES_MAX)
        document = replace(document, name="")
    document.line_of(0)  # counts them
    return document


def identity_of(model: str) -> str:
    """Return how facts name the model that found them."""
    return f"model:{model}@{VERSION}"


def content_key(change: Change, extraction: Extraction, model: str) -> str:
    """Return what an answer depends on: the text of a file, by its content and what read it, and the model."""
    return hashlib.sha256(f"{change.sha256} {extraction.extractor} {model}".encode()).hexdigest()


def _distinct(facts: Iterable[Fact]) -> Iterable[Fact]:
    """Yield *facts* without those that say the same of the same place again."""
    return {(fact.start, fact.end, fact.value): fact for fact in facts}.values()
