"""The questions: what is asked, what the answer is, and where it stands."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_CODE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w-]{3,}|\w+_\w+|/\w+/[\w/]+")


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its answer.

    Attributes:
        gold: The value that answers it, in every form that is accepted.
        line: The line on which it stands, counted from 1; of a document, the line of its source.
        page: The page, slide or sheet of a document on which it stands.
        kind: The kind of statement that answers it; ``prose`` when only running text does.
        also: Other files in which the same answer stands, so that citing them is as good.
        placed: Whether only its place answers it: in a long file the same value may stand elsewhere, of something else.
    """

    text: str
    gold: tuple[str, ...]
    path: str
    line: int
    kind: str
    page: int | None = None
    also: tuple[str, ...] = ()
    placed: bool = False

    @property
    def code(self) -> str | None:
        """The first word that is no word: a number with letters, a name with underscores, a route."""
        return next((word.strip("?,.") for word in self.text.split() if _CODE.fullmatch(word.strip("?,."))), None)

    def answered_by(self, text: str) -> bool:
        """Return whether the value stands in *text*, not as a part of a longer word or number."""
        flat = folded(text)
        return any(_standing(folded(one)).search(flat) for one in self.gold)


@cache
def _standing(value: str) -> re.Pattern[str]:
    """Return a pattern of a value that is not a part of a longer word or number: 150 does not stand in 1,150."""
    after_comma = r"(?<!\d,)" if re.match(r"\d{3}(?!\d)", value) else ""
    return re.compile(rf"(?<!\w)(?<!\d\.){after_comma}{re.escape(value)}(?!\w)(?!\.\d)(?!,\d{{3}}(?!\d))")


def folded(text: str) -> str:
    """Return *text* without the differences that do not matter: case, marks of emphasis, breaks of lines."""
    return " ".join(re.sub(r"[*_`\\]", "", text).lower().split())


@cache
def questions() -> tuple[Question, ...]:
    """Return all questions, in the order of their files: those about short files, then those about long ones."""
    named = (("questions.jsonl", False), ("long_questions.jsonl", True))
    return tuple(
        _question(json.loads(line), placed=placed)
        for name, placed in named
        for line in (HERE / name).read_text(encoding="utf-8").splitlines()
    )


def _question(row: dict[str, Any], *, placed: bool) -> Question:
    return Question(
        row["ask"],
        tuple(row["gold"]),
        row["path"],
        row["line"],
        row["kind"],
        row.get("page"),
        tuple(row.get("also", ())),
        placed and row.get("placed", True),
    )
