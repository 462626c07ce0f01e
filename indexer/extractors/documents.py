"""Documents (PDF, Office, OpenDocument, EPUB, RTF, mail): converted to Markdown, and read as Markdown.

What comes out is laid out anew: a blank line around each heading and each ``Key: value``, so that statements which the
page shows on lines of their own are read as such.
"""

import contextlib
import email
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from indexer import prose
from indexer.collector import Collector
from indexer.document import Converted, Unreadable
from indexer.extractors import sheets
from indexer.extractors.archives import DOCX, EPUB, ODT, PPTX, XLSX, ZIP, check_archive, kind_of_archive
from indexer.extractors.markdown import extract_markdown
from indexer.extractors.registry import Extractor
from indexer.limits import CONVERTED_CHARS_MAX, PAGES_MAX

if TYPE_CHECKING:
    from kreuzberg import ExtractionResult

PDF: Final = "application/pdf"
RTF: Final = "application/rtf"
EML: Final = "message/rfc822"
OLD_OFFICE: Final = "application/x-ole-storage"

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BEGINS: Final = {b"%PDF-": PDF, b"{\\rtf": RTF, _OLE: OLD_OFFICE}
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_PAGE: Final = "\ue000{page_num}\ue001"
_PAGE_LINE: Final = re.compile("\ue000(\\d{1,7})\ue001")
_ERROR_NAME: Final = re.compile(r"\w*Error")
_LETTERS: Final = re.compile(r"[^\W_]+")
_ESCAPED: Final = re.compile(r"\\([*_<>\[\]~&])")
_SUBJECT: Final = "Subject: "
_MAIL_HEADERS: Final = (_SUBJECT, "From: ", "To: ", "CC: ", "BCC: ", "Date: ")
_WRAPPED_CHARS: Final = 60
"""A line of at least so many characters may go on in the next one."""


def kind_of(data: bytes) -> str | None:
    """Return the media type of a document by its bytes; None when it is none, or one that only its name tells."""
    if data.startswith(ZIP):
        return kind_of_archive(data)
    return next((kind for begin, kind in _BEGINS.items() if data.startswith(begin)), None)


def convert_document(data: bytes) -> Converted:
    """Return what a document says.

    Raises:
        Unreadable: It is damaged, encrypted, too large unpacked, or of a form that is not read.
    """
    kind = kind_of(data)
    if kind == OLD_OFFICE:
        secret = _ENCRYPTED in data
        raise Unreadable("password-protected" if secret else "an Office format from before 2007, which is not read")
    if data.startswith(ZIP):
        check_archive(data)
    if kind == PDF:
        return _of_pdf(opened(data, PDF))
    if kind == XLSX:
        return sheets.converted(data, opened(data, XLSX))
    assert kind is not None, "an extractor converts what it recognises"
    result = opened(data, kind)
    lines, pages = _without_marks(_unescaped(result.content).split("\n"))
    if kind == DOCX and result.pages:
        pages = _aligned(lines, [page["content"] for page in result.pages])
    return Converted(text="\n".join(lines), pages=pages)


def convert_mail(data: bytes) -> Converted:
    """Return a mail: its subject as heading, the other headers, the text, and the names of what is attached.

    Raises:
        Unreadable: It is damaged.
    """
    result = opened(data, EML, output="plain")
    folded = data.lower()
    is_html = b"text/html" in folded and b"text/plain" not in folded  # whose tags plain output drops without a blank
    names = [str(name) for name in result.metadata.get("attachments") or ()]
    attached = [f"Attachment: {name}" for name in names]
    lines = result.content.split("\n")
    laid: list[str] = []
    while lines and lines[0].startswith(_MAIL_HEADERS):
        line = lines.pop(0).rstrip()
        laid += [f"# {line.removeprefix(_SUBJECT)}" if line.startswith(_SUBJECT) else line, ""]
    html = _html_of(data) if is_html else b""
    if html.strip():
        lines = _unescaped(opened(html, "text/html").content).split("\n")
    return Converted(text="\n".join([*laid, *_laid_out(line.rstrip() for line in [*lines, *attached])]))


def _html_of(data: bytes) -> bytes:
    """Return the first HTML part of a mail, decoded from how it travelled; nothing when there is none."""
    try:
        parts = (part for part in email.message_from_bytes(data).walk() if part.get_content_type() == "text/html")
        body = next(parts).get_payload(decode=True)
    except (StopIteration, RecursionError):
        return b""
    return body if isinstance(body, bytes) else b""


def extract_mail(out: Collector) -> None:
    """Read who wrote to whom, and then what stands in the mail."""
    title = ""
    for line in out.document.lines():
        key, colon, value = line.text.partition(": ")
        if key in {"From", "To"} and value:
            place = line.start + len(key) + len(colon)
            out.fact("field", key=key, value=value, subject=title or None, start=line.start, end=place + len(value))
        elif not title and line.text.startswith("# "):
            title = line.text[2:].strip()
        elif line.text:
            break
    extract_markdown(out)


def opened(data: bytes, media_type: str, *, output: str = "markdown", recognises: bool = False) -> "ExtractionResult":
    """Return what the library for documents reads in *data*.

    Args:
        recognises: Whether its text has to be recognised in a picture. Nothing of it is kept beside.

    Raises:
        Unreadable: It refuses.
    """
    import kreuzberg

    how = kreuzberg.ExtractionConfig(
        use_cache=False,
        ocr=kreuzberg.OcrConfig(tesseract_config=kreuzberg.TesseractConfig(use_cache=False)) if recognises else None,
        enable_quality_processing=False,
        output_format=output,
        pages=kreuzberg.PageConfig(extract_pages=True, insert_page_markers=True, marker_format=f"\n\n{_PAGE}\n\n"),
    )
    try:
        return kreuzberg.extract_bytes_sync(data, media_type, how)
    except kreuzberg.KreuzbergError as error:
        said = " ".join(str(error).split())
        secret = "password" in said.lower() or "encrypt" in said.lower()
        raise Unreadable("password-protected" if secret else f"damaged: {_in_words(said)[:160]}") from error


def _in_words(said: str) -> str:
    """Return what the library says, without the names of its errors, which it puts before it, and nothing twice."""
    parts = dict.fromkeys(part for part in said.split(": ") if not _ERROR_NAME.fullmatch(part))
    return ": ".join(parts) or "it cannot be read"


def prepare() -> None:
    """Have the library unpack what it needs, while it still may write."""
    with contextlib.suppress(Unreadable):
        opened(b"%PDF-1.4\n%%EOF\n", PDF)


def _of_pdf(result: "ExtractionResult") -> Converted:
    """Join the pages as they are laid out, with the headings that the converter knows by their size."""
    titles: dict[str, int] = {}
    for line in result.content.split("\n"):
        marks = len(line) - len(line.lstrip("#"))
        if marks:
            titles.setdefault(" ".join(_unescaped(line[marks:]).split()), marks)
    lines: list[str] = []
    starts: list[int] = []
    for page in result.pages or ():
        starts += [len(lines) + 1][: PAGES_MAX - len(starts)]
        lines += _laid_out(page["content"].replace("\r", "").split("\n"), titles)
        if sum(map(len, lines[starts[-1] - 1 :])):
            lines.append("")
    return Converted(text="\n".join(lines), pages=tuple(starts))


def _laid_out(lines: Iterable[str], titles: dict[str, int] | None = None) -> list[str]:
    """Return *lines* with a blank line around headings and around each line that states a field by itself."""
    laid: list[str] = []
    apart = False
    for line in lines:
        level = (titles or {}).get(" ".join(line.split()))
        alone = level is not None or (len(line) < _WRAPPED_CHARS and prose.field_of(line) is not None)
        if (alone or apart) and laid and laid[-1]:
            laid.append("")
        laid.append(f"{'#' * level} {line.strip()}" if level else line)
        apart = alone
    return laid


def _unescaped(markdown: str) -> str:
    """Take back the escapes that only matter where Markdown is rendered."""
    return _ESCAPED.sub(r"\1", markdown[: 2 * CONVERTED_CHARS_MAX])


def _without_marks(lines: Sequence[str]) -> tuple[list[str], tuple[int, ...]]:
    """Return the lines without those that say where a page begins, and the lines on which they do."""
    kept: list[str] = []
    starts: list[int] = []
    for line in lines:
        if mark := _PAGE_LINE.fullmatch(line.strip()):
            number = min(int(mark[1]), PAGES_MAX)
            starts += [len(kept) + 1] * (number - len(starts))
        elif line or (kept and kept[-1]):
            kept.append(line)
    return kept, tuple(starts)


def _aligned(lines: Sequence[str], pages: Sequence[str]) -> tuple[int, ...]:
    """Return the line on which each page begins, by counting letters: only they are alike in text and pages.

    Nothing when the pages have other letters than the text.
    """
    counts = [sum(map(len, _LETTERS.findall(page))) for page in pages[:PAGES_MAX]]
    starts: list[int] = []
    passed = due = 0
    for number, line in enumerate(lines, 1):
        count = sum(map(len, _LETTERS.findall(line)))
        while count and len(starts) < len(counts) and passed >= due:
            starts.append(number)
            due += counts[len(starts) - 1]
        passed += count
    return tuple(starts) if len(starts) == len(counts) and passed == due else ()


DOCUMENT: Final = Extractor(
    name="document",
    version=2,
    suffixes=(".pdf", ".docx", ".xlsx", ".pptx", ".odt", ".epub", ".rtf"),
    media_types=(PDF, DOCX, XLSX, PPTX, ODT, EPUB, RTF, "text/rtf"),
    chars_max=CONVERTED_CHARS_MAX,
    extract=extract_markdown,
    convert=convert_document,
    begins=(ZIP, *_BEGINS),
    recognises=lambda data: kind_of(data) is not None,
    prepare=prepare,
)
MAIL: Final = Extractor(
    name="mail",
    version=2,
    suffixes=(".eml",),
    media_types=(EML,),
    chars_max=CONVERTED_CHARS_MAX,
    extract=extract_mail,
    convert=convert_mail,
)
