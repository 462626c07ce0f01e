"""Source: lines with their numbers, highlighted; of a document, the lines of what it says."""

from collections.abc import Mapping, Sequence

from workspace_server.interfaces.web.files.forms.look import Look, Shown, rendered, shown
from workspace_server.interfaces.web.files.forms.stretch import Stretch, stretch_of
from workspace_server.interfaces.web.files.margin import facts_by_line
from workspace_server.interfaces.web.files.render.code import highlighted_lines, lexer_name
from workspace_server.interfaces.web.files.render.found import found_lines, with_marks

_PAGE_WORDS = {"xlsx": "Sheet", "pptx": "Slide"}


async def show(look: Look) -> Shown:
    """Show a stretch of lines."""
    return await of_stretch(look, await stretch_of(look))


async def of_stretch(look: Look, stretch: Stretch) -> Shown:
    """Show lines that are at hand."""
    lines = await rendered(highlighted_lines, stretch.text, lexer_name(look.path))
    lines = with_marks(look.view, lines, stretch.first_line)
    beside = await facts_by_line(look, stretch.first_line, stretch.first_line + len(lines) - 1)
    query = None if stretch.next is None else look.url(view="source", **stretch.next)
    pages, found = _begun(look.path, stretch.page_lines), found_lines(look.view)
    return shown("source", lines=lines, stretch=stretch, pages=pages, next=query, found=found, beside=beside)


def page_word(path: str) -> str:
    """Return what a part of a document is called."""
    return _PAGE_WORDS.get(path.rpartition(".")[2].lower(), "Page")


def _begun(path: str, lines: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """Return what begins on a line of a document with several pages, such as `Page 2`."""
    pages: dict[int, list[str]] = {}
    for number, line in enumerate(lines if len(lines) > 1 else (), 1):
        pages.setdefault(line, []).append(f"{page_word(path)} {number}")
    return pages
