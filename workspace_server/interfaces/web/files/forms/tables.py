"""CSV and TSV as tables, some hundred rows a page, each page under the header of the first line."""

from functools import partial

from workspace_server.interfaces.web.files.forms import source
from workspace_server.interfaces.web.files.forms.look import Look, Shown, rendered, shown
from workspace_server.interfaces.web.files.forms.stretch import first_line, stretch_of
from workspace_server.interfaces.web.files.render.tables import header_of, read_table

DELIMITERS = {"text/csv": ",", "text/tab-separated-values": "\t"}


async def show(look: Look) -> Shown:
    """Show rows from the line on that the address names; what is no table is shown as source."""
    stretch = await stretch_of(look)
    delimiter = DELIMITERS[look.content.media_type]
    header = None if stretch.is_begin else header_of(await first_line(look), delimiter)
    table = None
    if stretch.is_begin or header:
        read = partial(read_table, is_cut=stretch.next is not None)
        table = await rendered(read, stretch.text, delimiter, stretch.first_line, header)
    if table is None:
        return await source.of_stretch(look, stretch)
    go_on = stretch.place(table.more_from) if table.more_from else stretch.next
    return shown("table", table=table, stretch=stretch, next=None if go_on is None else look.url(**go_on))
