"""Prose: Markdown as it is meant, and documents as the Markdown that they were turned into."""

from functools import partial

from workspace_server.interfaces.web.files.forms import source
from workspace_server.interfaces.web.files.forms.look import Look, Shown, rendered, shown
from workspace_server.interfaces.web.files.forms.stretch import Stretch, stretch_of
from workspace_server.interfaces.web.files.render.markdown import Pages, is_quick_to_render, render_markdown


async def show(look: Look) -> Shown:
    """Show Markdown from its beginning, and what follows a very long one line by line."""
    stretch = await stretch_of(look)
    if not stretch.is_begin or not await rendered(is_quick_to_render, stretch.text):
        return await source.of_stretch(look, stretch)
    prose = await rendered(partial(render_markdown, places=look.places), stretch.text, look.path, _pages(look, stretch))
    return shown("prose", prose=prose, stretch=stretch, next=_next(look, stretch))


def _pages(look: Look, stretch: Stretch) -> Pages | None:
    """Return where the pages of a document begin in what is shown of it."""
    if not stretch.extracted:
        return None
    last = stretch.first_line + stretch.text.count("\n")
    lines = stretch.page_lines if len(stretch.page_lines) > 1 else ()
    return Pages(source.page_word(look.path), [line for line in lines if line <= last])


def _next(look: Look, stretch: Stretch) -> str | None:
    return None if stretch.next is None else look.url(view="source", **stretch.next)
