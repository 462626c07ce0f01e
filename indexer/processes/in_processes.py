"""Extraction in children: small texts by one that stays, each document and each large text by one of its own."""

import logging
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from shutil import rmtree
from typing import Final, Literal

import anyio
from anyio import to_thread

from indexer.document import Unreadable, is_binary
from indexer.drawing import Drawn
from indexer.extracting import UNREADABLE
from indexer.extraction import extract
from indexer.extractors import Registry
from indexer.limits import (
    CHILD_MEMORY_BYTES,
    CHILD_OPEN_FILES,
    CHILD_PREPARED_FILE_BYTES,
    CHILDREN_AT_ONCE,
    DOCUMENT_BYTES_MAX,
    DOCUMENT_CPU_S,
    DOCUMENT_S_MAX,
    KILLS_MAX,
    LARGE_TEXT_BYTES,
    QUARANTINED_MAX,
    TEXT_S_MAX,
)
from indexer.model import Extraction
from indexer.ports import Content
from indexer.processes.confining import Bounds, layers_here
from indexer.processes.messages import request
from indexer.processes.surroundings import Surroundings, surroundings
from indexer.processes.worker import Ended, Worker, started

_LOG: Final = logging.getLogger(__name__)
OWN: Final = "indexer.extractors:REGISTRY"


class InProcesses:
    """An `Extracting` in child processes. Nothing runs until the first content comes; `aclose` it at the end.

    A content that costs a child its life is tried once more, and then fails for good: its extraction is kept like any
    other, so that it is not tried again after a restart either.

    Args:
        registry: The extractors, as ``module:name``, for a child imports them anew.
        text_s, document_s: Seconds that a content may take.
        scratch: A directory that is nobody else's, for what parsers unpack of themselves; what a killed process left in
            it goes first. By default one in the system's temporary directory.
    """

    def __init__(
        self,
        registry: str = OWN,
        *,
        text_s: float = TEXT_S_MAX,
        document_s: float = DOCUMENT_S_MAX,
        memory_bytes: int = CHILD_MEMORY_BYTES,
        cpu_s: int = DOCUMENT_CPU_S,
        scratch: Path | None = None,
    ) -> None:
        module, _, name = registry.partition(":")
        self._registry: Registry = getattr(import_module(module), name)
        self._named = registry
        self._text_s, self._document_s = text_s, document_s
        self._memory_bytes, self._cpu_s = memory_bytes, cpu_s
        self._own_place = scratch
        self._scratch: Path | None = None
        self._surroundings: Surroundings | None = None
        self._prepared = not self._registry.prepares
        self._preparing = anyio.Lock()
        self._reading_texts = anyio.Lock()
        self._reading_documents = anyio.Semaphore(CHILDREN_AT_ONCE)
        self._drawing = anyio.Semaphore(CHILDREN_AT_ONCE)
        self._staying: Worker | None = None
        self._kills: OrderedDict[str, int] = OrderedDict()

    def sandbox(self) -> tuple[str, ...]:
        """Return what stands between a file and the server, beside the process itself."""
        return layers_here()

    async def extract(self, contents: Sequence[Content]) -> Sequence[Extraction]:
        """Return what each content gave, in their order; texts do not wait for documents.

        Raises:
            OSError: No child can be started.
        """
        found: dict[int, Extraction] = {}
        texts: list[tuple[int, Content]] = []
        ways = await to_thread.run_sync(lambda: [self._way(content) for content in contents])
        async with anyio.create_task_group() as tasks:
            for number, (content, way) in enumerate(zip(contents, ways, strict=True)):
                if way == "apart":
                    tasks.start_soon(self._apart, content, number, found)
                elif way == "together":
                    texts.append((number, content))
                else:
                    found[number] = way
            tasks.start_soon(self._together, texts, found)
        return [found[number] for number in range(len(contents))]

    async def draw(self, data: bytes, page: int) -> Drawn:
        """Return a page of a PDF as a picture, drawn by a child that does nothing else.

        Raises:
            Unreadable: It cannot be drawn.
            OSError: No child can be started.
        """
        async with self._drawing:
            worker = await self._start(cpu_s=self._cpu_s, prepared=True, draws=True)
            try:
                return await worker.ask_for_page(data, page, timeout_s=self._document_s)
            except Ended as ended:
                raise Unreadable(str(ended)) from None
            finally:
                await worker.end()

    def _way(self, content: Content) -> Literal["apart", "together"] | Extraction:
        """Return how a content is read, or what is known of it without."""
        change, data = content.change, content.data
        if change.size_bytes and not data:
            return UNREADABLE
        if is_binary(data) and not self._registry.may_convert(change.path, change.media_type, data):
            return extract(b"\0", path=change.path, media_type=change.media_type, registry=self._registry)
        is_apart = len(data) > LARGE_TEXT_BYTES or self._registry.is_risky(change.path, change.media_type, data)
        return "apart" if is_apart else "together"

    async def aclose(self) -> None:
        """End the child that stays, and remove what was unpacked; call it when nothing is being extracted."""
        await self._end_staying()
        if self._scratch is not None:
            await to_thread.run_sync(rmtree, self._scratch)
            self._scratch = self._surroundings = None

    async def _together(self, texts: list[tuple[int, Content]], found: dict[int, Extraction]) -> None:
        """Have texts read by the child that stays; one that it dies of is tried again by a child of its own."""
        async with self._reading_texts:
            while texts:
                heard: list[Extraction] = []
                try:
                    self._staying = self._staying or await self._start(cpu_s=None, prepared=False)
                    requests = [_request(content) for _, content in texts]
                    await self._staying.ask(requests, heard.append, timeout_s=self._text_s)
                except BaseException as error:
                    await self._end_staying()  # what it has in hand nobody waits for any more
                    if not isinstance(error, Ended):
                        raise
                found |= {number: extraction for (number, _), extraction in zip(texts, heard, strict=False)}
                texts = texts[len(heard) :]
                if texts and self._staying is None:
                    number, content = texts.pop(0)
                    self._count(content)
                    found[number] = await self._alone(content)

    async def _apart(self, content: Content, number: int, found: dict[int, Extraction]) -> None:
        async with self._reading_documents:
            found[number] = await self._alone(content)

    async def _alone(self, content: Content) -> Extraction:
        """Have a content read by a child that does nothing else, as long as it has not cost too many of them."""
        reason = "its parser was ended"
        heard: list[Extraction] = []
        while self._kills.get(_name(content), 0) < KILLS_MAX:
            worker = await self._start(cpu_s=self._cpu_s, prepared=True)
            try:
                await worker.ask([_request(content)], heard.append, timeout_s=self._document_s)
                return heard[0]
            except Ended as ended:
                reason = str(ended)
                self._count(content)
            finally:
                await worker.end()
        _LOG.warning("%s version %s is not read: %s", content.change.path, content.change.version, reason)
        return Extraction(state="failed", reason=f"{reason}; it is not tried again")

    def _count(self, content: Content) -> None:
        """Take note that a content cost a child its life."""
        name = _name(content)
        self._kills[name] = self._kills.get(name, 0) + 1
        if len(self._kills) > QUARANTINED_MAX:
            self._kills.popitem(last=False)

    async def _start(self, *, cpu_s: int | None, prepared: bool, draws: bool = False) -> Worker:
        """Return a new child; one that is to read documents, only when their parsers have unpacked what they need."""
        file_bytes = DOCUMENT_BYTES_MAX if draws else 0  # it is given the document as a file that is on no disk
        bounds = Bounds(
            memory_bytes=self._memory_bytes, cpu_s=cpu_s, file_bytes=file_bytes, open_files=CHILD_OPEN_FILES
        )
        async with self._preparing:
            around = await self._surround()
            await self._prepare(around, bounds, is_needed=prepared)
        return await started(around, bounds, registry=self._named, draws=draws)

    async def _surround(self) -> Surroundings:
        if self._surroundings is None:
            self._scratch = place = await to_thread.run_sync(_emptied, self._own_place)
            self._surroundings = await to_thread.run_sync(lambda: surroundings(str(place), registry=self._named))
        return self._surroundings

    async def _prepare(self, around: Surroundings, bounds: Bounds, *, is_needed: bool) -> None:
        if is_needed and not self._prepared:
            writing = replace(bounds, file_bytes=CHILD_PREPARED_FILE_BYTES)
            worker = await started(around, writing, registry=self._named, prepares=True)
            await worker.end()
            self._prepared = True

    async def _end_staying(self) -> None:
        if self._staying is not None:
            await self._staying.end()
            self._staying = None


def _emptied(place: Path | None) -> Path:
    if place is None:
        return Path(tempfile.mkdtemp(prefix="extracting-"))
    rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700)
    return place


def _name(content: Content) -> str:
    return content.change.sha256 or content.change.path


def _request(content: Content) -> bytes:
    change = content.change
    return request(content.data, path=change.path, media_type=change.media_type, size_bytes=change.size_bytes)
