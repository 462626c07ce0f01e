"""Small documents and images of every type, made by hand, so that each byte of them is known."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from xml.sax.saxutils import escape

from indexer.extractors.sheets import column_name

_OFFICE = "http://schemas.openxmlformats.org"
_RELATIONS = f'<Relationships xmlns="{_OFFICE}/package/2006/relationships">%s</Relationships>'
_RELATION = f'<Relationship Id="rId%d" Type="{_OFFICE}/officeDocument/2006/relationships/%s" Target="%s"/>'
_MAIN = "application/vnd.openxmlformats-officedocument"


def pdf(pages: Sequence[Sequence[str]]) -> bytes:
    """Return a PDF with one page for each sequence of lines."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, lines in enumerate(pages):
        shown = "".join(f"({line}) Tj 0 -24 Td\n" for line in lines)
        stream = f"BT /F1 12 Tf 72 720 Td\n{shown}ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    return pdf_of(objects)


def pdf_of(objects: Sequence[str | bytes], *, trailer: str = "") -> bytes:
    """Return a PDF of numbered objects, the first of which is its catalog."""
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + (body if isinstance(body, bytes) else body.encode()) + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += "".join(f"{place:010} 00000 n \n" for place in places).encode()
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """Return a zip archive of named parts."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return held.getvalue()


def replaced(archive: bytes, parts: Mapping[str, str | bytes]) -> bytes:
    """Return a zip archive with some of its parts exchanged."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return zipped({name: opened.read(name) for name in opened.namelist()} | dict(parts))


def _package(main: str, main_type: str, parts: Mapping[str, str | bytes]) -> bytes:
    """Return an Office package whose main part is *main*."""
    types = (
        f'<Types xmlns="{_OFFICE}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{main}" ContentType="{_MAIN}.{main_type}.main+xml"/></Types>'
    )
    root = _RELATIONS % (_RELATION % (1, "officeDocument", main))
    return zipped({"[Content_Types].xml": types, "_rels/.rels": root, **parts})


def docx(blocks: Sequence[tuple[str, str] | Sequence[Sequence[str]]], *, prologue: str = "") -> bytes:
    """Return a DOCX of paragraphs ``(style, text)`` (style empty: plain) and tables (rows of cells)."""
    body = "".join(_paragraph(*block) if isinstance(block, tuple) else _table(block) for block in blocks)
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?>{prologue}'
        f'<w:document xmlns:w="{_OFFICE}/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>'
    )
    levels = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/></w:style>'
        for level in (1, 2, 3)
    )
    styles = f'<w:styles xmlns:w="{_OFFICE}/wordprocessingml/2006/main">{levels}</w:styles>'
    return _package(
        "word/document.xml",
        "wordprocessingml.document",
        {
            "word/document.xml": document,
            "word/styles.xml": styles,
            "word/_rels/document.xml.rels": _RELATIONS % (_RELATION % (1, "styles", "styles.xml")),
        },
    )


def _paragraph(style: str, text: str) -> str:
    if style == "page break":
        return '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
    named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    shown = text if text.startswith("&") else escape(text)
    return f"<w:p>{named}<w:r><w:t>{shown}</w:t></w:r></w:p>"


def _table(rows: Sequence[Sequence[str]]) -> str:
    shown = ("<w:tr>" + "".join(f"<w:tc>{_paragraph('', cell)}</w:tc>" for cell in row) + "</w:tr>" for row in rows)
    return "<w:tbl>" + "".join(shown) + "</w:tbl>"


def xlsx(
    sheets: Mapping[str, Sequence[Sequence[str | float | None]]], *, first_row: int = 1, padding: str = ""
) -> bytes:
    """Return an XLSX of named sheets, a cell that is None left out, with *padding* behind each sheet's rows."""
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>' for number, name in enumerate(sheets, 1)
    )
    book = (
        f'<workbook xmlns="{_OFFICE}/spreadsheetml/2006/main"'
        f' xmlns:r="{_OFFICE}/officeDocument/2006/relationships"><sheets>{listed}</sheets></workbook>'
    )
    related = "".join(
        _RELATION % (number, "worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)
    )
    parts: dict[str, str | bytes] = {"xl/workbook.xml": book, "xl/_rels/workbook.xml.rels": _RELATIONS % related}
    for number, rows in enumerate(sheets.values(), 1):
        shown = "".join(_row(at, row) for at, row in enumerate(rows, first_row))
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{_OFFICE}/spreadsheetml/2006/main"><sheetData>{shown}{padding}</sheetData></worksheet>'
        )
    return _package("xl/workbook.xml", "spreadsheetml.sheet", parts)


def _row(number: int, cells: Sequence[str | float | None]) -> str:
    shown = ""
    for column, cell in enumerate(cells):
        place = f"{column_name(column + 1)}{number}"
        if isinstance(cell, str):
            shown += f'<c r="{place}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
        elif cell is not None:
            shown += f'<c r="{place}"><v>{cell}</v></c>'
    return f'<row r="{number}">{shown}</row>'


def pptx(slides: Sequence[tuple[str, Sequence[str]]]) -> bytes:
    """Return a PPTX of slides, each a title and lines."""
    drawing, showing = f"{_OFFICE}/drawingml/2006/main", f"{_OFFICE}/presentationml/2006/main"
    spaces = f'xmlns:a="{drawing}" xmlns:p="{showing}" xmlns:r="{_OFFICE}/officeDocument/2006/relationships"'
    listed = "".join(f'<p:sldId id="{255 + number}" r:id="rId{number}"/>' for number in range(1, len(slides) + 1))
    related = "".join(
        _RELATION % (number, "slide", f"slides/slide{number}.xml") for number in range(1, len(slides) + 1)
    )
    parts: dict[str, str | bytes] = {
        "ppt/presentation.xml": f"<p:presentation {spaces}><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": _RELATIONS % related,
    }
    for number, (title, lines) in enumerate(slides, 1):
        shapes = _shape(1, "title", [title]) + _shape(2, "body", lines)
        parts[f"ppt/slides/slide{number}.xml"] = (
            f'<p:sld {spaces}><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id="9" name=""/><p:cNvGrpSpPr/><p:nvPr/>'
            f"</p:nvGrpSpPr><p:grpSpPr/>{shapes}</p:spTree></p:cSld></p:sld>"
        )
    return _package("ppt/presentation.xml", "presentationml.presentation", parts)


def _shape(number: int, kind: str, lines: Sequence[str]) -> str:
    shown = "".join(f"<a:p><a:r><a:t>{escape(line)}</a:t></a:r></a:p>" for line in lines)
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="{kind}"/><p:cNvSpPr/><p:nvPr><p:ph type="{kind}"/></p:nvPr>'
        f"</p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/>{shown}</p:txBody></p:sp>"
    )


def rtf(body: str) -> bytes:
    """Return an RTF document."""
    return ("{\\rtf1\\ansi " + body + "}").encode()


def odt(body: str) -> bytes:
    """Return an OpenDocument text."""
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{urn}:office:1.0" xmlns:text="{urn}:text:1.0"><office:body>'
        f"<office:text>{body}</office:text></office:body></office:document-content>"
    )
    return _begun_with_type("application/vnd.oasis.opendocument.text", {"content.xml": content})


def epub(body: str) -> bytes:
    """Return an EPUB of one chapter."""
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
        '<rootfile full-path="c.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata/><manifest>'
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/></spine></package>'
    )
    chapter = f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html>'
    parts = {"META-INF/container.xml": container, "c.opf": package, "a.xhtml": chapter}
    return _begun_with_type("application/epub+zip", parts)


def _begun_with_type(media_type: str, parts: Mapping[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", media_type, zipfile.ZIP_STORED)
        for name, body in parts.items():
            archive.writestr(name, body)
    return held.getvalue()


def mail(*, subject: str, text: str, attachment: bytes | None = None) -> bytes:
    """Return a mail, with a zip attached where *attachment* is given."""
    message = EmailMessage()
    message["From"] = "Ada Meyer <ada@example.org>"
    message["To"] = "Ben Okafor <ben@example.org>"
    message["Subject"] = subject
    message["Date"] = "Tue, 03 Mar 2026 09:30:00 +0000"
    message.set_content(text)
    if attachment is not None:
        message.add_attachment(attachment, maintype="application", subtype="zip", filename="plans.zip")
    return message.as_bytes()


def tiff() -> bytes:
    """Return the beginning of a TIFF of 40 × 30 pixels."""
    return b"II*\0\x08\0\0\0\x02\0" + struct.pack("<HHIIHHII", 0x100, 4, 1, 40, 0x101, 4, 1, 30) + b"\0" * 16


def png(
    width: int, height: int, *, shown: Mapping[str, str] | None = None, exif: bytes = b"", rows: int | None = None
) -> bytes:
    """Return a grey PNG with text and what a camera wrote; *rows*, when not as many as its header says."""
    pixels = zlib.compress((b"\0" + b"\x80" * width) * (height if rows is None else rows))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))]
    chunks += [(b"tEXt", key.encode() + b"\0" + text.encode("latin-1")) for key, text in (shown or {}).items()]
    chunks += [(b"eXIf", exif)] if exif else []
    chunks += [(b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
