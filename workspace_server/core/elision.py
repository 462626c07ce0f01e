"""Whether a replacement leaves out what it should have kept: the mistake of a writer that shortens as it copies.

A model that sends a long file again often writes "rest unchanged" where the rest was, or sends only the part that it
was shown. Both are guesses, so both are refused in a way that can be insisted on; what is told apart here:

- A **marker** is a line that stands for lines left out. It counts when the text that is replaced lacks it, and lines
  are missing at its place. A line that merely speaks of what stays the same is met often, so a marker that could be
  such a line needs more lines to be gone than came.
- What was **not shown** to the writer counts when most of it is missing: who sends most of it has it from elsewhere.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from workspace_server.core import diffs

Certainty = Literal["sure", "likely", "possible"]
LINE_CHARS_MAX = 160
"""A marker is a short line."""
DECORATED_WORDS_MAX = 12
PLAIN_WORDS_MAX = 7
OTHERS_WORDS_MAX = 5
POSSIBLE_LOST_MIN = 5
"""How many lines a comment of nothing but dots must stand for."""
CANDIDATES_MAX = 10_000
"""So many lines of one text are judged as markers at most."""
LINES_MAX = 100_000
"""A text of more lines is no copy that a model made."""
PARTS_MAX = 100
"""So many parts of one text are kept apart at most."""

_STEMS = (
    *("rest", "remain", "nchang", "omitted", "truncated", "brevity", "snip", "same as", "as before", "no change"),
    *("sin cambios", "..."),
)
"""Every marker in ASCII has one of these: a text is first searched for them, which takes microseconds."""
_STEMS_OTHER = (
    *("…", "übrig", "остал", "unverändert", "без изменений", "其余", "其餘", "剩余", "剩餘", "余下", "其他", "残り"),
    *("나머지", "기존", "既存", "不变", "不變", "略", "変更なし", "생략"),
)
_ELLIPSIS = re.compile(r"\.{3,}|…")
_DECORATION = re.compile(r"""\s*(?://|\#|--|;|%|/\*|<!--|\{/\*|\(\*|\"{3}|'{3}|\.{3}|…|\[|\(|<|REM\b)""")
_ENDS_DECORATED = re.compile(r"(?:\.{3}|…|[\])>]|\*/\}?|-->)\s*$")
_NO_MARKER = re.compile(r"=|:$|^\.{3} {2}")
"""A statement, or the second line of one in an interactive session."""
_BRACKETED = re.compile(r"^\W*[\[(<]\w")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_REST = re.compile(
    r"\b(?:rest|remainder|remaining|everything else|restlich\w*|übrig\w*|reste|resto|restante|overige|остал\w+)\b"
    r"|其余|其餘|剩余|剩餘|余下|残り|나머지|以下|前略|中略|後略"
)
_OTHERS = re.compile(
    r"\b(?:existing|previous|original|other|all|current|earlier|bestehend\w*|vorhanden\w*|existant\w*|existente\w*"
    r"|esistent\w*|bestaande|существующ\w+)\b|其他|既存|기존"
)
_STATE = re.compile(
    r"unchanged|untouched|unmodified|omitted|truncated|brevity|the same\b|as before|\bas is\b|not shown|left out|intact"
    r"|identical|inchang|identique|omis\b|tel quel|wie bisher|wie zuvor|unverändert|gekürzt|ausgelassen|\bgleich\b"
    r"|sin cambios|se mantiene|omitid|\bigual\b|invariat|immutat|inalterad|sem alterações|ongewijzigd|weggelaten"
    r"|без изменений|не измен|опущен|прежн|不变|不變|相同|略|変更なし|そのまま|同じ|동일|변경 없음|그대로|생략"
)
_PLAIN_REST = re.compile(r"(?:\W*(?:and|the|all|le|der|die|das|el|il|o) )?(?:rest|remain|其|剩|余|残|나머지|остал)")
_ALONE = re.compile(
    r"(?:\w+ ){0,4}(?:omitted|truncated|shortened|elided|cut|left out|snipped)(?: here)? for (?:brevity|clarity|length)"
    r"|(?:the )?(?:code|content|contents|text|output|lines?|section|body|implementation|function|method)"
    r" (?:is |was )?(?:omitted|truncated|elided|snipped|not shown|unchanged)(?: here)?"
    r"|unchanged|omitted|snip|snipped|no changes?(?: here| below| above)?|same as (?:before|above)|as before"
    r"|unverändert|inchangé|sin cambios|invariato|inalterado|ongewijzigd|без изменений|省略|[中後]略|変更なし|생략"
)
"""What is a marker by itself, inside brackets or a comment."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A line that may stand for others; with a `sure` one a single missing line is enough."""

    line: str
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class Loss:
    """What a replacement leaves out: how many lines, and the marker that stands for them, if one does."""

    lost_lines: int
    marker: str | None


def markers(text: str) -> list[Marker]:
    """Return the markers of *text*, each line once. Quick over a text that has none."""
    folded = text.lower()
    if len(folded) != len(text):  # a capital whose small form is longer: places must stay the same
        folded = text
    stems = _STEMS if text.isascii() else (*_STEMS, *_STEMS_OTHER)
    judged: dict[str, Certainty | None] = {}
    for stem in stems:
        at = folded.find(stem)
        while at >= 0 and len(judged) < CANDIDATES_MAX:
            start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
            end = len(text) if end < 0 else end
            line = text[start:end].strip()
            if len(line) <= LINE_CHARS_MAX and line not in judged:
                judged[line] = _certainty(line)
            at = folded.find(stem, end)
    return [Marker(line, certainty) for line, certainty in judged.items() if certainty is not None]


def left_out(before: str, after: str, found: Sequence[Marker]) -> Loss | None:
    """Return what *after* leaves out of *before* at one of the markers *found* in it, or None.

    Args:
        before: The text that is replaced.
        found: `markers(after)`.
    """
    old, new = _lines(before), _lines(after)
    known, kept = set(old), set(new)
    fresh = {marker.line: marker.certainty for marker in found if marker.line not in known}
    if not fresh or max(len(old), len(new)) > LINES_MAX:
        return None
    gone = _counted(bool(line) and line not in kept for line in old)
    come = _counted(bool(line) and line not in known and line not in fresh for line in new)
    places = _places(old, new)
    ends = _next_higher(places)
    above = -1
    for at, line in enumerate(new):
        if places[at] >= 0:
            above = at
        certainty = fresh.get(line)
        if certainty is None:
            continue
        below = ends[above + 1]
        lost = gone[places[below] if below < len(new) else len(old)] - gone[places[above] + 1 if above >= 0 else 0]
        if _is_enough(certainty, lost, come[below] - come[above + 1]):
            return Loss(lost, line)
    return None


def unseen_lost(before: str, after: str, seen: Sequence[tuple[int, int]]) -> Loss | None:
    """Return what *after* leaves out of *before* that its writer was never shown, or None when it has most of that.

    Args:
        seen: The parts of *before* that were shown, from and up to which character.
    """
    if before.count("\n") > LINES_MAX:
        return None
    unseen = list(_unseen(before, seen))
    kept = set(_lines(after))
    lost = sum(line not in kept for line in unseen)
    return Loss(lost, None) if lost and lost * 2 >= len(unseen) else None


def joined(seen: Sequence[tuple[int, int]], part: tuple[int, int]) -> list[tuple[int, int]]:
    """Return *seen* with one more part, in order and without overlaps.

    Where that makes too many, the two that lie nearest are taken for one: what is told apart is a guess in any case.
    """
    found: list[tuple[int, int]] = []
    for start, end in sorted((*seen, part)):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    while len(found) > PARTS_MAX:
        at = min(range(1, len(found)), key=lambda number: found[number][0] - found[number - 1][1])
        found[at - 1 : at + 1] = [(found[at - 1][0], found[at][1])]
    return found


def carried(
    seen: Sequence[tuple[int, int]], before: str, after: str, changes: Sequence[diffs.Change]
) -> list[tuple[int, int]]:
    """Return which parts of *after* someone has seen who had *seen* those of *before*, and was then shown the changes.

    Args:
        changes: `diffs.changes` of a whole diff from *before* to *after*.
    """
    old, new = _starts(before), _starts(after)
    found: list[tuple[int, int]] = []
    start = 0
    for change in (*changes, diffs.Change((len(old) - 1,) * 2, (len(new) - 1,) * 2)):
        first, last = old[start], old[change.old[0]]
        moved = new[change.new[0]] - last
        same = [(max(a, first) + moved, min(b, last) + moved) for a, b in seen if a < last and b > first]
        for part in (*same, (new[change.new[0]], new[change.new[1]])):
            found = joined(found, part) if part[0] < part[1] else found
        start = change.old[1]
    return found


def _is_enough(certainty: Certainty, lost: int, came: int) -> bool:
    """Whether so many missing lines, where so many came, are what a marker stands for."""
    if certainty == "sure":
        return lost >= 1
    return lost > came and (certainty == "likely" or lost >= POSSIBLE_LOST_MIN)


def _certainty(line: str) -> Certainty | None:
    """Return how surely *line* stands for lines left out; None when it does not."""
    folded = line.lower()
    words = _WORD.findall(folded)
    dots = _ELLIPSIS.search(line) is not None
    opens = _DECORATION.match(line) is not None
    decorated = opens or _ENDS_DECORATED.search(line) is not None
    if len(words) > (DECORATED_WORDS_MAX if decorated else PLAIN_WORDS_MAX) or _NO_MARKER.search(line):
        return None
    if not words:
        return "possible" if dots and opens and not _ELLIPSIS.match(line) else None
    if _REST.search(folded) is not None and (_STATE.search(folded) is not None or (opens and dots)):
        return "sure" if decorated or _PLAIN_REST.match(folded) is not None else None
    return _of_others(line, words, dots=dots and opens) if decorated else None


def _of_others(line: str, words: Sequence[str], *, dots: bool) -> Certainty | None:
    """Return how surely a comment, or what stands in brackets, stands for lines though it names no rest."""
    said = " ".join(words)
    if _ALONE.fullmatch(said) is not None:
        return "sure" if dots or _BRACKETED.search(line) is not None or "brevity" in words else "likely"
    if _OTHERS.search(said) is None or len(words) > OTHERS_WORDS_MAX:
        return None
    if dots:
        return "sure"
    return "likely" if _STATE.search(said) is not None and "same" not in words else None


def _counted(ones: Iterable[bool]) -> list[int]:
    """Return how many of the first n are true, for each n from 0 on."""
    return list(accumulate(ones, initial=0))


def _places(old: Sequence[str], new: Sequence[str]) -> list[int]:
    """Return for each new line where it stands in the old text, when it stands there once; else -1."""
    counts = Counter(old)
    places = {line: number for number, line in enumerate(old) if line and counts[line] == 1}
    return [places.get(line, -1) for line in new]


def _next_higher(places: Sequence[int]) -> list[int]:
    """Return for the beginning and then for each line the next line whose place is higher; their number for none."""
    found = [len(places)] * (len(places) + 1)
    waiting = [-1]
    for at, place in enumerate(places):
        while waiting and place > (places[waiting[-1]] if waiting[-1] >= 0 else -1):
            found[waiting.pop() + 1] = at
        if place >= 0:
            waiting.append(at)
    return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n")]


def _starts(text: str) -> list[int]:
    """Return at which character each line begins, and where the text ends."""
    return list(accumulate(map(len, diffs.lines_of(text)), initial=0))


def _unseen(text: str, seen: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Yield the lines, but empty ones, that do not lie within one of the parts *seen*, which are in order."""
    start, part = 0, 0
    for line in text.split("\n"):
        end = start + len(line)
        while part < len(seen) and seen[part][1] < end:
            part += 1
        if line.strip() and not (part < len(seen) and seen[part][0] <= start):
            yield line.strip()
        start = end + 1
