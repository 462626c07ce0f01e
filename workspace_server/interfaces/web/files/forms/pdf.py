"""PDF: its pages as pictures, a few at a time, each with what stands on it as text."""

from starlette.responses import Response

from workspace_server.errors import InvalidArgument, NotText
from workspace_server.interfaces.content import SAFE_HEADERS
from workspace_server.interfaces.web.files.forms import prose
from workspace_server.interfaces.web.files.forms.look import Look, Shown, shown

PAGES_SHOWN = 4
PAGE_TOKENS = 4_000
"""Up to 16 kB of text beside a page."""


async def show(look: Look) -> Shown:
    """Show the pages from the one on that the address names; where they cannot be drawn, the text of all of them."""
    first = max(1, look.view.number("page") or 1)
    try:
        count = (await look.view.engine.parts.drawn.page(look.content, 1)).pages
    except NotText as refusal:
        return await _as_text(look, refusal)
    first = min(first, count)
    texts = await _texts(look, first, min(first + PAGES_SHOWN, count + 1))
    pages = [(first + at, look.part_url("page", page=first + at), text) for at, text in enumerate(texts)]
    return shown("pages", pages=pages, count=count, first=first, step=PAGES_SHOWN)


async def picture(look: Look) -> Response:
    """Return one page as a picture."""
    drawn = await look.view.engine.parts.drawn.page(look.content, look.view.number("page") or 1)
    headers = {**SAFE_HEADERS, "cache-control": look.caching}
    return Response(drawn.png, headers=headers, media_type="image/png")


async def _as_text(look: Look, refusal: NotText) -> Shown:
    try:
        return await prose.show(look)
    except NotText as unread:
        raise unread from refusal


async def _texts(look: Look, first: int, end: int) -> list[str]:
    """Return what stands on each of the pages; nothing where that is not known."""
    texts = []
    for page in range(first, end):
        try:
            read = await look.view.engine.files.read_file(
                look.view.caller,
                path=look.path,
                version=look.content.version,
                page=page,
                format="text",
                max_tokens=PAGE_TOKENS,
            )
        except (NotText, InvalidArgument):  # a scan has no words, and no pages of them
            texts.append("")
        else:
            texts.append((read.text or "").strip())
    return texts
