"""Where contents are extracted: in a thread of this process, or wherever an `Extracting` of another kind puts it."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

import anyio
from anyio import to_thread

from indexer.extraction import extract
from indexer.extractors import REGISTRY, Registry
from indexer.model import Change, Extraction
from indexer.ports import Content

_LOG: Final = logging.getLogger(__name__)


class InThread:
    """An `Extracting` in a thread of this process, one batch at a time: for trusted text, tests and small programs."""

    def __init__(self, registry: Registry = REGISTRY, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._clock = clock
        self._thread = anyio.CapacityLimiter(1)

    async def extract(self, contents: Sequence[Content]) -> Sequence[Extraction]:
        """Return what each content gave, in their order, all in one hop to the thread."""
        return await to_thread.run_sync(
            lambda: [self._one(content.change, content.data) for content in contents], limiter=self._thread
        )

    def _one(self, change: Change, data: bytes) -> Extraction:
        if change.size_bytes and not data:
            return Extraction(state="failed", reason="the content could not be read")
        try:
            return extract(
                data,
                path=change.path,
                media_type=change.media_type,
                size_bytes=change.size_bytes,
                registry=self._registry,
                clock=self._clock,
            )
        except Exception as error:  # noqa: BLE001 (whatever a file does to its extractor, the others go on)
            _LOG.exception("an extractor failed on %s version %s", change.path, change.version)
            return Extraction(state="failed", reason=f"the extractor failed: {type(error).__name__}")
