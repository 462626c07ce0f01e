"""What each agent of a storm asked and was told: lines in a file of its own, so that a killed agent leaves its word."""

import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["ok", "refused", "unknown"]
"""`unknown`: no answer came, so it may have happened at any time since, or never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One operation of one agent.

    Attributes:
        began_ns: On the machine's monotonic clock, which all processes share; before the request was sent.
        ended_ns: After the answer came; None for an unknown one.
        told: What the answer said: `{version, last}` of a read, `{version}` of a write, `{code, version?}` refused.
    """

    op: str
    agent: str
    kind: Literal["read", "write", "held", "append", "commit", "input", "again"]
    path: str
    began_ns: int
    ended_ns: int | None = None
    expect: int | None = None
    outcome: Outcome = "unknown"
    told: dict[str, Any] = field(default_factory=dict)


class Journal:
    """Writes records down as they happen, with a system call for each line."""

    def __init__(self, path: Path, agent: str) -> None:
        self.agent = agent
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def begin(self, op: str, kind: str, path: str, expect: int | None = None) -> None:
        self._note(begin=op, at=time.monotonic_ns(), kind=kind, path=path, expect=expect, agent=self.agent)

    def end(self, op: str, outcome: Outcome, told: dict[str, Any]) -> None:
        self._note(end=op, at=time.monotonic_ns(), outcome=outcome, told=told)

    def _note(self, **said: object) -> None:
        os.write(self._file, json.dumps(said).encode() + b"\n")


def recorded(journals: Iterable[Path]) -> Iterator[Record]:
    """Yield what all agents did; the last line of a killed one may be torn."""
    for journal in journals:
        ends, begun = {}, []
        for line in journal.read_text().splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if "end" in said:
                ends[said["end"]] = said
            else:
                begun.append(said)
        for said in begun:
            end = ends.get(said["begin"], {"outcome": "unknown", "at": None, "told": {}})
            yield Record(
                op=said["begin"],
                agent=said["agent"],
                kind=said["kind"],
                path=said["path"],
                expect=said["expect"],
                began_ns=said["at"],
                ended_ns=None if end["outcome"] == "unknown" else end["at"],
                outcome=end["outcome"],
                told=end["told"],
            )
