"""The values that travel through the indexer: changes in, facts and passages out."""

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

FactKind = Literal[
    "field",
    "cell",
    "observation",
    "relation",
    "quantity",
    "money",
    "date",
    "heading",
    "decision",
    "todo",
    "risk",
    "question",
    "symbol",
    "link",
    "profile",
]
FACT_KINDS: Final[tuple[str, ...]] = get_args(FactKind)

IndexState = Literal["pending", "ok", "empty", "limited", "failed"]
Confidence = Literal["structural", "pattern", "model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file event that the index has to follow, or one head when it starts from the heads.

    Attributes:
        seq: The change's place in the log.
        version: The version that is now the file's head; None when the file is gone.
        sha256: Of the content, as hex; empty when the file is gone.
    """

    seq: int
    path: str
    version: int | None
    sha256: str = ""
    size_bytes: int = 0
    media_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One short statement that stands in a text.

    Attributes:
        value: As it stands, blanks folded, cut with ``…`` when long.
        normal: The value in the form in which two facts are compared.
        quote: Exactly ``text[start:end]`` of the decoded text.
        start_line: Of the quote, counted from 1.
        pointer: Place inside structured data: a JSON pointer, the column of a table, the cell of a sheet.
        page: The page, slide or sheet of a document, counted from 1; None in plain text.
        entity: Whether the subject names one thing in the world, rather than a place in this file.
    """

    kind: FactKind
    subject: str
    key: str
    value: str
    normal: str
    quote: str
    start: int
    end: int
    start_line: int
    end_line: int
    unit: str | None = None
    pointer: str | None = None
    confidence: Confidence = "structural"
    entity: bool = True
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFact:
    """A fact of the version that is its file's head, or was at the moment asked for, with who wrote it and when.

    Attributes:
        extractor: What found it, with its version.
        superseded_seq: Of the change that took the version's place; None while it is the head, or nobody asked.
    """

    fact: Fact
    path: str
    version: int
    seq: int
    agent: str
    at_s: float
    extractor: str = ""
    superseded_seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stretch of a file's text that search returns, with its lines, the headings above it, and a document's page."""

    text: str
    start_line: int
    end_line: int
    heading: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """One line of a file's outline."""

    level: int
    title: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """All that was learned from one content.

    Attributes:
        state: ``ok``, ``empty`` (no characters), ``limited`` (only partly read) or ``failed``.
        reason: Why the state is not ``ok``; empty otherwise.
        dropped: Facts refused because their quote did not stand at its span.
        text: What a document says, whose bytes are no text; lines and spans are of this. Empty for text.
        pages: The line, counted from 1, on which each page, slide or sheet of a document begins; else empty.
    """

    state: IndexState
    reason: str = ""
    title: str = ""
    lines: int = 0
    encoding: str = ""
    extractor: str = ""
    facts: tuple[Fact, ...] = ()
    headings: tuple[Heading, ...] = ()
    passages: tuple[Passage, ...] = ()
    dropped: int = 0
    text: str = ""
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """A change together with what its content gave; ``extraction`` is None when the file is gone."""

    change: Change
    key: str = ""
    extraction: Extraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One passage that a search index found, best first by ``score``."""

    path: str
    version: int
    passage: Passage
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer of a search index; ``cut`` when the deadline ended it before it was through."""

    hits: list[Hit] = field(default_factory=list)
    cut: bool = False
