"""Sheets of a workbook as Markdown tables, each cell with its address."""

import html
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from indexer.document import Converted
from indexer.extractors.tables import COLUMNS_MAX, Cell, is_header
from indexer.limits import CONVERTED_CHARS_MAX, PAGES_MAX

if TYPE_CHECKING:
    from kreuzberg import ExtractionResult

_SHEET_BYTES_MAX: Final = 64 * 1024 * 1024
"""Bytes of a sheet's XML up to which the place of its first cell is looked for."""
_FILLED: Final = re.compile(rb'<(?:\w{1,16}:)?c [^<>]{0,100}?\br="([A-Z]{1,3})(\d{1,7})"[^<>]{0,100}(?<!/)>')
_LISTED: Final = re.compile(rb"<(?:\w{1,16}:)?sheet [^<>]{0,1000}>")
_RELATED: Final = re.compile(rb"<(?:\w{1,16}:)?Relationship [^<>]{0,1000}>")
_ATTRIBUTE: Final = re.compile(rb'([\w:]{1,32})="([^"<>]{0,400})"')

Corner = tuple[int, int]
"""Row and column of a sheet's first filled cell, both from 1."""


class _Writer:
    """The text as it grows, and where it has which cell."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.size = 0
        self.line = 1
        self.cells: dict[int, str] = {}

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.size += len(text)
        self.line += text.count("\n")

    def row(self, cells: Sequence[str], address: str, corner: Corner | None, number: int) -> None:
        for at, cell in enumerate(cells[:COLUMNS_MAX]):
            self.write("| ")
            if corner is not None and cell:
                self.cells[self.size] = f"{address}!{column_name(corner[1] + at)}{corner[0] + number}"
            self.write(f"{cell} ")
        self.write("|\n")


def converted(data: bytes, result: "ExtractionResult") -> Converted:
    """Return the sheets that *result* has of the workbook *data*, each a page."""
    names = [str(name) for name in result.metadata.get("sheet_names") or ()][:PAGES_MAX]
    corners = corners_of(data)
    tables = {table.page_number: table.cells for table in result.tables}
    out = _Writer()
    starts: list[int] = []
    notes: list[str] = []
    for number, name in enumerate(names, 1):
        starts.append(out.line)
        if number not in tables:
            continue
        rows = tables[number]
        if len(rows[0]) > COLUMNS_MAX:
            notes.append(f"only the first {COLUMNS_MAX} columns of {name} are indexed")
        out.write(f"# {_one_line(name)}\n\n")
        found = corners.get(name)
        fits = found is not None and found[1] == (len(rows), max(map(len, rows)))
        _write_sheet(out, name, rows, found[0] if found is not None and fits else None)
        if out.size > CONVERTED_CHARS_MAX:
            break
    return Converted(text="".join(out.parts), pages=tuple(starts), notes=tuple(notes), cells=out.cells)


def _write_sheet(out: _Writer, name: str, rows: Sequence[Sequence[str]], corner: Corner | None) -> None:
    """Write the blocks of a sheet: rows up to an empty one; the first row that names columns is the header."""
    begun = False
    for number, row in enumerate(rows):
        cells = [_one_line(cell) for cell in row]
        filled = [cell for cell in cells if cell]
        if not filled:
            out.write("\n" if begun else "")
            begun = False
        elif not begun and len(filled) == 1 and len(cells) > 1:
            out.write(f"{filled[0]}\n\n")
        else:
            out.row(cells, name, corner, number)
            if not begun and is_header([Cell(cell, 0, 0) for cell in cells if cell]):
                out.write("|" + " --- |" * len(cells[:COLUMNS_MAX]) + "\n")
            begun = True
        if out.size > CONVERTED_CHARS_MAX:
            return
    out.write("\n")


def corners_of(data: bytes) -> dict[str, tuple[Corner, tuple[int, int]]]:
    """Return where the cells of each sheet begin, and how many rows and columns they span; what is odd is left out."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        places = {
            each[b"Id"]: each[b"Target"]
            for each in _attributes(archive, "xl/_rels/workbook.xml.rels", _RELATED)
            if {b"Id", b"Target"} <= each.keys()
        }
        for sheet in _attributes(archive, "xl/workbook.xml", _LISTED):
            target = places.get(sheet.get(b"r:id", b""), b"").decode("utf-8", "replace")
            filled = _FILLED.findall(_part(archive, f"xl/{target.removeprefix('/xl/')}"))
            if filled:
                rows = [int(row) for _, row in filled]
                columns = [column_number(letters) for letters, _ in filled]
                corner = min(rows), min(columns)
                name = html.unescape(sheet.get(b"name", b"").decode("utf-8", "replace"))
                found[name] = corner, (max(rows) - corner[0] + 1, max(columns) - corner[1] + 1)
    return found


def _attributes(archive: zipfile.ZipFile, part: str, tags: re.Pattern[bytes]) -> Iterator[dict[bytes, bytes]]:
    for tag in tags.findall(_part(archive, part)):
        yield dict(_ATTRIBUTE.findall(tag))


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a part's bytes; nothing when there is no such part, or it is too large to look through."""
    if name not in archive.NameToInfo or archive.getinfo(name).file_size > _SHEET_BYTES_MAX:
        return b""
    with archive.open(name) as opened:
        return opened.read(_SHEET_BYTES_MAX)


def column_name(number: int) -> str:
    """Return the letters of a column: 1 is A, 27 is AA."""
    letters = ""
    while number:
        number, place = divmod(number - 1, 26)
        letters = chr(65 + place) + letters
    return letters


def column_number(letters: bytes) -> int:
    """Return the number of a column, from 1."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
