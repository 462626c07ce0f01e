"""How facts and passages look in an answer: cited, clean, and within a token budget."""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from indexer.conflicts import Conflict
from indexer.highlights import Mark, marks
from indexer.model import LiveFact, Passage
from indexer.normalise import DIMENSIONS, fold
from indexer.questions import Question
from workspace_server.core import tokens
from workspace_server.services.recording import Result
from workspace_server.services.times import iso

Detail = Literal["brief", "full"]
E = TypeVar("E")
SNIPPET_CHARS_MAX = 420
"""Longest text of a passage in an answer, without the context that was asked for."""
PER_FILE_FIRST = 3
"""Entries of one file before those of other files are given their turn."""
ASIDE_BYTES_MIN = 220
"""Less room is not worth setting aside: a passage of so few words answers less than a fact more."""
VALUES_MAX = 4
"""Values that one contradiction lists."""

MARKS_LOOKED_AT = 200
"""Marks of one long line among which the place is chosen that is shown."""

_UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_STATED_AS_QUOTE = frozenset({"quantity", "money", "date"})
_STATED_ALONE = frozenset({"decision", "todo", "risk", "question", "heading"})


def clean(text: str) -> str:
    """Return *text* without control, bidi and zero-width characters; line ends and tabs stay."""
    return _UNSHOWN.sub("", text)


def statement(live: LiveFact) -> str:
    """Return a fact as one line: what it is about, and what is said."""
    fact = live.fact
    if fact.kind in _STATED_AS_QUOTE and (fact.key == "date" or fact.key in DIMENSIONS.values()):
        said = " ".join(fact.quote.split())  # nobody named what is measured: only its sentence says it
    elif fact.kind in _STATED_ALONE:
        said = f"{fact.kind}: {fact.value}"
    else:
        said = f"{fact.key}: {fact.value}"
    return clean(f"{fact.subject} · {said}")


def cite(live: LiveFact) -> str:
    """Return where a fact stands: ``path@version:line``."""
    return f"{live.path}@{live.version}:{live.fact.start_line}"


def fact_row(live: LiveFact, detail: Detail) -> Result:
    """Return a fact as an answer lists it."""
    row: Result = {"fact": statement(live), "cite": cite(live), "kind": live.fact.kind, "by": live.agent}
    if detail == "full":
        fact = live.fact
        row |= {"subject": clean(fact.subject), "key": clean(fact.key), "value": clean(fact.value)}
        if fact.unit is not None:
            row["unit"] = fact.unit
        row |= {
            **_place(live),
            "extractor": live.extractor,
            "confidence": fact.confidence,
            **({} if live.superseded_seq is None else {"superseded_seq": live.superseded_seq}),
        }
    return row


def conflict_row(conflict: Conflict, detail: Detail = "brief") -> Result:
    """Return a contradiction: of what, and who says what where; in full also in which words, and since when."""
    first = conflict.facts[0].fact
    return {
        "subject": clean(first.subject),
        "key": clean(first.key),
        "values": [
            {
                "value": clean(live.fact.value),
                "cite": cite(live),
                "by": live.agent,
                **(_place(live) if detail == "full" else {}),
            }
            for live in conflict.facts[:VALUES_MAX]
        ],
    }


def _place(live: LiveFact) -> Result:
    """Return the words of a fact, where they stand, and since when."""
    fact = live.fact
    return {
        "quote": clean(fact.quote),
        "path": live.path,
        "version": live.version,
        "start_line": fact.start_line,
        "end_line": fact.end_line,
        **({} if fact.page is None else {"page": fact.page}),
        "at": iso(live.at_s),
    }


def distinct(facts: Sequence[LiveFact]) -> list[LiveFact]:
    """Return *facts* without those that say the same again."""
    kept: dict[tuple[str | None, ...], LiveFact] = {}
    for live in facts:
        fact = live.fact
        kept.setdefault((fold(fact.subject), fold(fact.key), fact.normal, fact.unit), live)
    return list(kept.values())


def spread(entries: Sequence[E], path_of: Callable[[E], str], limit: int) -> list[E]:
    """Return *limit* entries in their order, but no more of one file than a few while others have some."""
    first: list[E] = []
    rest: list[E] = []
    seen: dict[str, int] = {}
    for entry in entries:
        path = path_of(entry)
        seen[path] = seen.get(path, 0) + 1
        (first if seen[path] <= PER_FILE_FIRST else rest).append(entry)
    return [*first, *rest][:limit]


class Budget:
    """The room that an answer has; one token is four bytes of its compact JSON."""

    def __init__(self, max_tokens: int, frame: Result) -> None:
        self._left = max_tokens * tokens.BYTES_PER_TOKEN - _bytes(frame)
        self._aside = 0

    @property
    def left_bytes(self) -> int:
        """Bytes that are left."""
        return self._left

    def set_aside(self, entries: Sequence[object], *, share: float) -> None:
        """Keep room for list entries that come later, at most a share of what is left, and none that is too small."""
        room_bytes = min(sum(_bytes(entry) + 1 for entry in entries), int(self._left * share))
        self._aside = room_bytes if room_bytes >= ASIDE_BYTES_MIN else 0
        self._left -= self._aside

    def set_free(self) -> None:
        """Give back what was set aside."""
        self._left, self._aside = self._left + self._aside, 0

    def room_bytes(self, entry: object) -> int:
        """Return the bytes by which a list entry may still grow."""
        return self._left - _bytes(entry) - 1

    def take(self, value: object, *, share: float = 1.0) -> bool:
        """Reserve the room of one list entry; False, and nothing reserved, when it is not there.

        Args:
            share: Of what is left, the most that this may take.
        """
        size = _bytes(value) + 1
        if size > self._left * share:
            return False
        self._left -= size
        return True


def snippet(passage: Passage, question: Question, *, context_lines: int = 0) -> tuple[str, int, int]:
    """Return the lines of a passage in which most of what was asked stands, and their numbers."""
    text = passage.text
    found = marks(text, question)
    starts = [0, *(index + 1 for index, letter in enumerate(text) if letter == "\n")]
    if len(starts) != passage.end_line - passage.start_line + 1:
        return clean(_around(text, found)), passage.start_line, passage.end_line
    first, last = _telling_lines(starts, len(text), found)
    is_one_line = first == last
    first, last = max(0, first - context_lines), min(len(starts) - 1, last + context_lines)
    begin, end = starts[first], (starts[last + 1] - 1 if last + 1 < len(starts) else len(text))
    shown = text[begin:end]
    if is_one_line and not context_lines:
        shown = _around(shown, [Mark(mark.start - begin, mark.end - begin, mark.term) for mark in found])
    return clean(shown), passage.start_line + first, passage.start_line + last


def _telling_lines(starts: Sequence[int], length: int, found: Sequence[Mark]) -> tuple[int, int]:
    """Return the line with most of what was asked, and as many lines around it as fit, the more telling side first."""
    asked: list[set[int]] = [set() for _ in starts]
    for mark in found:
        asked[bisect_right(starts, mark.start) - 1].add(mark.term)
    told = [len(each) for each in asked]
    first = last = max(range(len(told)), key=told.__getitem__)
    ends = [*starts[1:], length + 1]
    while True:
        before = told[first - 1] if first > 0 else -1
        after = told[last + 1] if last + 1 < len(told) else -1
        step = first - 1 if before > after else last + 1
        wider = min(first, step), max(last, step)
        if max(before, after) < 0 or ends[wider[1]] - starts[wider[0]] - 1 > SNIPPET_CHARS_MAX:
            return first, last
        first, last = wider


def _around(text: str, found: Sequence[Mark]) -> str:
    """Return the part of a long text in which most of what was asked stands."""
    if len(text) <= SNIPPET_CHARS_MAX:
        return text
    room = SNIPPET_CHARS_MAX // 4
    inside = [mark for mark in found if 0 <= mark.start < len(text)][:MARKS_LOOKED_AT]
    told = {
        mark.start: len({other.term for other in inside if mark.start <= other.start < mark.start + 3 * room})
        for mark in inside
    }
    best = max(told, key=told.__getitem__, default=0)
    begin = max(0, best - room)
    part = text[begin : begin + SNIPPET_CHARS_MAX]
    return ("…" if begin else "") + part + ("…" if begin + SNIPPET_CHARS_MAX < len(text) else "")


def fitted(text: str, bytes_max: int) -> str:
    """Return *text* cut to *bytes_max* bytes of JSON, marked with ``…`` where it is."""
    if _bytes(text) <= bytes_max:
        return text
    low, high = 0, min(len(text), max(0, bytes_max))
    while low < high:  # escapes make a character up to twelve bytes long, so the place is looked for
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _bytes(text[:middle] + "…") <= bytes_max else (low, middle - 1)
    return text[:low] + "…" if low else ""


def _bytes(value: object) -> int:
    return len(tokens.compact(value).encode("utf-8", "surrogatepass"))
