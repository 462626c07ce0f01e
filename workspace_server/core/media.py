"""What kind of content a file holds: its media type, and its text when it has one."""

import codecs
import mimetypes
import re
from typing import NamedTuple

_OWN = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".toml": "application/toml",
    ".py": "text/x-python",
    ".ts": "text/x-typescript",
    ".tsx": "text/x-typescript",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".rs": "text/x-rust",
    ".go": "text/x-go",
    ".sh": "text/x-shellscript",
    ".rst": "text/x-rst",
    ".log": "text/plain",
    ".txt": "text/plain",
    ".html": "text/html",
    ".htm": "text/html",
    ".css": "text/css",
    ".xml": "application/xml",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".ipynb": "application/x-ipynb+json",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".epub": "application/epub+zip",
    ".rtf": "application/rtf",
    ".eml": "message/rfc822",
}
"""Fixed here, so that a machine's own tables change nothing."""

_GUESS = mimetypes.MimeTypes(filenames=())
TEXT = "text/plain"
BINARY = "application/octet-stream"
LATIN_1 = "latin-1"
_IN_NO_TEXT = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")
"""Control characters that no text has; logs have backspaces and escapes."""
_FAMILIES_OF_NO_TEXT = ("audio/", "font/", "image/", "video/")
_TEXTS_AMONG_THEM = frozenset({"image/svg+xml", "image/x-xbitmap", "image/x-xpixmap"})
_NO_TEXT = frozenset(
    f"application/{name}"
    for name in (
        *("octet-stream", "pdf", "wasm", "zip", "epub+zip", "x-tar", "x-gtar", "x-ustar", "x-cpio", "x-bcpio"),
        *("msword", "vnd.ms-excel", "vnd.ms-powerpoint", "vnd.oasis.opendocument.text", "oda", "x-dvi"),
        *("x-hdf", "x-hdf5", "x-netcdf", "x-pkcs12", "pkcs7-mime", "x-python-code", "x-shockwave-flash"),
    )
)
_OFFICE = "application/vnd.openxmlformats-"


class Text(NamedTuple):
    """Decoded content and what it takes to write it back alike."""

    text: str
    encoding: str
    mark: bytes

    def holds(self, text: str) -> bool:
        """Whether all letters of *text* are in this encoding."""
        return self.encoding != LATIN_1 or all(letter <= "\xff" for letter in text)

    def encode(self, text: str) -> bytes:
        """Return *text* in this encoding, with the same mark; in UTF-8 when it has letters that this one lacks."""
        return self.mark + text.encode(self.encoding if self.holds(text) else "utf-8")


def by_name(path: str) -> str | None:
    """Return the media type that the file's name tells, if it tells one."""
    name = path.rsplit("/", 1)[-1].lower()
    dot = name.rfind(".")
    if dot <= 0:
        return None
    return _OWN.get(name[dot:]) or _GUESS.guess_type(name, strict=True)[0]


def media_type(path: str, head: bytes) -> str:
    """Return the media type of a file by its name, or by its first bytes when the name says nothing."""
    known = by_name(path)
    if known is not None:
        return known
    marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return BINARY if b"\0" in head and not marked else TEXT


def is_image(kind: str) -> bool:
    """Whether the media type is an image that models and browsers show as such."""
    return kind in {"image/png", "image/jpeg", "image/gif", "image/webp"}


def may_be_text(kind: str) -> bool:
    """Whether files of a media type may be text as they are stored, which people write and read line by line."""
    if kind.startswith(_FAMILIES_OF_NO_TEXT):
        return kind in _TEXTS_AMONG_THEM
    return kind not in _NO_TEXT and not kind.startswith(_OFFICE)


def begins_as_text(head: bytes) -> bool:
    """Whether a text in UTF-8 or Latin-1 may begin so, in which a byte for a line end is nothing else."""
    return not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not _IN_NO_TEXT.search(head)


def decode(data: bytes) -> Text | None:
    """Return the text of *data*: UTF-8, UTF-16 with its mark, or as the last resort Latin-1; None when it is binary.

    The indexer reads the same as text, but takes more for Latin-1: whatever has no zero among its first bytes. Here,
    where a text may be written back, no control character may stand in it, so that short binaries stay binary.
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "utf-8"),
    ):
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                is_latin_1 = not mark and not _IN_NO_TEXT.search(data)
                return Text(data.decode(LATIN_1), LATIN_1, b"") if is_latin_1 else None
            return None if "\0" in text else Text(text, encoding, mark)
    raise AssertionError("the empty mark fits everything")
