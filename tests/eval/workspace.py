"""The files of the evaluation as they lie in a workspace: texts as they are, documents made from readable sources.

`files/` holds the texts under the paths they have in the workspace. `documents/` holds one readable source for each
document, `a.pdf.txt` for `a.pdf`; its pages are parted by a line that begins with `===`. `growing.py` gives the long
files, texts and sources alike.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import escape

from tests.eval.growing import grown_files
from tests.indexer import files

HERE = Path(__file__).parent
_BREAK = re.compile(r"^=== ?(?:page|slide|sheet)?(.*)\n", re.MULTILINE)
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
_SHEET_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class File:
    """One file of the workspace.

    Attributes:
        content: Its bytes.
        pages: Its readable text by page, slide or sheet; one page for everything else.
        is_document: Whether it was made from a source, so that its bytes are no text.
    """

    path: str
    content: bytes
    pages: tuple[str, ...]
    is_document: bool

    @property
    def text(self) -> str:
        """All that can be read in it."""
        return "\n".join(self.pages)

    @property
    def kind(self) -> str:
        """Its type as the report names it."""
        return PurePosixPath(self.path).suffix.lstrip(".")


@cache
def workspace() -> dict[str, File]:
    """Return every file by its path, sorted."""
    made = [_made(path, source) for path, source in (*_sources(), *grown_files())]
    return {one.path: one for one in sorted(made, key=lambda one: one.path)}


def _sources() -> Iterator[tuple[str, str]]:
    texts, documents = HERE / "files", HERE / "documents"
    for place in texts.rglob("*"):
        if place.is_file() and "__pycache__" not in place.parts:
            yield place.relative_to(texts).as_posix(), place.read_bytes().decode()
    for place in documents.rglob("*.txt"):
        yield place.relative_to(documents).with_suffix("").as_posix(), place.read_text(encoding="utf-8")


def _made(path: str, source: str) -> File:
    """Return a text as it is, and the document of a readable source."""
    make = _MAKERS.get(PurePosixPath(path).suffix)
    if make is None:
        return File(path, source.encode(), (source,), is_document=False)
    names = [name.strip() for name in _BREAK.findall(source)]
    pages = [page for page in _BREAK.split(source)[::2] if page]
    return File(path, make(pages, names), tuple(pages), is_document=True)


def _pdf(pages: Sequence[str], _names: Sequence[str]) -> bytes:
    """Return a PDF in the size of A4, one line of the source under the other."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>"
    objects: list[str | bytes] = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        font,
    ]
    for number, page in enumerate(pages):
        escaped = re.sub(r"([\\()])", r"\\\1", page)
        shown = "".join(f"({line}) Tj T*\n" for line in escaped.splitlines())
        stream = f"BT /F1 7 Tf 14 TL 40 800 Td\n{shown}ET".encode("cp1252")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream))
    return files.pdf_of(objects)


def _docx(pages: Sequence[str], _names: Sequence[str]) -> bytes:
    """Return a DOCX: `#` makes headings, bars make tables, an empty line ends a paragraph."""
    blocks: list[tuple[str, str] | list[list[str]]] = []
    for block in "\n".join(pages).split("\n\n"):
        lines = block.strip().splitlines()
        if lines[0].startswith("|"):
            rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
            blocks.append([row for row in rows if not set("".join(row)) <= {"-"}])
        elif lines[0].startswith("#"):
            marks, _, title = lines[0].partition(" ")
            blocks.append((f"Heading{len(marks)}", title))
        elif all(re.match(r"[A-Z][\w ]{2,40}: ", line) for line in lines):
            blocks += [("", line) for line in lines]
        else:
            blocks.append(("", " ".join(lines)))
    return files.docx(blocks)


def _xlsx(pages: Sequence[str], names: Sequence[str]) -> bytes:
    """Return an XLSX: each sheet is a CSV in the source, and what looks like a number is one."""
    return files.xlsx(
        {
            name: [[_cell(cell) for cell in row] for row in csv.reader(page.splitlines())]
            for name, page in zip(names, pages, strict=True)
        }
    )


def _cell(text: str) -> str | float | None:
    if not _SHEET_NUMBER.fullmatch(text):
        return text or None
    return float(text) if "." in text else int(text)


def _pptx(pages: Sequence[str], _names: Sequence[str]) -> bytes:
    """Return a PPTX: the first line of a slide is its title, lines with bars are a table."""
    slides = [page.splitlines() for page in pages]
    made = files.pptx(
        [(lines[0], [line.removeprefix("- ") for line in lines[1:] if " | " not in line]) for lines in slides]
    )
    parts = {}
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        for number, lines in enumerate(slides, 1):
            if rows := [line.split(" | ") for line in lines if " | " in line]:
                name = f"ppt/slides/slide{number}.xml"
                slide = opened.read(name).decode()
                parts[name] = slide.replace("</p:spTree>", f"{_slide_table(rows)}</p:spTree>")
    return files.replaced(made, parts)


def _slide_table(rows: Sequence[Sequence[str]]) -> str:
    cells = (
        "".join(
            f"<a:tc><a:txBody><a:bodyPr/><a:p><a:r><a:t>{escape(cell)}</a:t></a:r></a:p></a:txBody><a:tcPr/></a:tc>"
            for cell in row
        )
        for row in rows
    )
    grid = '<a:gridCol w="2000000"/>' * len(rows[0])
    shown = "".join(f'<a:tr h="370840">{row}</a:tr>' for row in cells)
    return (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="4" name="table"/><p:cNvGraphicFramePr/><p:nvPr/>'
        '</p:nvGraphicFramePr><p:xfrm><a:off x="0" y="0"/><a:ext cx="6000000" cy="2000000"/></p:xfrm>'
        f'<a:graphic><a:graphicData uri="{_DRAWING}/table"><a:tbl><a:tblPr/><a:tblGrid>{grid}</a:tblGrid>{shown}'
        "</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    )


def _png(pages: Sequence[str], _names: Sequence[str]) -> bytes:
    """Return a grey PNG of the size, and with the texts, that the source names."""
    named = dict(line.split(": ", 1) for line in pages[0].splitlines())
    return files.png(int(named.pop("width")), int(named.pop("height")), shown=named)


_MAKERS = {".pdf": _pdf, ".docx": _docx, ".xlsx": _xlsx, ".pptx": _pptx, ".png": _png}
