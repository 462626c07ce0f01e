"""The content of one version of a file, in the form that suits it: prose, table, source, image, or a download."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio
from markupsafe import Markup
from starlette.responses import Response

from workspace_server.core.media import is_image
from workspace_server.errors import NotText
from workspace_server.interfaces.web.files.render.code import highlighted_lines, lexer_name
from workspace_server.interfaces.web.files.render.formatted import format_json
from workspace_server.interfaces.web.files.render.markdown import Document, Pages, is_quick_to_render, render_markdown
from workspace_server.interfaces.web.files.render.tables import Table, read_table
from workspace_server.interfaces.web.view import View
from workspace_server.services.files.documents import is_named_as_one
from workspace_server.services.files.reading import ReadResult

TEXT_TOKENS = 100_000
"""Up to 400 kB of text on one page; the rest by pages."""
LINES_MAX = 3_000
IMAGE_BYTES_MAX = 20 * 1024 * 1024

Kind = Literal["markdown", "table", "source", "image", "binary"]
RENDERERS = anyio.CapacityLimiter(2)
"""However many pages of hostile text are asked for, the rest of the server keeps its threads."""
_PAGE_WORDS = {"xlsx": "Sheet", "pptx": "Slide"}
DELIMITERS = {"text/csv": ",", "text/tab-separated-values": "\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page shows of the text.

    Attributes:
        first_line: The number of the first of `lines`.
        formatted: `lines` are laid out anew, so that their numbers are not the file's.
        pages: Of a document: what begins on a line, such as `Page 2`.
        why: Of what cannot be shown: why not.
    """

    kind: Kind
    prose: Document | None = None
    table: Table | None = None
    lines: list[Markup] | None = None
    first_line: int = 1
    formatted: bool = False
    pages: Mapping[int, Sequence[str]] = field(default_factory=dict)
    why: str | None = None


async def show(view: View, facts: dict[str, Any], *, source: bool) -> Response:
    """Show one version of a live file."""
    path, number = facts["path"], view.number("version")
    content = await view.engine.files.open_content(view.caller, path=path, version=number)
    shape = shape_of(path, content.media_type)
    shown, header = Shown(kind="binary"), None
    if shape == "image" and not source:
        shown = Shown(kind="image" if content.size_bytes <= IMAGE_BYTES_MAX else "binary")
    else:
        try:
            read = await _read(view, path, number)
            header, wanted = read.header, "source" if source else shape
            shown = await anyio.to_thread.run_sync(_render, read, wanted, limiter=RENDERERS)
        except NotText as refusal:
            shown = Shown(kind="binary", why=refusal.message)
    return view.render(
        "files/file.html",
        title=path,
        active="files",
        path=path,
        file=facts,
        tab="source" if source or shape == "source" else "view",
        tabs=tabs(path, content.media_type),
        version=content.version,
        pinned=number,
        content=content,
        header=header,
        shown=shown,
        from_start=view.text("line") is None and view.text("column") is None,
    )


async def _read(view: View, path: str, version: int | None) -> ReadResult:
    return await view.engine.files.read_file(
        view.caller,
        path=path,
        version=version,
        start_line=view.number("line") or 1,
        start_column=view.number("column") or 1,
        max_lines=LINES_MAX,
        max_tokens=TEXT_TOKENS,
        format="text",
    )


def tabs(path: str, media_type: str) -> list[tuple[str, str]]:
    """Return the views of a file, each with what it is called: no view where the source is all there is to see."""
    shape = shape_of(path, media_type)
    seen = [] if shape == "source" else [("view", "View")]
    lines = [] if shape in {"document", "image"} else [("blame", "Blame")]
    text = ("source", "Text" if shape == "document" else "Source")
    return [*seen, text, ("history", "History"), *lines, ("facts", "Facts")]


def shape_of(path: str, media_type: str) -> str:
    """Return the form in which a file is shown, by its name and its type."""
    if is_named_as_one(path, media_type):
        return "document"
    if media_type == "text/markdown":
        return "markdown"
    if media_type in DELIMITERS:
        return media_type
    if media_type == "application/json":
        return "json"
    return "image" if is_image(media_type) or media_type == "image/svg+xml" else "source"


def _render(read: ReadResult, shape: str) -> Shown:
    text, header, path = read.text or "", read.header, str(read.header["path"])
    first = int(header["start_line"])
    if "extracted" in header:
        return _render_document(read, text, first, as_text=shape == "source")
    if shape == "markdown" and first == 1 and is_quick_to_render(text):
        return Shown(kind="markdown", prose=render_markdown(text, path))
    if shape in DELIMITERS:
        table = read_table(text, DELIMITERS[shape], first_line=first)
        if table is not None:
            return Shown(kind="table", table=table)
    if shape == "json" and not header["more"] and first == 1 and _is_dense(text):
        return Shown(kind="source", lines=highlighted_lines(format_json(text), "json"), formatted=True)
    return Shown(kind="source", lines=highlighted_lines(text, lexer_name(path)), first_line=first)


def _render_document(read: ReadResult, text: str, first: int, *, as_text: bool) -> Shown:
    """Return what a document says: as the Markdown that it was turned into, or line by line."""
    path, last = str(read.header["path"]), int(read.header["end_line"])
    word = _PAGE_WORDS.get(path.rpartition(".")[2].lower(), "Page")
    lines = read.page_lines if len(read.page_lines) > 1 else ()
    if not as_text and first == 1 and is_quick_to_render(text):
        begun = [line for line in lines if line <= last]
        return Shown(kind="markdown", prose=render_markdown(text, path, Pages(word, begun)))
    pages: dict[int, list[str]] = {}
    for number, line in enumerate(lines, 1):
        pages.setdefault(line, []).append(f"{word} {number}")
    return Shown(kind="source", lines=highlighted_lines(text, lexer_name(path)), first_line=first, pages=pages)


def _is_dense(text: str) -> bool:
    """Whether JSON is written without line breaks, so that it is hard to read as it is."""
    return len(text) > 120 * (text.count("\n") + 1)
