"""Workbooks, one sheet at a time."""

from functools import partial

from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.web.files.forms import source
from workspace_server.interfaces.web.files.forms.look import Look, Shown, rendered, shown
from workspace_server.interfaces.web.files.render.markdown import is_quick_to_render, render_markdown
from workspace_server.services.files.reading import ReadResult

SHEET_TOKENS = 70_000
"""Up to 280 kB of a sheet on one page, which is as much as can be laid out in a second."""


async def show(look: Look) -> Shown:
    """Show the sheet that the address names; what follows a very long one is shown line by line."""
    number = look.view.number("page") or 1
    try:
        read = await _read(look, number)
    except InvalidArgument:
        if number > 1:
            raise
        return await source.show(look)  # its bytes are no workbook, whatever it is called
    text = read.text or ""
    if not await rendered(is_quick_to_render, text):
        return await source.show(look)
    render = partial(render_markdown, anchored=False, places=look.places)
    names = [name or f"Sheet {at}" for at, name in enumerate(read.page_names, 1)]
    return shown(
        "sheet",
        sheet=await rendered(render, text, look.path),
        sheets=[(name, look.url(page=at), at == number) for at, name in enumerate(names, 1)],
        next=_next(look, read, number),
    )


async def _read(look: Look, number: int) -> ReadResult:
    return await look.view.engine.files.read_file(
        look.view.caller,
        path=look.path,
        version=look.content.version,
        page=number,
        format="text",
        max_tokens=SHEET_TOKENS,
    )


def _next(look: Look, read: ReadResult, number: int) -> str | None:
    """Return where a sheet goes on that did not fit; None when only another sheet follows."""
    following = read.page_lines[number] if number < len(read.page_lines) else None
    if not read.header["more"] or read.header["next"]["start_line"] == following:
        return None
    return look.url(view="source", line=read.header["next"]["start_line"])
