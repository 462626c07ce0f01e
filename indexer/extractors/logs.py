"""Logs: how many lines there are of each level and from when to when, and each different error once."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from indexer.collector import Collector
from indexer.document import Line
from indexer.extractors.json_data import extract_json_lines
from indexer.extractors.profiles import ROWS_MIN
from indexer.extractors.registry import Extractor
from indexer.limits import ERRORS_PER_LOG_MAX, INDEXED_BYTES_MAX, LINE_CHARS_MAX

_LEVELS: Final[dict[str, str]] = {
    spelling: level
    for level, spellings in {
        "FATAL": "FATAL CRITICAL CRIT EMERG PANIC",
        "ERROR": "ERROR ERR SEVERE",
        "WARN": "WARN WARNING",
        "INFO": "INFO NOTICE",
        "DEBUG": "DEBUG",
        "TRACE": "TRACE",
    }.items()
    for spelling in spellings.split()
}
_SPELLED: Final = "|".join(sorted(_LEVELS, key=len, reverse=True))
_STAMP: Final = re.compile(
    r"\[?(?P<stamp>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)\]?\s+"
)
_LEVEL: Final = re.compile(
    rf"(?:[^\s\"]{{1,60}}\s+){{0,3}}?(?:(?P<plain>{_SPELLED})[:|]?|[\[<(](?P<marked>(?i:{_SPELLED}))[\])>]:?"
    rf"|(?:level|lvl|severity)=\"?(?P<named>(?i:{_SPELLED}))\"?)(?:\s+[-|:]?\s*|$)"
)
_REQUEST: Final = re.compile(
    r"[^\s\"]{1,60} [^\s\"]{1,60} [^\s\"]{1,60} \[(?P<stamp>[^\]\"]{10,40})\] \"[^\"]{1,1500}\" (?P<status>[1-5]\d\d)\s"
)
_VARYING: Final = re.compile(r"(?<==)[^\s,;]+|(?<=\s)/\S+|0x[0-9a-fA-F]+|\d+")
"""What differs between two errors of one kind: values behind ``=``, paths, numbers."""

_SHOWN: Final = 5
_SHOWN_CHARS: Final = 60


@dataclass(slots=True)
class _Tally:
    """What is counted while a log is read; each first line is where the count is cited."""

    levels: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    first: Line | None = None
    first_error: Line | None = None
    first_stamp: str = ""
    last_stamp: str = ""

    def count(self, line: Line, stamp: str) -> None:
        self.first = self.first or line
        self.first_stamp = self.first_stamp or stamp
        self.last_stamp = stamp or self.last_stamp


def _read_line(out: Collector, line: Line, tally: _Tally) -> None:
    """Count one line; the first error of its kind becomes a fact."""
    if request := _REQUEST.match(line.text):
        tally.count(line, request["stamp"])
        tally.statuses[request["status"]] += 1
        return
    stamped = _STAMP.match(line.text)
    begin = stamped.end() if stamped else 0
    match = _LEVEL.match(line.text, begin)
    if match is None:
        return
    tally.count(line, stamped["stamp"] if stamped else "")
    level = _LEVELS[(match["plain"] or match["marked"] or match["named"]).upper()]
    tally.levels[level] += 1
    message = line.text[match.end() :].strip()
    if level not in {"ERROR", "FATAL"} or not message:
        return
    alike = _VARYING.sub("#", message)
    if alike not in tally.errors:
        if len(tally.errors) >= ERRORS_PER_LOG_MAX:
            return
        tally.first_error = tally.first_error or line
        out.fact("observation", key=level.lower(), value=message, start=line.start, end=line.end,
                 confidence="pattern", entity=False)  # fmt: skip
    tally.errors[alike] += 1


def _add_profile(out: Collector, tally: _Tally, *, within: str) -> None:
    """Add what was counted, once there are enough lines for it; *within* says of which part when not of all."""
    first = tally.first
    if first is None or sum(tally.levels.values()) + sum(tally.statuses.values()) < ROWS_MIN:
        return
    said = [("log levels", _counts(tally.levels), first), ("status codes", _counts(tally.statuses), first)]
    if tally.first_stamp:
        said.append(("time", f"{tally.first_stamp} to {tally.last_stamp}", first))
    if tally.first_error:
        said.append(("most frequent errors", _counts(tally.errors), tally.first_error))
    for key, value, line in said:
        out.fact("profile", key=key, value=f"{within}{value}", start=line.start, end=line.end, entity=False)


def _counts(tally: Counter[str]) -> str:
    frequent = sorted(tally.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]
    return ", ".join(f"{name[:_SHOWN_CHARS]} ({times})" for name, times in frequent)


def extract_log(out: Collector) -> None:
    """Count the lines of a log; one that is written as JSON is a table."""
    if out.document.text.lstrip().startswith('{"'):
        extract_json_lines(out)
        return
    tally = _Tally()
    counted, is_all = 0, not out.is_cut
    for line in out.document.lines():
        out.tick()
        if out.is_late:
            out.notes.append(f"only the first {counted} lines were counted in time")
            is_all = False
            break
        counted = line.number
        if len(line.text) <= LINE_CHARS_MAX:
            _read_line(out, line, tally)
    _add_profile(out, tally, within="" if is_all else f"in the first {counted} lines: ")


LOG: Final = Extractor(
    name="log",
    version=2,
    suffixes=(".log",),
    chars_max=INDEXED_BYTES_MAX,
    extract=extract_log,
)
