"""Images, with their size in pixels; an SVG as an image only, for as a page it is a program."""

from indexer.extractors.images import picture_of
from workspace_server.core.limits import KIB, MIB
from workspace_server.interfaces.web.files.forms import binary
from workspace_server.interfaces.web.files.forms.look import Look, Shown, shown

IMAGE_BYTES_MAX = 20 * MIB
HEADER_BYTES = 64 * KIB
"""Where an image tells its size."""


async def show(look: Look) -> Shown:
    """Show an image as large as fits, or pixel by pixel."""
    if look.content.size_bytes > IMAGE_BYTES_MAX:
        return await binary.show(look)
    head = await binary.head_of(look, HEADER_BYTES)
    found = picture_of(head)
    size = (found.width, found.height) if found is not None and found.width and found.height else None
    return shown("image", size=size, is_actual=look.view.text("size") == "actual")
