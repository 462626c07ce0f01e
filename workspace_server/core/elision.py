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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Certainty = Literal["sure", "likely", "possible"]
LINE_CHARS_MAX = 160
"""A marker is a short line."""
DECORATED_WORDS_MAX = 12
PLAIN_WORDS_MAX = 7
OTHERS_WORDS_MAX = 5
POSSIBLE_LOST_MIN = 5
"""How many lines a comment of nothing but dots must stand for."""
NEAR_LINES_MAX = 2_000
"""How far from a marker one looks for a line that both texts have."""

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
    found: dict[str, Marker] = {}
    for stem in stems:
        at = folded.find(stem)
        while at >= 0:
            start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
            end = len(text) if end < 0 else end
            line = text[start:end].strip()
            if line not in found and len(line) <= LINE_CHARS_MAX:
                certainty = _certainty(line)
                if certainty is not None:
                    found[line] = Marker(line, certainty)
            at = folded.find(stem, end)
    return list(found.values())


def left_out(before: str, after: str, found: Sequence[Marker]) -> Loss | None:
    """Return what *after* leaves out of *before* at one of the markers *found* in it, or None.

    Args:
        before: The text that is replaced.
        found: `markers(after)`.
    """
    old, new = _lines(before), _lines(after)
    known = set(old)
    fresh = {marker.line: marker for marker in found if marker.line not in known}
    if not fresh:
        return None
    counts = Counter(old)
    places = {line: number for number, line in enumerate(old) if line and counts[line] == 1}
    kept = set(new)
    for at, line in enumerate(new):
        marker = fresh.get(line)
        if marker is None:
            continue
        gone, come = _around(at, new, places, len(old))
        lost = sum(bool(one) and one not in kept for one in old[gone])
        came = sum(bool(one) and one not in known and one not in fresh for one in new[come])
        if _is_enough(marker.certainty, lost, came):
            return Loss(lost, line)
    return None


def unseen_lost(before: str, after: str, seen: Sequence[tuple[int, int]]) -> Loss | None:
    """Return what *after* leaves out of *before* that its writer was never shown, or None when it has most of that.

    Args:
        seen: The parts of *before* that were shown, from and up to which character.
    """
    unseen = [line for line, start, end in _placed(before) if not any(a <= start and end <= b for a, b in seen)]
    unseen = [line for line in unseen if line]
    kept = set(_lines(after))
    lost = sum(line not in kept for line in unseen)
    return Loss(lost, None) if lost and lost * 2 >= len(unseen) else None


def joined(seen: Sequence[tuple[int, int]], part: tuple[int, int]) -> list[tuple[int, int]]:
    """Return *seen* with one more part, in order and without overlaps."""
    found: list[tuple[int, int]] = []
    for start, end in sorted((*seen, part)):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
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


def _around(at: int, new: Sequence[str], places: Mapping[str, int], old_lines: int) -> tuple[slice, slice]:
    """Return the place of a marker, in the old lines and in the new ones.

    It is what lies between the nearest lines above and below that stand once in the old text.
    """
    gone, come = [-1, old_lines], [-1, len(new)]
    for number in range(at - 1, max(-1, at - NEAR_LINES_MAX), -1):
        if new[number] in places:
            gone[0], come[0] = places[new[number]], number
            break
    for number in range(at + 1, min(len(new), at + NEAR_LINES_MAX)):
        if places.get(new[number], -1) > gone[0]:
            gone[1], come[1] = places[new[number]], number
            break
    return slice(gone[0] + 1, gone[1]), slice(come[0] + 1, come[1])


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n")]


def _placed(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each line, from and up to which character it goes."""
    start = 0
    for line in text.split("\n"):
        yield line.strip(), start, start + len(line)
        start += len(line) + 1
