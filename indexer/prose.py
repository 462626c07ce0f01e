"""Statements in running text: ``Key: value`` lines, marked lines, observations and relations.

Precision comes before number: a rule that cannot say of what a value is the value says nothing.
"""

import re
from collections.abc import Sequence
from typing import Final

from indexer import normalise
from indexer.amounts import ITEM, read_amounts, read_dates, sentence
from indexer.collector import Collector
from indexer.limits import BLOCK_CHARS_MAX, LINE_CHARS_MAX, QUOTE_CHARS_MAX
from indexer.model import FactKind
from indexer.vocabulary import (
    ASKED_OF_A_THING,
    JOINING,
    LABELS,
    NEVER_FIRST_IN_KEY,
    NEVER_IN_KEY,
    NOTHING_SAID,
    PHRASES,
    PLACING,
    UNTELLING_KEYS,
)

_CHECKBOX: Final = re.compile(r"\[([ xX])\]\s+")
_OBSERVATION: Final = re.compile(r"\[([A-Za-z][A-Za-z _-]{1,29})\]\s+(?=[^\s(\[])")
_RELATION: Final = re.compile(r"([A-Za-z][A-Za-z _-]{1,39})\s+\[\[([^\[\]|]{1,120})(?:\|[^\[\]]{0,120})?\]\]\s*$")
_KEY: Final = re.compile(r"[^\W\d_][\w ()/&'.%µ+-]{0,48}")
_EQUATION: Final = re.compile(r"([^\W\d_][^=:;]{2,48}) = ([\w€$£~+-][\w.,%€$£/+-]*(?: [\w%/]+){0,2})")
"""``Max connections = 200``: a setting rather than a formula, which has short names and operators."""
_AMOUNT: Final = re.compile(r"[~<>≤≥+-]? ?[€$£]? ?\d[\w.,%/]*(?: \S+){0,2}")
_YES_OR_NO: Final = frozenset({"yes", "no", "true", "false", "on", "off"})
_SAID_WORDS_MAX: Final = 6
"""A longer value is the rest of a sentence, unless its key could be nothing else."""
_PLACING_WORDS_MAX: Final = 3
_NUMBERED_KEY: Final = re.compile(r"(?:step|phase|day|week|chapter|section|part|round|note)s? \d+", re.IGNORECASE)

_MARKS: Final[dict[str, FactKind]] = {
    "decision": "decision",
    "decided": "decision",
    "resolved": "decision",
    "todo": "todo",
    "fixme": "todo",
    "action": "todo",
    "action item": "todo",
    "next step": "todo",
    "next steps": "todo",
    "to do": "todo",
    "risk": "risk",
    "question": "question",
    "open question": "question",
}
_SECTIONS: Final[dict[str, FactKind]] = {
    "decision": "decision",
    "decisions": "decision",
    "key decisions": "decision",
    "decisions made": "decision",
    "decision outcome": "decision",
    "todo": "todo",
    "todos": "todo",
    "to do": "todo",
    "action items": "todo",
    "next steps": "todo",
    "risk": "risk",
    "risks": "risk",
    "known risks": "risk",
    "question": "question",
    "questions": "question",
    "open questions": "question",
}
_ONE_DECISION: Final = frozenset({"decision", "decision outcome"})
"""Sections whose paragraphs, not only their items, are the decision."""

_NUMBERING: Final = re.compile(r"(?:\d+(?:\.\d+)*\.?|[A-Z]\.)\s+")
_TITLE: Final = re.compile(r"\s*[^\s,:;]{1,30}(?: [^\s,:;]{1,30}){0,3}(?<![.!?])\s*")
_COUNT: Final = re.compile(r"\s*#?\d{1,3}$")
_CALLS: Final = re.compile(r"(?:TODO|FIXME)\s+(?=\w)")
_DECIDED: Final = re.compile(
    r"(?<![\w,])(?:We|The team|The group|The board)(?: have| has)? (?:decided|agreed)(?: not)? (?:to|that|on|against)\s"
)
_PARTING: Final = re.compile(r"\s[·|•]\s|[;.]\s+(?=[A-Z*])")
_CHANGES: Final = re.compile(r"change ?log|release notes", re.IGNORECASE)
_COMMIT: Final = re.compile(r"(?:feat|fix|perf|docs|chore|refactor|style|test|build|ci|revert)(?:\([^()]*\))?!?")
"""What kind of change an entry is; and headings below which a single word before a colon is nothing else."""

_NESTED_BLANKS: Final = 2
_MARK_BEGINS: Final = frozenset("*_ADFNOQRT")
_LABEL_CHARS_MAX: Final = 60
_ASKING: Final = frozenset({"the", "your", "all", "our"})
"""Second words of what is asked of the reader rather than stated: ``Check the lag``."""


def is_item(line: str) -> bool:
    """Return whether *line* begins a list item."""
    return ITEM.match(line) is not None


def begins_block(line: str) -> bool:
    """Return whether *line* begins a statement of its own in the middle of a paragraph: an item, or ``Risk: …``."""
    return is_item(line) or (line[:1] in _MARK_BEGINS and marked(line) is not None)


def read_heading(out: Collector, level: int, title: str, start: int, end: int) -> None:
    """Note a heading, and what it states itself (``## Decision: use SQLite``)."""
    title = normalise.plain(title)
    found = marked(title)
    if found:
        kind, skip = found
        out.fact(kind, key=kind, value=title[skip:], start=start, end=end, confidence="pattern", entity=False)
    out.heading(level, title, start, end)


def read_block(out: Collector, start: int, end: int, *, under: str = "") -> None:
    """Read one paragraph, list item or line that stands at ``text[start:end]``.

    Args:
        under: The item of which this one is a part; it is then what the item's field is about.
    """
    out.tick()
    if not out.room:
        return
    text = out.document.text[start:end]
    lines = text.split("\n")
    told = _statements_from(lines)
    if told is not None:
        offset = start + sum(len(line) + 1 for line in lines[:told])
        if told:
            read_block(out, start, offset - 1, under=under)
        for line in lines[told:]:
            _read_statement(out, offset, line, line, under)
            offset += len(line) + 1
    elif len(lines[0]) <= LINE_CHARS_MAX and _read_statement(out, start, lines[0], text, under):
        return
    elif len(text) <= BLOCK_CHARS_MAX:
        if is_item(lines[0]) or not _read_decision(out, start, text):
            _read_decided(out, start, text)
        read_amounts(out, start, text)
        read_dates(out, start, text)


def _statements_from(lines: Sequence[str]) -> int | None:
    """Return the line from which on each is a statement of its own, however the paragraph begins; None when none is.

    A single last one counts below a title only: elsewhere it may be the end of a sentence.
    """
    first = len(lines)
    while first and (field_of(lines[first - 1]) or marked(lines[first - 1].strip())):
        first -= 1
    if len(lines) - first > 1:
        return first if not first or not is_item(lines[0]) else None
    titled = len(lines) == 2 and first == 1 and _TITLE.fullmatch(lines[0]) and lines[1].lstrip()[:1].isupper()
    return first if titled else None


def label_of(line: str) -> str:
    """Return what the items below the item *line* are about: its words, or its key; nothing when it is a sentence."""
    found = field_of(line)
    item = ITEM.match(line)
    label = found[0] if found else normalise.plain(line[item.end() if item else 0 :]).rstrip(": ")
    return label if len(label) <= _LABEL_CHARS_MAX and label[-1:] not in ".!?" else ""


def _read_statement(out: Collector, start: int, line: str, text: str, under: str) -> bool:
    """Read what the whole block states by its form; True when it had one."""
    item = ITEM.match(line)
    begin = item.end() if item else len(line) - len(line.lstrip())
    body, block_start, block = line[begin:].rstrip(), start + begin, text[begin:].rstrip()
    if item and (box := _CHECKBOX.match(body)):
        if box[1] == " ":
            _state(out, "todo", block_start + box.end(), block[box.end() :])
        return True
    if item and (match := _OBSERVATION.match(body)):
        said = block[match.end() :].removesuffix(".")
        _keep(out, "observation", key=match[1].strip().lower(), value=said, start=block_start, text=block)
        return True
    if item and (match := _RELATION.fullmatch(body)):
        _keep(out, "relation", key=match[1].strip(), value=match[2].strip(), start=block_start, text=body)
        return True
    if found := marked(body):
        kind, skip = found
        _state(out, kind, block_start + skip, block[skip:])
        return True
    if item and (section := _section(out)) and line.find(line.lstrip()) < _NESTED_BLANKS:
        _state(out, section, block_start, block)
        return True
    return (item is not None or "\n" not in text) and _read_fields(out, start, line, text, under)


def _section(out: Collector) -> FactKind | None:
    """Return the kind of statement that the items below the present heading are."""
    return _SECTIONS.get(_heading(out)) if out.subject_is_named else None


def _heading(out: Collector) -> str:
    title = out.subject.rsplit(" > ", 1)[-1].casefold().rstrip(": ")
    numbered = _NUMBERING.match(title)
    return title[numbered.end() :] if numbered else title


def _read_decision(out: Collector, start: int, text: str) -> bool:
    """Keep a paragraph below a heading that announces the one decision of a record."""
    if not out.subject_is_named or _heading(out) not in _ONE_DECISION:
        return False
    begin = len(text) - len(text.lstrip())
    _state(out, "decision", start + begin, text[begin:].rstrip())
    return True


def _read_decided(out: Collector, start: int, text: str) -> None:
    """Keep the sentences that say that people decided something."""
    for match in _DECIDED.finditer(text):
        begin, end = sentence(text, *match.span())
        if begin == match.start():
            _state(out, "decision", start + begin, text[begin:end])


def marked(body: str) -> tuple[FactKind, int] | None:
    """Return the kind of a marked line (``TODO: …``, ``**Risk:** …``) and where its statement begins."""
    if call := _CALLS.match(body):
        return "todo", call.end()
    head, colon, _ = body[:40].partition(":")
    label = head.strip("*_ ")
    if "(" in label:
        label = label[: label.index("(")].rstrip()
    kind = _MARKS.get(_COUNT.sub("", label).casefold())
    if not colon or kind is None:
        return None
    skip = len(head) + 1
    while skip < len(body) and body[skip] in "*_ \t":
        skip += 1
    return (kind, skip) if skip < len(body) else None


def _state(out: Collector, kind: FactKind, start: int, text: str) -> None:
    if text.strip("*_ ").rstrip(".").casefold() not in NOTHING_SAID:
        _keep(out, kind, key=kind, value=text, start=start, text=text)


def _keep(out: Collector, kind: FactKind, *, key: str, value: str, start: int, text: str) -> None:
    out.fact(
        kind,
        key=key,
        value=normalise.plain(value),
        start=start,
        end=start + min(len(text), QUOTE_CHARS_MAX),
        confidence="pattern",
        entity=out.subject_is_named and kind in {"observation", "relation"},
    )


def field_of(line: str) -> tuple[str, str] | None:
    """Return key and value of a ``Key: value`` line, or None when it is a sentence with a colon."""
    item = ITEM.match(line)
    return _field(line[item.end() if item else 0 :].strip(), strong=item is not None)


def _field(body: str, *, strong: bool) -> tuple[str, str] | None:
    bold = body.startswith("**")
    if bold:
        key, _, rest = body[2:].partition("**")
        if key.endswith(":"):
            key = key[:-1]
        elif rest.startswith(":"):
            rest = rest[1:]
        else:
            return None
        value = rest.strip()
    else:
        key, value = _divided(body)
    key = normalise.plain(key)
    return (key, value) if _is_value(value) and _names_a_value(key, value, strong=strong or bold) else None


def _divided(body: str) -> tuple[str, str]:
    """Return what stands before and behind the colon, or the equals sign of a setting; nothing where neither stands."""
    key, colon, value = body.partition(": ") if ": " in body else body.partition("\uff1a")
    if colon:
        return key.removesuffix(":"), value.strip()
    equation = _EQUATION.fullmatch(body)
    return (equation[1], equation[2]) if equation else ("", "")


def _names_a_value(key: str, value: str, *, strong: bool) -> bool:
    parts = key.casefold().split()
    return (
        _KEY.fullmatch(key) is not None
        and len(parts) <= 5
        and (strong or key[0].isupper() or "_" in key or len(parts) == 1 or _AMOUNT.fullmatch(value) is not None)
        and key.casefold() not in LABELS
        and key.casefold() not in _MARKS
        and not _NUMBERED_KEY.fullmatch(key)
        and not _COMMIT.fullmatch(key)
        and not _ASKING.intersection(parts[1:2])
        and _begins_a_key(parts, value)
        and not NEVER_IN_KEY.intersection(parts[1:]) - _joined(value)
    )


def _begins_a_key(parts: list[str], value: str) -> bool:
    """Return whether a key may begin so: ``On call`` and ``Is public`` only before what is no sentence."""
    if parts[0] in ASKED_OF_A_THING:
        return len(parts) > 1 and value.rstrip(".").casefold() in _YES_OR_NO
    if parts[0] in PLACING:
        return 1 < len(parts) <= _PLACING_WORDS_MAX and _is_short(value) and " ".join(parts) not in PHRASES
    return parts[0] not in NEVER_FIRST_IN_KEY and parts[0] not in NEVER_IN_KEY


def _joined(value: str) -> frozenset[str]:
    """Return the words that may join two names in a key of *value*: ``Price per seat and month``."""
    return JOINING if _is_short(value) else frozenset()


def _is_short(value: str) -> bool:
    """Return whether *value* cannot be a sentence."""
    return value.count(" ") < _SAID_WORDS_MAX and not value.endswith((".", "!", "?"))


def _is_value(value: str) -> bool:
    return 0 < len(value) <= QUOTE_CHARS_MAX and not value.endswith((":", "{", "(", "|")) and value.strip("*_`- ") != ""


def _read_fields(out: Collector, start: int, line: str, text: str, under: str) -> bool:
    """Keep the field, or the fields, of *line*; the rest of *text* goes on with the value of a single one."""
    item = ITEM.match(line)
    begin = item.end() if item else len(line) - len(line.lstrip())
    if line == text and (parts := _parted(line, begin)):
        for part_start, part_end in parts:
            _read_field(out, start + part_start, line[part_start:part_end], "", under)
        return True
    return _read_field(out, start + begin, line[begin:], text[len(line) :], under, strong=item is not None)


def _parted(line: str, begin: int) -> list[tuple[int, int]]:
    """Return the spans of the fields that stand side by side in *line*, or none unless all of it is fields."""
    starts, ends = [begin], []
    for match in _PARTING.finditer(line, begin):
        ends.append(match.start())
        starts.append(match.end())
    spans = list(zip(starts, [*ends, len(line.rstrip())], strict=True))
    found = [field_of(line[a:b]) for a, b in spans]
    stand_alone = [field for field in found[1:] if field and field[0].casefold() not in UNTELLING_KEYS]
    return spans if ends and found[0] and len(stand_alone) == len(ends) else []


def _read_field(out: Collector, start: int, body: str, rest: str, under: str, *, strong: bool = False) -> bool:
    found = _field(body, strong=strong)
    if found is None:
        return False
    key, value = found
    needs_thing = key.casefold() in UNTELLING_KEYS and not (under or out.subject_is_named)
    if needs_thing or (_CHANGES.search(out.subject) and " " not in key):
        return False
    out.fact(
        "field",
        subject=f"{out.subject} > {under}" if under else None,
        key=key,
        value=normalise.plain(f"{value} {rest}"),
        start=start,
        end=start + len(f"{body}{rest}".rstrip()),
    )
    return True
