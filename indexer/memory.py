"""A `FactStore` in memory, for the library's own tests and for small programs."""

from collections.abc import Sequence

from indexer.model import Extraction, Indexed, Passage


class MemoryFactStore:
    """Keeps everything in dictionaries; gone with the process."""

    def __init__(self) -> None:
        self.indexed: dict[str, Indexed] = {}
        self._extractions: dict[str, Extraction] = {}
        self._progress = (0, "")

    async def progress(self) -> tuple[int, str]:
        """Return the seq up to which all is kept, and the fingerprint it was kept with."""
        return self._progress

    async def extraction(self, key: str) -> Extraction | None:
        """Return what was once extracted under *key*."""
        return self._extractions.get(key)

    async def said(self, key: str) -> tuple[str, Sequence[Passage]] | None:
        """Return the title and the passages of what was once extracted under *key*."""
        extraction = self._extractions.get(key)
        return None if extraction is None else (extraction.title, extraction.passages)

    async def keep(self, found: Sequence[Indexed], *, progress: tuple[int, str] | None, anew: bool = False) -> None:  # noqa: ARG002 (here all is made anew)
        """Make *found* the facts of its paths."""
        for each in found:
            if each.extraction is None:
                self.indexed.pop(each.change.path, None)
            else:
                self.indexed[each.change.path] = each
                self._extractions[each.key] = each.extraction
        self._progress = progress or self._progress
