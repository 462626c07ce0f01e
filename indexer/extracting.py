"""Where contents are extracted: in a thread of this process, or wherever an `Extracting` of another kind puts it."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import anyio
from anyio import to_thread

from indexer.drawing import Drawn, draw_page
from indexer.extraction import extract
from indexer.extractors import REGISTRY, Registry
from indexer.model import Extraction
from indexer.ports import Content

_LOG: Final = logging.getLogger(__name__)


UNREADABLE: Final = Extraction(state="failed", reason="the content could not be read")
"""What a content gives whose bytes are not there."""


class InThread:
    """An `Extracting` in a thread of this process, one batch at a time: for trusted files, tests and small programs."""

    def __init__(self, registry: Registry = REGISTRY, clock: Callable[[], float] = time.thread_time) -> None:
        self._registry = registry
        self._clock = clock
        self._thread = anyio.CapacityLimiter(1)

    def sandbox(self) -> tuple[str, ...]:
        """Return what stands between a file and this process: nothing."""
        return ()

    async def extract(self, contents: Sequence[Content]) -> Sequence[Extraction]:
        """Return what each content gave, in their order, all in one hop to the thread."""
        return await to_thread.run_sync(lambda: [self._one(content) for content in contents], limiter=self._thread)

    async def draw(self, data: bytes, page: int) -> Drawn:
        """Return a page of a PDF as a picture.

        Raises:
            Unreadable: It cannot be drawn.
        """
        return await to_thread.run_sync(draw_page, data, page, limiter=self._thread)

    def _one(self, content: Content) -> Extraction:
        change, data = content.change, content.data
        if change.size_bytes and not data:
            return UNREADABLE
        about: dict[str, Any] = {"path": change.path, "media_type": change.media_type, "size_bytes": change.size_bytes}
        return extract_safely(data, **about, registry=self._registry, clock=self._clock)


def extract_safely(data: bytes, *, path: str, **how: Any) -> Extraction:
    """Return what `extract` does, or a failure where an extractor fails: whatever a file does, the others go on."""
    try:
        return extract(data, path=path, **how)
    except MemoryError:
        return Extraction(state="failed", reason="reading it takes more memory than it may have")
    except Exception as error:  # noqa: BLE001 (an extractor may fail in any way over foreign bytes)
        _LOG.exception("an extractor failed on %s", path)
        return Extraction(state="failed", reason=f"the extractor failed: {type(error).__name__}")
