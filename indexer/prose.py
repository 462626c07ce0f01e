"""Statements in running text: ``Key: value`` lines, marked lines, observations, relations, quantities and dates.

Precision comes before number: a rule that cannot say of what a value is the value says nothing.
"""

import calendar
import re
from typing import Final

from indexer import normalise
from indexer.collector import Collector
from indexer.limits import BLOCK_CHARS_MAX, LINE_CHARS_MAX, QUOTE_CHARS_MAX
from indexer.model import FactKind
from indexer.vocabulary import DETERMINERS, FILLERS, LABELS, LINKS, NEVER_FIRST_IN_KEY, NEVER_IN_KEY

_ITEM: Final = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_CHECKBOX: Final = re.compile(r"\[([ xX])\]\s+")
_OBSERVATION: Final = re.compile(r"\[([A-Za-z][A-Za-z _-]{1,29})\]\s+(?=[^\s(\[])")
_RELATION: Final = re.compile(r"([A-Za-z][A-Za-z _-]{1,39})\s+\[\[([^\[\]|]{1,120})(?:\|[^\[\]]{0,120})?\]\]\s*$")
_KEY: Final = re.compile(r"[^\W\d_][\w ()/&'.%µ+-]{0,48}")
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
    "risk": "risk",
    "question": "question",
    "open question": "question",
}
_SECTIONS: Final[dict[str, FactKind]] = {
    "decision": "decision",
    "decisions": "decision",
    "todo": "todo",
    "todos": "todo",
    "action items": "todo",
    "next steps": "todo",
    "risk": "risk",
    "risks": "risk",
    "question": "question",
    "questions": "question",
    "open questions": "question",
}

_QUALIFYING: Final[tuple[tuple[str, str], ...]] = (
    ("at most", "<="), ("up to", "<="), ("at least", ">="), ("more than", ">"), ("less than", "<"),
    ("fewer than", "<"), ("over", ">"), ("under", "<"), ("about", "~"), ("around", "~"), ("nearly", "~"),
    ("almost", "~"), ("approximately", "~"), ("roughly", "~"),
)  # fmt: skip

_UNIT: Final = "|".join(re.escape(unit) for unit in normalise.unit_spellings() if unit not in "$€£¥")
_AMOUNT: Final = re.compile(
    r"(?<![\w.,$€£¥±^/+\u2013\u2014-])(?:(?P<currency>[$€£¥])\s?)?"
    rf"(?P<number>{normalise.NUMBER})(?![\d.,]*\d)(?:(?:\s|-(?=[a-z]))?(?P<unit>{_UNIT})(?![\w/^²³]))?"
)
_MISREAD: Final = re.compile(r"[12]\d\d0s|[\d.,]+[tglm]")  # decades; and single letters that name variants and versions
_DATE: Final = re.compile(
    r"(?<![\w/-])(?:(?P<iso>\d{4}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01]))"
    r"|(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2,8}) (?P<year>\d{4})"
    r"|(?P<month2>[A-Z][a-z]{2,8}) (?P<day2>\d{1,2}), (?P<year2>\d{4}))(?![\w/-])"
)
_MONTH_NAMES: Final = tuple(calendar.month_name)[1:]
_MONTHS: Final = {name[:length]: number for number, name in enumerate(_MONTH_NAMES, 1) for length in (3, len(name))}
_SENTENCE_END: Final = re.compile(r"[.!?](?=\s)|\n\s*\n")


def is_item(line: str) -> bool:
    """Return whether *line* begins a list item."""
    return _ITEM.match(line) is not None


def read_block(out: Collector, start: int, end: int) -> None:
    """Read one paragraph, list item or line that stands at ``text[start:end]``."""
    out.tick()
    text = out.document.text[start:end]
    lines = text.split("\n")
    if len(lines) > 1 and all(field_of(line) or marked(line.strip()) for line in lines):
        offset = start
        for line in lines:
            _read_statement(out, offset, line, line)
            offset += len(line) + 1
    elif len(lines[0]) <= LINE_CHARS_MAX and _read_statement(out, start, lines[0], text):
        return
    elif len(text) <= BLOCK_CHARS_MAX:
        _read_amounts(out, start, text)
        _read_dates(out, start, text)


def _read_statement(out: Collector, start: int, line: str, text: str) -> bool:
    """Read what the whole block states by its form; True when it had one."""
    item = _ITEM.match(line)
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
    section = _SECTIONS.get(out.subject.rsplit(" > ", 1)[-1].casefold()) if out.subject_is_named else None
    if item and section:
        _state(out, section, block_start, block)
        return True
    return (item is not None or "\n" not in text) and _read_field(out, start, line, text)


def marked(body: str) -> tuple[FactKind, int] | None:
    """Return the kind of a marked line (``TODO: …``, ``**Risk:** …``) and where its statement begins."""
    head, colon, _ = body[:40].partition(":")
    label = head.strip("*_ ")
    if "(" in label:
        label = label[: label.index("(")].rstrip()
    kind = _MARKS.get(label.casefold())
    if not colon or kind is None:
        return None
    skip = len(head) + 1
    while skip < len(body) and body[skip] in "*_ \t":
        skip += 1
    return (kind, skip) if skip < len(body) else None


def _state(out: Collector, kind: FactKind, start: int, text: str) -> None:
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
    item = _ITEM.match(line)
    body = line[item.end() if item else 0 :].strip()
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
        key, colon, value = body.partition(": ")
        if not colon:
            return None
        value = value.strip()
    key = normalise.plain(key)
    strong = bold or item is not None
    return (key, value) if _names_a_value(key, strong=strong) and _is_value(value) else None


def _names_a_value(key: str, *, strong: bool) -> bool:
    parts = key.casefold().split()
    return (
        _KEY.fullmatch(key) is not None
        and len(parts) <= 5
        and (strong or key[0].isupper() or "_" in key or len(parts) == 1)
        and key.casefold() not in LABELS
        and key.casefold() not in _MARKS
        and not _NUMBERED_KEY.fullmatch(key)
        and parts[0] not in NEVER_FIRST_IN_KEY
        and not NEVER_IN_KEY.intersection(parts)
    )


def _is_value(value: str) -> bool:
    return 0 < len(value) <= QUOTE_CHARS_MAX and not value.endswith((":", "{", "(", "|")) and value.strip("*_`- ") != ""


def _read_field(out: Collector, start: int, line: str, text: str) -> bool:
    """Keep the field that *line* begins; the rest of *text* goes on with its value."""
    found = field_of(line)
    if found is None:
        return False
    item = _ITEM.match(line)
    begin = item.end() if item else len(line) - len(line.lstrip())
    key, value = found
    out.fact(
        "field",
        key=key,
        value=normalise.plain(f"{value} {text[len(line) :]}"),
        start=start + begin,
        end=start + len(text.rstrip()),
    )
    return True


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of the sentence around ``text[start:end]``."""
    begin = 0
    for match in _SENTENCE_END.finditer(text, 0, start):
        begin = match.end()
    after = _SENTENCE_END.search(text, end)
    stop = after.start() + 1 if after else len(text)
    begin += len(text[begin:stop]) - len(text[begin:stop].lstrip())
    item = _ITEM.match(text, begin)
    return (item.end() if item and item.end() <= start else begin), len(text[:stop].rstrip())


def _read_amounts(out: Collector, start: int, text: str) -> None:
    for match in _AMOUNT.finditer(text):
        spelling = match["currency"] or match["unit"]
        unit = normalise.canonical_unit(spelling) if spelling else None
        if unit is None or _MISREAD.fullmatch(match[0]):
            continue
        begin, end = _sentence(text, *match.span())
        if end - begin > QUOTE_CHARS_MAX:
            continue
        before = text[begin : match.start()]
        key = named(before)
        out.fact(
            "money" if unit in normalise.CURRENCIES else "quantity",
            key=key or normalise.DIMENSIONS[unit],
            value=_qualifier(before) + match[0],
            start=start + begin,
            end=start + end,
            confidence="pattern",
            entity=bool(key) and out.subject_is_named,
        )


def _qualifier(before: str) -> str:
    tail = " ".join(before.split()).casefold()
    for said, sign in _QUALIFYING:
        if tail.endswith(said):
            return sign + " "
    return tail[-1] + " " if tail and tail[-1] in "<>≤≥~≈" else ""


def named(before: str) -> str:
    """Return what the words before a number say that it is (``the default timeout is at most`` → default timeout)."""
    spoken = before.replace("\n", " ").rstrip("<>≤≥~≈ ").split()[-12:]
    linked = False
    while spoken and (spoken[-1].casefold() in FILLERS or spoken[-1].casefold() in LINKS):
        linked = linked or spoken[-1].casefold() in LINKS
        spoken.pop()
    if not linked:
        return ""
    noun: list[str] = []
    for place in range(len(spoken) - 1, -1, -1):
        bare = normalise.plain(spoken[place])
        follows_of = place > 0 and spoken[place - 1].casefold() == "of"  # the size of *the* thing
        if not bare[:1].isalnum() or bare[-1] in ",;:.)!?" or len(noun) == 5:
            break
        if bare.casefold() in DETERMINERS and not follows_of:
            break
        noun.insert(0, bare)
    key = " ".join(noun)
    return key if any(c.isalpha() for c in key) and not NEVER_IN_KEY.intersection(key.casefold().split()) else ""


def _read_dates(out: Collector, start: int, text: str) -> None:
    for match in _DATE.finditer(text):
        begin, end = _sentence(text, *match.span())
        iso = iso_date(match)
        if iso is None or end - begin > QUOTE_CHARS_MAX:
            continue
        out.fact(
            "date",
            key=named(text[begin : match.start()]) or "date",
            value=iso,
            start=start + begin,
            end=start + end,
            confidence="pattern",
            entity=False,
        )


def iso_date(match: re.Match[str]) -> str | None:
    """Return the ISO form of a date that was found, or None when it is none (``32 Foo 2024``)."""
    if match["iso"]:
        return match["iso"]
    month = _MONTHS.get(match["month"] or match["month2"])
    day = int(match["day"] or match["day2"])
    if month is None or not 1 <= day <= 31:
        return None
    return f"{match['year'] or match['year2']}-{month:02}-{day:02}"
