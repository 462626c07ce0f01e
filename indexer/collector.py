"""Where extractors put what they find: the one place that checks, places, counts and bounds it."""

import time
from collections.abc import Callable
from typing import Final

from indexer import normalise
from indexer.document import Document
from indexer.limits import (
    EXTRACTION_S_MAX,
    FACTS_PER_FILE_MAX,
    KEY_CHARS_MAX,
    QUOTE_CHARS_MAX,
    SUBJECT_CHARS_MAX,
    VALUE_CHARS_MAX,
)
from indexer.model import Confidence, Fact, FactKind, Heading

_FULL: Final = f"only the first {FACTS_PER_FILE_MAX} facts are kept"
_SUMMING_UP: Final = 0.4
"""Part of the time for one file that is left for what can only be said at its end."""


class Enough(Exception):
    """A limit is reached: extraction ends here and keeps what it has."""


class Malformed(Exception):
    """The text is not what its type says; no fact of it is kept, for a half-read structure misleads."""


class Collector:
    """Facts, outline and title of one document while an extractor reads it.

    Nothing that an extractor says about places is believed: a quote must stand at its span, and lines are counted here.

    Attributes:
        is_cut: Whether the document is only the beginning of a larger file, so that nothing is counted to its end.
    """

    def __init__(
        self, document: Document, *, clock: Callable[[], float] = time.thread_time, is_cut: bool = False
    ) -> None:
        self.document = document
        self.is_cut = is_cut
        self.facts: list[Fact] = []
        self.headings: list[Heading] = []
        self.records: list[Heading] = []
        self.blocks: list[tuple[int, int, str]] = []
        self.title = ""
        self.notes: list[str] = [document.note] if document.note else []
        self.dropped = 0
        self._clock = clock
        self._ends_at = clock() + EXTRACTION_S_MAX
        self._path: list[tuple[int, str]] = []

    @property
    def subject(self) -> str:
        """The headings above the present place, or the file's own name."""
        return " > ".join(title for _, title in self._path) or self.document.name

    @property
    def subject_is_named(self) -> bool:
        """Whether the file itself says what the present place is about."""
        return bool(self._path)

    @property
    def is_late(self) -> bool:
        """Whether most of the time for one file is over, so that it is time to sum up."""
        return self._clock() > self._ends_at - EXTRACTION_S_MAX * _SUMMING_UP

    @property
    def room(self) -> int:
        """How many facts may still be kept."""
        return FACTS_PER_FILE_MAX - len(self.facts)

    def over(self, document: Document) -> "Collector":
        """Return a collector for a text that is part of this one, within the same time."""
        inner = Collector(document, clock=self._clock)
        inner._ends_at = self._ends_at
        return inner

    def tick(self) -> None:
        """Say that work goes on; extractors call it in their loops.

        Raises:
            Enough: The time for one file is over.
        """
        if self._clock() > self._ends_at:
            raise Enough(f"reading took longer than {EXTRACTION_S_MAX:g} s; the rest was left out")

    def heading(self, level: int, title: str, start: int, end: int) -> None:
        """Note a heading; what follows stands below it."""
        title = title[:SUBJECT_CHARS_MAX].strip()
        if not title:
            return
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        above = self.subject
        self._path.append((level, title))
        self.title = self.title or title
        self.headings.append(Heading(level=level, title=title, line=self.document.line_of(start)))
        self.fact("heading", subject=above, key="heading", value=title, start=start, end=end, entity=False)

    def block(self, start: int, end: int, text: str) -> None:
        """Note visible text that differs from the source between *start* and *end*, for passages."""
        self.blocks.append((start, end, text))

    def fact(
        self,
        kind: FactKind,
        *,
        key: str,
        value: str,
        start: int,
        end: int,
        subject: str | None = None,
        quote: str | None = None,
        pointer: str | None = None,
        confidence: Confidence = "structural",
        entity: bool = True,
    ) -> None:
        """Keep one fact whose quote stands at ``text[start:end]``, unless the file has had its number of facts.

        A quote longer than the limit is cut at its end; a value longer than the limit is cut and marked with ``…``.
        Reading goes on when there is no room any more: the passages that follow need the headings above them.

        Args:
            subject: What it is about; by default the headings above.
            quote: What the extractor believes to stand there; by default what does.

        Raises:
            Enough: The time for one file is over.
        """
        self.tick()
        if not self.room:
            self.notes += [] if _FULL in self.notes else [_FULL]
            return
        there = self.document.text[start:end]
        if not there.strip() or (quote is not None and quote != there):
            self.dropped += 1
            return
        there = there[:QUOTE_CHARS_MAX]
        end = start + len(there)
        value, key = " ".join(value.split()), " ".join(key.split())[:KEY_CHARS_MAX]
        if not value:
            return
        normal, unit = normalise.value(value, key=key)
        subject = self.subject if subject is None else subject
        self.facts.append(
            Fact(
                kind=kind,
                subject=_shortened(subject, SUBJECT_CHARS_MAX),
                key=key,
                value=_shortened(value, VALUE_CHARS_MAX),
                normal=normal[:VALUE_CHARS_MAX],
                unit=unit,
                quote=there,
                start=start,
                end=end,
                start_line=self.document.line_of(start),
                end_line=self.document.line_of(end - 1),
                pointer=pointer,
                confidence=confidence,
                entity=entity,
            )
        )


def _shortened(text: str, chars_max: int) -> str:
    return text if len(text) <= chars_max else text[: chars_max - 1].rstrip() + "…"
