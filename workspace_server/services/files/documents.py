"""What documents and pages say, for who reads them: the text that the index has of them, or gets at once."""

import dataclasses
from bisect import bisect_right
from collections.abc import Sequence

import anyio

from indexer.extractors import REGISTRY
from indexer.extractors.pages import VISIBLE
from indexer.model import Change, Extraction
from workspace_server.core import media
from workspace_server.services.arguments import bounded, refused
from workspace_server.services.extracted import extraction_of
from workspace_server.services.files.cuts import Part, cut_part, room_bytes
from workspace_server.services.files.opened import OpenContent
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result

WAITED_S_MAX = 20.0
"""How long a reader waits for a document to be read, when the index has not come to it yet."""
BEGINNING_CHARS = 64
"""Of a text, enough to tell that it is no document."""
_PAGES = {"text/html", "application/xhtml+xml"}
_PENDING = Extraction(state="pending", reason="other documents are being read before it: ask again in a moment")


def is_document(found: OpenContent, *, as_stored: bool) -> bool:
    """Return whether a file is to be read as what it says, by its name.

    Args:
        as_stored: Whether pages of HTML are wanted as they are written.
    """
    if found.media_type in _PAGES:
        return not as_stored
    return is_named_as_one(found.path, found.media_type)


def is_named_as_one(path: str, media_type: str) -> bool:
    """Return whether name and type are those of a document: what people see of it is not how it is stored."""
    is_shown_as_stored = media_type in _PAGES or media.is_image(media_type)
    return not is_shown_as_stored and REGISTRY.may_convert(path, media_type)


def begins_as_one(found: OpenContent, decoded: media.Text) -> bool:
    """Return whether what could be Latin-1 begins as documents do."""
    begin = decoded.text[:BEGINNING_CHARS].encode(media.LATIN_1) if decoded.encoding == media.LATIN_1 else b""
    return bool(begin) and REGISTRY.may_convert(found.path, found.media_type, begin)


async def said_by(folder: Folder, found: OpenContent) -> Extraction | None:
    """Return what a document says, or why that is not known; None when it turns out to be none."""
    change = Change(
        seq=0,
        path=found.path,
        version=found.version,
        sha256=found.sha256,
        size_bytes=found.size_bytes,
        media_type=found.media_type,
    )
    if found.media_type in _PAGES:
        change = dataclasses.replace(change, path="page", media_type=VISIBLE)
    extraction = _PENDING
    with anyio.move_on_after(WAITED_S_MAX):
        try:
            extraction = await extraction_of(folder, change)
        except OSError:
            return None  # it is read once more, and refused in the words for that
    if found.media_type in _PAGES:
        return extraction if extraction.text else None  # what cannot be shown as it is seen, is shown as it is written
    return extraction if extraction is _PENDING or REGISTRY.is_converted(extraction) else None


async def extracted(said: Extraction, header: Result, *, part: Part, size_bytes: int) -> tuple[str, Result]:
    """Return a part of what a document says, and its header.

    Nobody has seen the file by it, for it is not what is stored.
    """
    part, pages = _on_page(said, part), said.pages
    header = {**header, "encoding": "utf-8", "extracted": True}
    if said.reason:
        header["index_reason"] = said.reason
    if pages:
        header |= {"pages": len(pages), "page": part.page or page_at(said, part.start_line)}
    room = room_bytes(header, max(size_bytes, 4 * len(said.text)), max_tokens=part.max_tokens)
    cut = await cut_part(said.text, part, room)
    return cut.text, {**header, **cut.header}


def page_names(said: Extraction) -> Sequence[str]:
    """Return what the pages of a document are called: the headings with which they begin."""
    titles = {heading.line: heading.title for heading in said.headings}
    return [titles.get(line, "") for line in said.pages]


def check_page(page: int, place: tuple[int, int], wanted: str) -> None:
    """Refuse a page that is asked for together with another place, or of the bytes.

    Args:
        place: The line and the column that were asked for.
    """
    bounded("page", page, 1, 1 << 53)
    if place != (1, 1):
        raise refused("page", "cannot go with start_line and start_column", "Give the page, or the line.")
    if wanted in {"base64", "link"}:
        raise refused("page", f"cannot go with format={wanted!r}", "Leave out format to read the page as text.")


def check_has_page(page: int | None, count: int) -> None:
    """Refuse a page that a file of *count* pages does not have."""
    if page is not None and page > count:
        have = f"the file has {count} pages" if count else "the file has no pages, only lines"
        raise refused("page", have, f"page=1 to {count}" if count else "Give start_line and max_lines.")


def page_at(extraction: Extraction, line: int) -> int | None:
    """Return the page on which a line stands; None where there are no pages."""
    return max(1, bisect_right(extraction.pages, line)) if extraction.pages else None


def _on_page(said: Extraction, part: Part) -> Part:
    """Return the lines of the page that is wanted, as a part."""
    check_has_page(part.page, len(said.pages))
    if part.page is None:
        return part
    starts: Sequence[int] = (*said.pages, max(said.lines, said.pages[-1]) + 1)
    first, lines = starts[part.page - 1], starts[part.page] - starts[part.page - 1]
    if first > said.lines:  # a last page without a word begins beyond the end
        first, lines = max(said.lines, 1), 0
    return part._replace(start_line=first, max_lines=lines if part.max_lines is None else min(lines, part.max_lines))
