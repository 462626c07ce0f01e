"""What an extractor is, and which one reads a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from indexer.collector import Collector
from indexer.document import Converted
from indexer.limits import NUMBERS_PER_FILE_MAX, PASSAGES_PER_FILE_MAX
from indexer.model import Extraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Extractor:
    """One way to read one type of text.

    Attributes:
        name: Stands in each fact's citation.
        version: Raised whenever its facts change, so that files are read again.
        suffixes: File name endings, lower case, with the dot.
        names: Whole file names, lower case, for files that have no telling ending.
        chars_max: Longer texts are not taken apart; they are searchable all the same.
        passages_max: Passages of one file that are searchable by rank.
        numbers_max: Different words with digits in these; after the passage that has the last of them there is none.
        extract: Puts facts, headings and visible text into the collector.
        convert: For what is no text: gives the text that `extract` reads. Raises `Unreadable`, and may do worse: the
            parsers behind it are not ours, so outside of tests it runs in a child process.
        begins: The first bytes of what `convert` may be able to read.
        recognises: Says for sure; None where the file's name alone decides.
        prepare: Has the parsers behind it unpack what they need, while they still may write; run once, before a file.
        is_ours: Whether all that `convert` runs here is of this library: then it is no more of a risk than text.
    """

    name: str
    version: int
    suffixes: tuple[str, ...]
    media_types: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    chars_max: int
    passages_max: int = PASSAGES_PER_FILE_MAX
    numbers_max: int = NUMBERS_PER_FILE_MAX
    extract: Callable[[Collector], None]
    convert: Callable[[bytes], Converted] | None = None
    begins: tuple[bytes, ...] = ()
    recognises: Callable[[bytes], bool] | None = None
    prepare: Callable[[], None] | None = None
    is_ours: Callable[[], bool] = lambda: False

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
        self._converting = tuple(each for each in extractors if each.convert)
        self.fingerprint = " ".join(sorted(each.identity for each in (*extractors, fallback)))
        self.converting = " ".join(each.identity for each in self._converting)
        self._preparing = tuple(each.prepare for each in self._converting if each.prepare)
        self.prepares = bool(self._preparing)

    def prepare(self) -> None:
        """Have all parsers unpack what they need."""
        for each in self._preparing:
            each()

    def choose(self, path: str, media_type: str) -> Extractor:
        """Return the extractor for a file: by its name, then its ending, then its media type."""
        name = path.lower().rpartition("/")[2]
        stem, _, ending = name.rpartition(".")
        return (
            self._by_name.get(name)
            or (self._by_suffix.get(f".{ending}") if stem else None)
            or self._by_media_type.get(media_type.partition(";")[0].strip().lower())
            or self._fallback
        )

    def choose_for(self, path: str, media_type: str, data: bytes) -> Extractor:
        """Return the extractor for a content: where the bytes say that they are a document, the name does not count."""
        for each in self._converting:
            if data.startswith(each.begins) and each.recognises and each.recognises(data):
                return each
        named = self.choose(path, media_type)
        return self._fallback if named.recognises else named

    def is_converted(self, extraction: Extraction) -> bool:
        """Return whether an extraction is of a document, whether or not it could be read."""
        return extraction.extractor in self.converting.split()

    def may_convert(self, path: str, media_type: str, data: bytes = b"") -> bool:
        """Return whether a content may be a document, by its name and its first bytes; cheap, and sure of a no."""
        return any(self._may_convert(path, media_type, data))

    def is_risky(self, path: str, media_type: str, data: bytes) -> bool:
        """Return whether a content may be a document that is read by parsers of others; cheap, and sure of a no."""
        return not all(each.is_ours() for each in self._may_convert(path, media_type, data))

    def _may_convert(self, path: str, media_type: str, data: bytes) -> Iterator[Extractor]:
        named = self.choose(path, media_type)
        return (each for each in self._converting if each is named or data.startswith(each.begins))
