"""Tables as delimited text (CSV, TSV): one fact per cell, by row key and column, and a profile of each column."""

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Final

from indexer.collector import Collector, Malformed
from indexer.extractors.profiles import Column, add_profile
from indexer.extractors.registry import Extractor
from indexer.extractors.tables import COLUMNS_MAX, Cell, add_row, is_header
from indexer.limits import INDEXED_BYTES_MAX, NUMBERS_PER_TABLE_MAX, PASSAGES_PER_TABLE_MAX

_DELIMITERS: Final = (",", "\t", ";", "|")


def read_rows(text: str, delimiter: str) -> Iterator[list[Cell]]:
    """Yield the rows of *text* (RFC 4180 quoting); a quote that nobody closes is an ordinary character.

    Raises:
        Malformed: A row has more cells than a table may have columns.
    """
    at, row, quotes_close = 0, list[Cell](), True
    ends = re.compile(f"[{re.escape(delimiter)}\n]")
    while at < len(text):
        close = _closing_quote(text, at) if quotes_close and text.startswith('"', at) else None
        quotes_close = quotes_close and close != len(text)
        if close is not None and close < len(text) and text[close + 1 : close + 2] in {delimiter, "\r", "\n", ""}:
            row.append(Cell(text[at + 1 : close].replace('""', '"'), at + 1, close))
            at = close + 1
        else:
            end = _cell_end(text, at, ends)
            row.append(_trimmed(text, at, end))
            at = end
        if len(row) > COLUMNS_MAX:
            raise Malformed(f"more than {COLUMNS_MAX} columns")
        if text.startswith(delimiter, at):
            at += 1
            if at == len(text):
                row.append(Cell("", at, at))
        else:
            at += 2 if text.startswith("\r\n", at) else 1
            yield row
            row = []
    if row:
        yield row


def _valued_rows(
    text: str, delimiter: str, *, has_room: Callable[[], bool]
) -> Iterator[tuple[list[str], list[Cell] | None]]:
    """Yield what the cells of each row say, and the cells as long as there is room for them.

    Without room nobody asks where a cell stands, and rows without quotes are parted four times as fast.
    """
    last_quote = text.rfind('"')
    for cells in read_rows(text, delimiter):
        is_wanted = has_room()
        yield [" ".join(cell.value.split()) for cell in cells], cells if is_wanted else None
        behind = text.find("\n", cells[-1].end) + 1
        if not is_wanted and behind > last_quote + 1:
            yield from ((values, None) for values in _unquoted(text, behind, delimiter))
            return


def _unquoted(text: str, at: int, delimiter: str) -> Iterator[list[str]]:
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        values = [" ".join(value.split()) for value in text[at:end].split(delimiter)]
        if len(values) > COLUMNS_MAX:
            raise Malformed(f"more than {COLUMNS_MAX} columns")
        yield values
        at = end + 1


def _closing_quote(text: str, opening: int) -> int:
    """Return where the quote that closes the one at *opening* stands, or the text's end when none does."""
    at = text.find('"', opening + 1)
    while at >= 0 and text.startswith('"', at + 1):
        at = text.find('"', at + 2)
    return at if at >= 0 else len(text)


def _cell_end(text: str, at: int, ends: re.Pattern[str]) -> int:
    found = ends.search(text, at)
    end = found.start() if found else len(text)
    return end - 1 if end > at and text[end - 1] == "\r" else end


def _trimmed(text: str, start: int, end: int) -> Cell:
    raw = text[start:end]
    start += len(raw) - len(raw.lstrip())
    value = raw.strip()
    return Cell(value, start, start + len(value))


def delimiter_of(text: str) -> str:
    """Return the delimiter that the first line has most of."""
    first = text[: text.find("\n")] if "\n" in text else text
    return max(_DELIMITERS, key=first.count)


def extract_delimited(out: Collector) -> None:
    """Add the cells below a header row, as many as there is room for, and the profile of all rows that were read.

    A table without a header states nothing. A long one is counted to its end, or as far as the time for it goes.
    """
    text = out.document.text
    delimiter = "\t" if out.document.suffix in {".tsv", ".tab"} else delimiter_of(text)
    first = next(read_rows(text, delimiter), None)
    if first is None or not is_header(first):
        return
    columns = [Column(" ".join(cell.value.split()), cell.start, cell.end) for cell in first]
    header = [column.name for column in columns]
    read = given = 0
    is_all = not out.is_cut
    rows = _valued_rows(text, delimiter, has_room=lambda: out.room > 2 * len(columns))
    for values, cells in itertools.islice(rows, 1, None):
        out.tick()
        if out.is_late:
            out.notes.append(f"only the first {read} rows were read in time; the profile is of these")
            is_all = False
            break
        read += 1
        for column, value in zip(columns, values, strict=False):
            column.count(value)
        if cells:
            given = read
            add_row(out, header, cells, number=read + 1)
    if given < read:
        out.notes.append(f"the cells of the first {given} rows are facts, the profile is of {read} rows")
    place = first[0].start, first[-1].end
    add_profile(out, columns, rows=read, subject=out.document.name, start=place[0], end=place[1], is_all=is_all)


DELIMITED: Final = Extractor(
    name="csv",
    version=4,
    suffixes=(".csv", ".tsv", ".tab"),
    media_types=("text/csv", "text/tab-separated-values"),
    chars_max=INDEXED_BYTES_MAX,
    passages_max=PASSAGES_PER_TABLE_MAX,
    numbers_max=NUMBERS_PER_TABLE_MAX,
    extract=extract_delimited,
)
