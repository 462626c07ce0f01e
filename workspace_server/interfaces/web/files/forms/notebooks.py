"""Notebooks: their cells, some a page, with what they printed and drew."""

from starlette.responses import Response

from workspace_server.core.limits import MIB
from workspace_server.errors import NotFound
from workspace_server.interfaces.content import SAFE_HEADERS
from workspace_server.interfaces.web.files.forms import source
from workspace_server.interfaces.web.files.forms.look import Look, Shown, rendered, shown
from workspace_server.interfaces.web.files.render.notebook import CELLS_MAX, NoNotebook, picture_in, read_notebook

NOTEBOOK_BYTES_MAX = 16 * MIB
_HEADERS = {
    **SAFE_HEADERS,
    "content-disposition": "attachment",
}
"""A picture may be an SVG: an image shows it, and nobody opens it as a page."""


async def show(look: Look) -> Shown:
    """Show the cells from the one on that the address names; what is no notebook is shown as source."""
    text, first = await look.text(NOTEBOOK_BYTES_MAX), max(1, look.view.number("cell") or 1)
    if text is None:
        return await source.show(look)
    try:
        notebook = await rendered(read_notebook, text, look.path, first, look.places)
    except NoNotebook:
        return await source.show(look)
    end = first + len(notebook.cells)
    return shown(
        "notebook",
        notebook=notebook,
        previous=look.url(cell=max(1, first - CELLS_MAX)) if first > 1 else None,
        next=look.url(cell=end) if end <= notebook.count else None,
        picture_url=lambda cell, output: look.part_url("output", cell=cell, output=output),
    )


async def output(look: Look) -> Response:
    """Return the picture that a cell drew."""
    text = await look.text(NOTEBOOK_BYTES_MAX)
    cell, place = look.view.number("cell") or 0, look.view.number("output") or 0
    try:
        found = None if text is None else await rendered(picture_in, text, cell, place)
    except NoNotebook:
        found = None
    if found is None:
        raise NotFound("This cell has drawn no such picture.", hint="Open the notebook.", path=look.path)
    return Response(found[0], headers={**_HEADERS, "cache-control": look.caching}, media_type=found[1])
