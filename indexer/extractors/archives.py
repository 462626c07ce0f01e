"""Zipped documents, looked at before anyone unpacks them: which kind, how large, and whether their XML is a bomb."""

import io
import zipfile
import zlib
from typing import Final

from indexer.document import Unreadable
from indexer.limits import ARCHIVE_PARTS_MAX, ARCHIVE_UNPACKED_BYTES_MAX

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT: Final = "application/vnd.oasis.opendocument.text"
EPUB: Final = "application/epub+zip"

ZIP: Final = b"PK\x03\x04"
_MAIN_PARTS: Final = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX, "ppt/presentation.xml": PPTX}
_OWN_TYPES: Final = (ODT, EPUB)
_MARKUP: Final = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx", ".vml")
_PROLOGUE_BYTES: Final = 4096
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)
"""What the standard reader raises over archives that are not what they say, or are encrypted."""


def kind_of_archive(data: bytes) -> str | None:
    """Return the media type of a zipped document, or None when it is none; a torn one is known by its first parts."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except _BROKEN:
        return next((kind for name, kind in _MAIN_PARTS.items() if name.encode() in data), _own_type(data))
    return next((kind for name, kind in _MAIN_PARTS.items() if name in names), _own_type(data))


def _own_type(data: bytes) -> str | None:
    """Return the type that stands, unpacked, at the beginning of the archive, as OpenDocument and EPUB ask for."""
    return next((kind for kind in _OWN_TYPES if b"mimetype" + kind.encode() in data[:200]), None)


def check_archive(data: bytes) -> None:
    """Refuse a zipped document that would unpack to too much, by its own account, or whose XML defines entities.

    An archive that lies about its sizes is stopped by the limits of the process that unpacks it.

    Raises:
        Unreadable: It is refused, or damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > ARCHIVE_PARTS_MAX:
                raise Unreadable(f"refused: more than {ARCHIVE_PARTS_MAX} parts")
            if sum(part.file_size for part in parts) > ARCHIVE_UNPACKED_BYTES_MAX:
                raise Unreadable(f"refused: it unpacks to more than {ARCHIVE_UNPACKED_BYTES_MAX} bytes")
            for part in parts:
                if part.filename.lower().endswith(_MARKUP):
                    with archive.open(part) as opened:
                        check_markup(opened.read(_PROLOGUE_BYTES))
    except _BROKEN as error:
        secret = isinstance(error, RuntimeError) and "encrypted" in str(error)
        raise Unreadable("password-protected" if secret else "damaged: not a readable archive") from error


def check_markup(prologue: bytes) -> None:
    """Refuse XML that defines entities: no writer of documents does, and a few of them unfold to gigabytes.

    Raises:
        Unreadable: It does.
    """
    if b"<!ENTITY" in prologue.replace(b"\0", b""):  # without zeros, UTF-16 reads alike
        raise Unreadable("refused: its XML defines entities")
