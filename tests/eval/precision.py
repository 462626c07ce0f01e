"""A sample of the facts of each kind, read by eye: is it true, does it say of what, and would it help anybody?

The sample is drawn by hash, so that it stays the same while the facts do. `precision/<kind>.jsonl` holds what a person
judged; the verdict counts for as long as the fact exists.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from indexer.extraction import extract
from indexer.model import FACT_KINDS, Fact
from tests.eval.workspace import workspace

VERDICTS = Path(__file__).parent / "precision"
SAMPLE = 50
"""Facts of each kind that are judged, or as many as there are."""
QUOTE_CHARS = 160
"""Of a quote, what stands beside the verdict."""
Identity = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Precision:
    """How the sample of one kind was judged.

    Attributes:
        there: How many facts of the kind the files give.
        good, junk: Judged facts that still exist.
        stale: Judged facts that exist no more.
        unread: Facts of the present sample that nobody judged.
    """

    kind: str
    there: int
    good: int
    junk: int
    stale: int
    unread: int

    @property
    def share(self) -> float:
        """Good ones among those that were judged and exist."""
        return self.good / (self.good + self.junk) if self.good + self.junk else 0.0


@cache
def facts() -> dict[str, dict[Identity, Fact]]:
    """Return the facts that all files give, by kind; of those that say the same in a file, the first.

    The clock stands still, so that a busy machine gives the same.
    """
    found: dict[str, dict[Identity, Fact]] = {kind: {} for kind in FACT_KINDS}
    for path, file in workspace().items():
        for fact in extract(file.content, path=path, clock=lambda: 0.0).facts:
            found[fact.kind].setdefault((fact.kind, path, fact.subject, fact.key, fact.value), fact)
    return found


def sample(kind: str) -> list[Identity]:
    """Return the facts of a kind that are to be judged: from all files in turn, within each by hash."""
    by_path: dict[str, list[Identity]] = defaultdict(list)
    for identity in sorted(facts()[kind], key=_drawn):
        by_path[identity[1]].append(identity)
    turns = [(turn, _drawn(one), one) for each in by_path.values() for turn, one in enumerate(each)]
    return [one for _, _, one in sorted(turns)[:SAMPLE]]


def _drawn(identity: Identity) -> str:
    return hashlib.sha256("\0".join(identity).encode()).hexdigest()


def verdicts(kind: str) -> dict[Identity, str]:
    """Return what was judged of a kind: `good` or `junk`, or `unread`."""
    place = VERDICTS / f"{kind}.jsonl"
    if not place.exists():
        return {}
    rows = (json.loads(line) for line in place.read_text(encoding="utf-8").splitlines())
    return {(kind, row["path"], row["subject"], row["key"], row["value"]): row["verdict"] for row in rows}


def judged() -> list[Precision]:
    """Return the precision of each kind."""
    return [_judged(kind, facts()[kind], sample(kind), verdicts(kind)) for kind in FACT_KINDS]


def _judged(kind: str, there: Iterable[Identity], drawn: list[Identity], known: dict[Identity, str]) -> Precision:
    exist = set(there)
    verdict = [known[one] for one in known if one in exist]
    unread = sum(known.get(one, "unread") == "unread" for one in drawn)
    stale = sum(one not in exist for one in known)
    return Precision(kind, len(exist), verdict.count("good"), verdict.count("junk"), stale, unread)


def write_sample() -> None:
    """Add the facts of the present sample that nobody judged to the files of verdicts, as `unread`."""
    VERDICTS.mkdir(exist_ok=True)
    for kind in FACT_KINDS:
        known = verdicts(kind)
        rows = [
            {"path": one[1], "line": facts()[kind][one].start_line, "subject": one[2], "key": one[3], "value": one[4]}
            | {"quote": facts()[kind][one].quote[:QUOTE_CHARS], "verdict": "unread"}
            for one in sample(kind)
            if one not in known
        ]
        with (VERDICTS / f"{kind}.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
