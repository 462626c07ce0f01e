"""What documents and pages say, for who reads them: the text that the index has of them, or gets at once."""

import dataclasses
from bisect import bisect_right

import anyio

from indexer.extractors import REGISTRY
from indexer.extractors.pages import VISIBLE
from indexer.model import Change, Extraction
from workspace_server.core import media
from workspace_server.services.extracted import extraction_of
from workspace_server.services.files.opened import OpenContent
from workspace_server.services.folder import Folder

WAITED_S_MAX = 20.0
"""How long a reader waits for a document to be read, when the index has not come to it yet."""
_PAGES = {"text/html", "application/xhtml+xml"}
_PENDING = Extraction(state="pending", reason="other documents are being read before it: ask again in a moment")


def is_document(found: OpenContent, *, as_stored: bool) -> bool:
    """Return whether a file is to be read as what it says, by its name.

    Args:
        as_stored: Whether pages of HTML are wanted as they are written.
    """
    if found.media_type in _PAGES:
        return not as_stored
    return not media.is_image(found.media_type) and REGISTRY.may_convert(found.path, found.media_type)


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


def page_at(extraction: Extraction, line: int) -> int | None:
    """Return the page on which a line stands; None where there are no pages."""
    return max(1, bisect_right(extraction.pages, line)) if extraction.pages else None
