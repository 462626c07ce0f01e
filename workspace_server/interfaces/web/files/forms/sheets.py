"""Workbooks, one sheet at a time."""

from functools import partial

from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.web.files.forms import source
from workspace_server.interfaces.web.files.forms.look import Look, Shown, rendered, shown
from workspace_server.interfaces.web.files.render.markdown import is_quick_to_render, render_markdown

SHEET_TOKENS = 70_000
"""Up to 280 kB of a sheet on one page, which is as much as can be laid out in a second."""


async def show(look: Look) -> Shown:
    """Show the sheet that the address names; what follows a very long one is shown line by line."""
    number = look.view.number("page") or 1
    try:
        read = await look.view.engine.files.read_file(
            look.view.caller,
            path=look.path,
            version=look.content.version,
            page=number,
            format="text",
            max_tokens=SHEET_TOKENS,
        )
    except InvalidArgument:
        if number > 1:
            raise
        return await source.show(look)  # its bytes are no workbook, whatever it is called
    text = read.text or ""
    if not await rendered(is_quick_to_render, text):
        return await source.show(look)
    render = partial(render_markdown, anchored=False, places=look.places)
    names = [name or f"Sheet {at}" for at, name in enumerate(read.page_names, 1)]
    following = read.page_lines[number] if number < len(read.page_lines) else None
    go_on = read.header["next"]["start_line"] if read.header["more"] else following
    is_cut = go_on is not None and go_on != following
    return shown(
        "sheet",
        sheet=await rendered(render, text, look.path),
        sheets=[(name, look.url(page=at), at == number) for at, name in enumerate(names, 1)],
        next=look.url(view="source", line=go_on) if is_cut else None,
    )
