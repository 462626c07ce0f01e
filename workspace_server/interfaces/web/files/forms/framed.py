"""Pages of HTML: cleaned of all that acts or asks others for something, in a frame that may do nothing."""

from starlette.responses import HTMLResponse, Response

from workspace_server.core.limits import MIB
from workspace_server.errors import TooLarge
from workspace_server.interfaces.content import SAFE_HEADERS
from workspace_server.interfaces.web.files.forms import source
from workspace_server.interfaces.web.files.forms.look import Look, Shown, rendered, shown
from workspace_server.interfaces.web.files.render.cleaned import cleaned_page

PAGE_BYTES_MAX = 2 * MIB
_HEADERS = {
    **SAFE_HEADERS,
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
}
"""Three walls, one behind the other: what cleaning leaves, the frame, and this."""


async def show(look: Look) -> Shown:
    """Show a frame with the page in it; a very long page is shown as source."""
    if look.content.size_bytes > PAGE_BYTES_MAX:
        return await source.show(look)
    await look.text(PAGE_BYTES_MAX)
    return shown("framed", frame=look.part_url("framed"))


async def framed(look: Look) -> Response:
    """Return what stands in the frame."""
    text = await look.text(PAGE_BYTES_MAX)
    if text is None:
        raise TooLarge("The page is too long to be shown.", limit=PAGE_BYTES_MAX, actual=look.content.size_bytes)
    page = await rendered(cleaned_page, text)
    return HTMLResponse(page.encode("utf-8", "replace"), headers={**_HEADERS, "cache-control": look.caching})
