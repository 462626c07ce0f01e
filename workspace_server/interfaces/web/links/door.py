"""The door for whoever has a share link: one file or directory, read-only, and nothing that tells of anything else.

It asks for no cookie and knows no caller. What goes wrong is said in the same few words, whatever it was, so that an
address that leads nowhere tells nobody what there is.
"""

import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from workspace_server.core.links import Link, inside
from workspace_server.core.paths import canonical_file
from workspace_server.errors import (
    Gone,
    IsDirectory,
    NotFound,
    NotText,
    RateLimited,
    TooLarge,
    Unavailable,
    WorkspaceError,
)
from workspace_server.interfaces import raw_path
from workspace_server.interfaces.content import content_response
from workspace_server.interfaces.web.files.forms import binary, source
from workspace_server.interfaces.web.files.forms.choosing import PARTS, SOURCE, choice_of
from workspace_server.interfaces.web.files.forms.look import Look, Shown, shown
from workspace_server.interfaces.web.links.places import SharedPlaces
from workspace_server.interfaces.web.templates import ENVIRONMENT
from workspace_server.interfaces.web.view import HEADERS, View
from workspace_server.services.engine import Engine
from workspace_server.services.files.opened import OpenContent
from workspace_server.services.links import VISITOR
from workspace_server.services.recording import Result
from workspace_server.services.times import iso

logger = logging.getLogger(__name__)

PREFIX = "/s/"
PRIVATE = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow, noarchive",
}
"""The address is the whole proof: no cache keeps what it gave, no other site and no search engine hears of it."""
PAGE_HEADERS = {
    **HEADERS,
    **PRIVATE,
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self';"
    " frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}
_SAID: Mapping[int, tuple[str, str]] = {
    404: ("There is nothing at this address", "Check that it is whole, or ask whoever gave it to you for another one."),
    405: ("This is for reading only", "Open the address in a browser."),
    410: ("This link has ended", "Ask whoever gave it to you for another one."),
    429: ("Too many attempts", "Wait a moment, then open your address again."),
    503: ("The server is busy", "Try again in a moment."),
}


class SharedDoor:
    """Answers every request below `/s/`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever it gives is kept by nobody, and told to nobody."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Exception:  # the outermost border: every fault of ours ends here, in the log
            logger.exception("a share link failed")
            response = _refused(503)
        response.headers.update(PRIVATE)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return _refused(405)
        link_id, _, rest = raw_path.below(request.scope, PREFIX).partition("/")
        try:
            link = await self._engine.links.enter(link_id)
            below = raw_path.decode(rest) and canonical_file(raw_path.decode(rest))
            return await self._show(request, link, link_id, below)
        except WorkspaceError as refusal:
            return _refused(_status(refusal))

    async def _show(self, request: Request, link: Link, link_id: str, below: str) -> Response:
        view = View(self._engine, VISITOR, request, form_token="", needing=0)
        places = SharedPlaces(link, link_id)
        try:
            found = await self._found(view, link, below)
        except (NotFound, Gone, IsDirectory) as refusal:
            if below:  # nobody is told whether it ever was there
                raise NotFound("There is nothing below the link.") from refusal
            raise Gone("What the link leads to is gone.") from refusal
        if isinstance(found, OpenContent):
            return await self._file(view, link, places, found)
        return self._directory(view, link, places, below, found)

    async def _found(self, view: View, link: Link, below: str) -> OpenContent | Result:
        """Return the file that stands below the link, or the listing of the directory."""
        try:
            return await self._engine.links.content(link, below)
        except (IsDirectory, NotFound):
            if not link.is_directory:
                raise
            return await self._engine.links.listing(link, below, cursor=view.text("cursor"))

    def _directory(self, view: View, link: Link, places: SharedPlaces, below: str, listing: Result) -> Response:
        self._engine.links.note_opened(link)
        rows = sorted(listing["files"], key=lambda row: row["type"] != "directory")
        path = inside(link, below)
        return _page(
            view,
            "links/directory.html",
            places,
            link=link,
            path=path,
            rows=rows,
            crumbs=places.crumbs(path),
            next=places.page(path, cursor=listing["next_cursor"]) if "next_cursor" in listing else None,
        )

    async def _file(self, view: View, link: Link, places: SharedPlaces, content: OpenContent) -> Response:
        look = Look(view, content, None, places)
        part = view.text("part")
        if view.text("raw") is not None:
            if view.text("download") is not None:
                self._engine.links.note_opened(link)
            sent = content_response(view.request, content, pinned=False, beyond=lambda _: Response(status_code=416))
            del sent.headers["etag"]  # it is the version, which tells how often the file was changed
            return sent
        if part is not None:
            if part not in PARTS:
                raise NotFound("A file has no such part.")
            return await PARTS[part](look)
        choice = choice_of(content.path, content.media_type)
        is_source = view.text("view") == "source"
        seen = await _seen(look, is_source=is_source)
        self._engine.links.note_opened(link)
        return _page(
            view,
            "links/file.html",
            places,
            link=link,
            path=content.path,
            content=content,
            version=content.version,
            pinned=None,
            look=look,
            crumbs=places.crumbs(content.path),
            form=f"files/forms/{seen.form}.html",
            other=None if choice is SOURCE or choice.text is None else "View" if is_source else choice.text,
            is_source=is_source,
            **seen.values,
        )


async def _seen(look: Look, *, is_source: bool) -> Shown:
    """Return what a form makes of the file; what a refusal says may name where it lies, so that is left out."""
    if look.content.size_bytes == 0:
        return shown("empty")
    form = source.show if is_source else choice_of(look.path, look.content.media_type).show
    try:
        return await form(look)
    except (NotText, TooLarge):
        return await binary.show(look)


def _page(view: View, template: str, places: SharedPlaces, *, link: Link, path: str, **values: Any) -> Response:
    html = ENVIRONMENT.get_template(template).render(
        title=path.rpartition("/")[2] or "Shared folder",
        now_s=view.now_s,
        ends=iso(link.expires_at),
        path=path,
        file_url=lambda path, **query: places.page(path, **query) or "#",
        bytes_url=lambda path, version=None: places.bytes(path, version) or "#",
        download_url=places.download(path),
        **values,
    )
    return HTMLResponse(html.encode("utf-8", "replace"), headers=PAGE_HEADERS)


def _status(refusal: WorkspaceError) -> int:
    if isinstance(refusal, Gone):
        return 410
    if isinstance(refusal, RateLimited):
        return 429
    return 503 if isinstance(refusal, Unavailable) else 404


def _refused(status: int) -> Response:
    message, next_step = _SAID[status]
    html = ENVIRONMENT.get_template("links/refused.html").render(title=message, next_step=next_step)
    headers = {**PAGE_HEADERS, **({"retry-after": "1"} if status in {429, 503} else {})}
    if status == 405:
        headers["allow"] = "GET, HEAD"
    return HTMLResponse(html.encode(), status, headers=headers)
