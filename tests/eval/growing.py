"""Long files for the evaluation, grown from grammars: the same whenever they are grown, and never the same page twice.

`grammars/` holds one grammar for each file, `a.md.grammar` for `a.md`, or for the readable source of a document.
A grammar is a list of rules. `:: name` begins a rule with one alternative a line, `:= name` one whose alternatives are
parted by lines of `----`; `::!` and `:=!` say that no two of what they give are the same. `:@` sets the clock. The text
is what `start` gives. Alternatives are drawn like cards: none comes again before all have come.

| In a text | Stands for |
|---|---|
| `{name}` | what a rule gives, or the word that bears this name since |
| `{x=name}`, `{x:=name}` | the same, which is called `x` from here on; with a colon it is not shown |
| `{name*40}`, `{name**40}` | forty of them, one below the other; with two stars an empty line stands between them |
| `{3..90}`, `{1.5..9.5}`, `{1000..9000~}` | a number between the two; with a tilde it is written as 4,100 |
| `{#n}`, `{#n:3}` | the next number of a row, in three digits |
| `{@ %H:%M}`, `{@5..90 %H:%M}` | the clock, after it went on by so many seconds |
| `{one|other}` | one of them |
| `«`, `»` | braces |
"""

import random
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

GRAMMARS = Path(__file__).parent / "grammars"
SHARED = "words.grammar"
PAGE_LINES, PAGE_COLUMNS = 54, 96
"""What a page of a PDF holds."""
TRIES_MAX = 1_000
"""Draws after which a rule that may not repeat itself has too few words."""
_RULE = re.compile(r"^:([:=])(!?) (\w+)\n", re.MULTILINE)
_SLOT = re.compile(r"\{([^{}\n]+)\}")
_FORMS = (
    ("number", re.compile(r"(-?[\d.]*\d)\.\.(-?\d[\d.]*)(~?)")),
    ("clock", re.compile(r"@(?:(\d+)\.\.(\d+))? (.+)")),
    ("counter", re.compile(r"#(\w+)(?::(\d+))?")),
    ("times", re.compile(r"(\w+)(\*\*?)(\d+)")),
    ("named", re.compile(r"(\w+)(:?)=(.+)")),
)


@dataclass(slots=True)
class Rule:
    """What can stand for a name; the cards that are left of it, and what has come when nothing may come twice."""

    alternatives: Sequence[str]
    once: bool
    left: list[str] = field(default_factory=list)
    came: set[str] = field(default_factory=set)


class Grammar:
    """One growing text. Its chances depend on its name alone."""

    def __init__(self, name: str, text: str) -> None:
        self.rules = dict(_rules(text))
        self._chance = random.Random(name)
        self._words: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        clock = re.search(r"^:@ (.+)$", text, re.MULTILINE)
        self._clock = datetime.fromisoformat(clock[1]) if clock else datetime(2025, 1, 6)  # noqa: DTZ001 - no zone

    def grown(self, name: str = "start") -> str:
        """Return what a rule gives."""
        rule = self.rules[name]
        for _ in range(TRIES_MAX):
            text = _SLOT.sub(lambda slot: self._slot(slot[1]), self._drawn(rule))
            if not rule.once or text not in rule.came:
                rule.came.add(text)
                return text
        raise AssertionError(f"{name} has not enough words never to repeat itself")

    def _drawn(self, rule: Rule) -> str:
        if not rule.left:
            rule.left = list(rule.alternatives)
            self._chance.shuffle(rule.left)
        return rule.left.pop()

    def _slot(self, slot: str) -> str:
        form, part = _form(slot)
        if form == "number":
            return self._number(*part)
        if form == "clock":
            self._clock += timedelta(seconds=self._chance.randint(int(part[0] or 0), int(part[1] or 0)))
            return self._clock.strftime(part[2])
        if form == "counter":
            self._counts[part[0]] += 1
            return f"{self._counts[part[0]]:0{part[1] or 1}}"
        if form == "times":
            return ("\n" * len(part[1])).join(self.grown(part[0]) for _ in range(int(part[2])))
        if form == "named":
            self._words[part[0]] = self._slot(part[2])
            return "" if part[1] else self._words[part[0]]
        if form == "one of":
            return self._chance.choice(part)
        return self._words[slot] if slot in self._words else self.grown(slot)

    def _number(self, low: str, high: str, tilde: str) -> str:
        digits = len(low.partition(".")[2])
        drawn = self._chance.randint(round(float(low) * 10**digits), round(float(high) * 10**digits)) / 10**digits
        return f"{drawn:{',' if tilde else ''}.{digits}f}"


@cache
def _form(slot: str) -> tuple[str, Sequence[str]]:
    """Return which row of the table a slot is of, and its parts."""
    for name, pattern in _FORMS:
        if found := pattern.fullmatch(slot):
            return name, found.groups()
    return ("one of", slot.split("|")) if "|" in slot else ("rule", ())


def _rules(text: str) -> Iterator[tuple[str, Rule]]:
    _, *parts = _RULE.split(text)
    for form, once, name, body in zip(parts[::4], parts[1::4], parts[2::4], parts[3::4], strict=True):
        lines = re.sub(r"^:@ .*\n?", "", body, flags=re.MULTILINE).strip("\n")
        alternatives = lines.split("\n") if form == ":" else lines.split("\n----\n")
        yield name, Rule([one for one in alternatives if one], bool(once))


def grown_paths() -> Iterator[str]:
    """Yield the path of each long file in the workspace."""
    for place in sorted(GRAMMARS.rglob("*.*.grammar")):
        yield place.relative_to(GRAMMARS).with_suffix("").as_posix()


def grown_files() -> Iterator[tuple[str, str]]:
    """Yield each long file: its path, and its text or the readable source of it."""
    shared = (GRAMMARS / SHARED).read_text(encoding="utf-8")
    for path in grown_paths():
        own = (GRAMMARS / f"{path}.grammar").read_text(encoding="utf-8")
        text = Grammar(path, f"{shared}\n{own}").grown().replace("«", "{").replace("»", "}") + "\n"
        yield path, paged(text) if path.endswith(".pdf") else text


def paged(text: str) -> str:
    """Return *text* in lines and pages that fit into a PDF, each page below `=== page`."""
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, PAGE_COLUMNS) or [""]]
    pages = [lines[at : at + PAGE_LINES] for at in range(0, len(lines), PAGE_LINES)]
    return "=== page\n".join("\n".join(page) + "\n" for page in pages)
