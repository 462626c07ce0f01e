"""What is kept of a model's answer: only what stands in the text, word by word.

A model may invent, mix up, or do what a file tells it. So nothing of an answer is believed but what can be found: the
quote in the part that was asked about, exactly once, the value in the quote, and the subject in the file; only the key
is the model's own word. Reading an answer takes linear time, and never raises for what it says.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final

from indexer.collector import Collector, Enough
from indexer.document import Document
from indexer.limits import (
    MODEL_ANSWER_CHARS_MAX,
    MODEL_FACTS_PER_CHUNK_MAX,
    MODEL_QUOTE_CHARS_MIN,
    QUOTE_CHARS_MAX,
    SUBJECT_CHARS_MAX,
)
from indexer.model import Fact, Heading
from indexer.models.asking import Part

HEADINGS_LOOKED_BACK: Final = 500
"""Headings before a place among which those above it are looked for."""
_FIELDS: Final = ("subject", "key", "value", "quote")
_KEY: Final = re.compile(r"\w[\w /%()'.-]{0,59}")
"""What the model may call something: a few plain words, so that nobody is told anything else there."""


def said(answer: str) -> list[dict[str, str]]:
    """Return the facts of an answer as it gives them; none when it is not what was asked for."""
    found = _json_of(answer[:MODEL_ANSWER_CHARS_MAX])
    listed = found.get("facts") if isinstance(found, dict) else found
    if not isinstance(listed, list):
        return []
    return [each for one in listed[:MODEL_FACTS_PER_CHUNK_MAX] if (each := _fields(one)) is not None]


def exact(document: Document, part: Part, answer: str, headings: Sequence[Heading]) -> list[Fact]:
    """Return the facts of an answer that stand in the part of *document* that was asked about."""
    out = Collector(document)
    text = document.text[part.start : part.end]
    for one in said(answer):
        at = _only_place(text, one["quote"])
        if at is None or not _stands_in(one["value"], one["quote"]) or not _KEY.fullmatch(one["key"]):
            continue
        start = part.start + at
        above = headings_above(headings, document.line_of(start))
        subject = one["subject"] if _is_named(one["subject"], text, above) else above or document.name
        try:
            out.fact(
                "field",
                subject=subject,
                key=one["key"],
                value=one["value"],
                start=start,
                end=start + len(one["quote"]),
                quote=one["quote"],
                confidence="model",
                entity=False,  # the key is not the file's word: it must not accuse others of contradiction
            )
        except Enough:
            break
    return out.facts


def headings_above(headings: Sequence[Heading], line: int) -> str:
    """Return the headings under which a line stands, outermost first; empty when there are none."""
    at = bisect_right(headings, line, key=lambda heading: heading.line)
    path: list[Heading] = []
    for heading in reversed(headings[max(0, at - HEADINGS_LOOKED_BACK) : at]):
        if not path or heading.level < path[-1].level:
            path.append(heading)
    return " > ".join(heading.title for heading in reversed(path))


def _json_of(answer: str) -> Any:
    """Return the JSON of an answer, which may stand in a code block or between words; None when there is none."""
    for opening, closing in sorted((("{", "}"), ("[", "]")), key=lambda pair: answer.find(pair[0])):
        start, end = answer.find(opening), answer.rfind(closing) + 1
        if 0 <= start < end:
            try:
                return json.loads(answer[start:end])
            except (ValueError, RecursionError):
                continue
    return None


def _fields(one: object) -> dict[str, str] | None:
    """Return the four fields of a fact as text; None when it has others, or is none."""
    if not isinstance(one, dict):
        return None
    fields = {name: one.get(name) for name in _FIELDS}
    if isinstance(fields["value"], int | float) and not isinstance(fields["value"], bool):
        fields["value"] = str(fields["value"])
    if not all(isinstance(field, str) for field in fields.values()):
        return None
    return {name: str(field).strip() for name, field in fields.items()}


def _only_place(text: str, quote: str) -> int | None:
    """Return where *quote* stands; None when it stands nowhere, or nobody can say which place is meant."""
    if not MODEL_QUOTE_CHARS_MIN <= len(quote) <= QUOTE_CHARS_MAX:
        return None
    at = text.find(quote)
    return None if at < 0 or text.find(quote, at + 1) >= 0 else at


def _stands_in(value: str, quote: str) -> bool:
    """Return whether *value* stands in *quote*, and not as part of a longer word or number."""
    return (
        0 < len(value) <= len(quote)
        and re.search(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", quote) is not None
    )


def _is_named(subject: str, text: str, above: str) -> bool:
    """Return whether the file itself names the subject: a model's own would be a way to say anything."""
    if not 0 < len(subject) <= SUBJECT_CHARS_MAX or "\n" in subject:
        return False
    folded = subject.casefold()
    return folded in text.casefold() or folded in above.casefold()
