"""Results of searches."""

from workspace_server.interfaces.http.results.base import Result


class Passage(Result):
    """A stretch of a file's text, where it stands, and who wrote that version."""

    path: str
    version: int
    start_line: int
    end_line: int
    by: str
    page: int = 0
    heading: str = ""
    text: str
    score: float = 0


class Fact(Result):
    """A short statement and the lines that say so; the members after `by` come with `detail=full`."""

    fact: str
    cite: str
    kind: str
    by: str
    subject: str = ""
    key: str = ""
    value: str = ""
    unit: str = ""
    quote: str = ""
    path: str = ""
    version: int = 0
    start_line: int = 0
    end_line: int = 0
    page: int = 0
    at: str = ""
    extractor: str = ""
    confidence: str = ""
    superseded_seq: int = 0


class SaidValue(Result):
    """What one source says; the members after `by` come with the list of contradictions."""

    value: str
    cite: str
    by: str
    quote: str = ""
    path: str = ""
    version: int = 0
    start_line: int = 0
    end_line: int = 0
    page: int = 0
    at: str = ""


class Contradiction(Result):
    """Sources that disagree."""

    subject: str
    key: str
    values: list[SaidValue]


class Found(Result):
    """Passages; `complete` when the index knows every change, `indexed_seq` else the last one it knows."""

    hits: list[Passage]
    total_matches: int = 0
    indexed_seq: int
    complete: bool
    did_you_mean: str = ""
    words_only: bool = False
    reason: str = ""


class FoundFacts(Result):
    """Facts, what contradicts them, passages in the room that is left; `reason` when facts of the past are not kept."""

    facts: list[Fact]
    conflicts: list[Contradiction]
    passages: list[Passage]
    indexed_seq: int
    complete: bool
    reason: str = ""
    words_only: bool = False


class ListedConflicts(Result):
    """A page of contradictions."""

    conflicts: list[Contradiction]
    next_cursor: str = ""
    indexed_seq: int
    complete: bool


class DismissedConflicts(Result):
    """The contradictions that are told no more."""

    dismissed: list[Contradiction]
