"""What two files say of the same thing: contradictions that were planted, and pairs that only look like one."""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files that speak of the same subject and key.

    Attributes:
        sides: What each file says, as (value, path).
        planted: Whether they contradict each other; else they only look so, for the reason in *why*.
    """

    subject: str
    key: str
    ask: str
    sides: tuple[tuple[str, str], tuple[str, str]]
    planted: bool
    why: str = ""

    def is_told_by(self, conflict: Answer) -> bool:
        """Return whether a reported contradiction is between the two files, of the same subject and key."""
        paths = {one["cite"].rpartition("@")[0] for one in conflict["values"]}
        same = _alike(self.key, conflict["key"]) and _alike(self.subject, conflict["subject"])
        return same and {path for _, path in self.sides} <= paths


def _alike(one: str, other: str) -> bool:
    first, second = (set(text.lower().replace("_", " ").split()) for text in (one, other))
    return first <= second or second <= first


@cache
def pairs() -> tuple[Pair, ...]:
    """Return all pairs, in the order of the file."""
    rows = (json.loads(line) for line in (HERE / "contradictions.jsonl").read_text(encoding="utf-8").splitlines())
    return tuple(
        Pair(
            row["subject"],
            row["key"],
            row["ask"],
            ((row["sides"][0]["value"], row["sides"][0]["path"]), (row["sides"][1]["value"], row["sides"][1]["path"])),
            planted=row["planted"],
            why=row.get("why", ""),
        )
        for row in rows
    )


@dataclass(slots=True)
class Reported:
    """Every contradiction that was reported while all questions were asked, each once."""

    by_cites: dict[tuple[str, ...], Answer] = field(default_factory=dict)

    def note(self, conflicts: list[Answer]) -> None:
        """Take note of the contradictions of one answer."""
        for conflict in conflicts:
            self.by_cites.setdefault(tuple(sorted(one["cite"] for one in conflict["values"])), conflict)

    def false(self) -> list[Answer]:
        """Return those that nobody planted."""
        planted = [pair for pair in pairs() if pair.planted]
        return [one for one in self.by_cites.values() if not any(pair.is_told_by(one) for pair in planted)]
