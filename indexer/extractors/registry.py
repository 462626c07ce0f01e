"""What an extractor is, and which one reads a file."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from indexer.collector import Collector


@dataclass(frozen=True, slots=True, kw_only=True)
class Extractor:
    """One way to read one type of text.

    Attributes:
        name: Stands in each fact's citation.
        version: Raised whenever its facts change, so that files are read again.
        suffixes: File name endings, lower case, with the dot.
        names: Whole file names, lower case, for files that have no telling ending.
        chars_max: Longer texts are not taken apart; they are searchable all the same.
        extract: Puts facts, headings and visible text into the collector.
    """

    name: str
    version: int
    suffixes: tuple[str, ...]
    media_types: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    chars_max: int
    extract: Callable[[Collector], None]

    @property
    def identity(self) -> str:
        """Name and version: the part of an extraction's key that the content does not decide."""
        return f"{self.name}@{self.version}"


class Registry:
    """The extractors by what they read; what no one claims goes to *fallback*."""

    def __init__(self, extractors: tuple[Extractor, ...], *, fallback: Extractor) -> None:
        self._fallback = fallback
        self._by_suffix = {suffix: each for each in extractors for suffix in each.suffixes}
        self._by_name = {name: each for each in extractors for name in each.names}
        self._by_media_type = {media_type: each for each in extractors for media_type in each.media_types}
        self.fingerprint = " ".join(sorted(each.identity for each in (*extractors, fallback)))

    def choose(self, path: str, media_type: str) -> Extractor:
        """Return the extractor for a file: by its name, then its ending, then its media type."""
        name, suffix = PurePosixPath(path.lower()).name, PurePosixPath(path.lower()).suffix
        return (
            self._by_name.get(name)
            or self._by_suffix.get(suffix)
            or self._by_media_type.get(media_type.partition(";")[0].strip().lower())
            or self._fallback
        )
