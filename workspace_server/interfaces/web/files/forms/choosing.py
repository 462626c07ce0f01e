"""Which form suits a file, by its name and its type."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response

from indexer.extractors.archives import XLSX
from workspace_server.core.media import is_image, may_be_text
from workspace_server.interfaces.web.files.forms import (
    framed,
    images,
    notebooks,
    pdf,
    prose,
    recordings,
    sheets,
    source,
    tables,
    trees,
)
from workspace_server.interfaces.web.files.forms.look import Form, Look
from workspace_server.services.files.documents import is_named_as_one


@dataclass(frozen=True, slots=True)
class Choice:
    """A form, and what the view of the bare text is called beside it; None where there is no text to see."""

    show: Form
    text: str | None = "Source"


SOURCE = Choice(source.show)
_DOCUMENT = Choice(prose.show, "Text")
_NO_TEXT = Choice(source.show, None)
_BY_TYPE: Mapping[str, Choice] = {
    "text/markdown": Choice(prose.show),
    **dict.fromkeys(tables.DELIMITERS, Choice(tables.show)),
    "application/json": Choice(trees.show),
    "application/x-ndjson": Choice(trees.show_records),
    "application/x-ipynb+json": Choice(notebooks.show),
    XLSX: Choice(sheets.show, "Text"),
    "application/pdf": Choice(pdf.show, "Text"),
    "text/html": Choice(framed.show),
    "application/xhtml+xml": Choice(framed.show),
    "image/svg+xml": Choice(images.show),
}
_PLAYED = ("audio/", "video/")

PARTS: Mapping[str, Callable[[Look], Awaitable[Response]]] = {
    "framed": framed.framed,
    "page": pdf.picture,
    "output": notebooks.output,
}
"""What pages load of a file beside its bytes, by the argument `part`."""


def choice_of(path: str, media_type: str) -> Choice:
    """Return the form for a file; `SOURCE` where the source is all there is to see."""
    known = _BY_TYPE.get(media_type)
    if known is not None:
        return known
    if is_named_as_one(path, media_type):
        return _DOCUMENT
    if is_image(media_type):
        return Choice(images.show, None)
    if media_type.startswith(_PLAYED):
        return Choice(recordings.show, None)
    return SOURCE if may_be_text(media_type) else _NO_TEXT
