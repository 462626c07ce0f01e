"""The page of share links: make one, see what there are, revoke one."""

from typing import Any

from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_directory
from workspace_server.errors import WorkspaceError
from workspace_server.interfaces.web.addresses import page_url
from workspace_server.interfaces.web.view import View, lead_to
from workspace_server.interfaces.web.writing import fields
from workspace_server.interfaces.web.writing.told import told
from workspace_server.services.recording import Result

ADDRESS, REVOKE = "/links", "/links/revoke"
SHOWN = 100
_HOUR, _DAY = 3_600, 86_400
TERMS = ((_HOUR, "an hour"), (_DAY, "a day"), (LIMITS.link_s, "a week"), (30 * _DAY, "30 days"), (90 * _DAY, "90 days"))
"""For how long a link may be made here."""


async def links(view: View) -> Response:
    """Show the links, and a form for a new one to the path that the address names."""
    return await _page(view)


async def create(view: View) -> Response:
    """Make a link, and show its address, this once."""
    form = await view.form()
    pinned = form.get("pin") == "1"
    try:
        made = await view.engine.links.create_link(
            view.caller,
            path=form.get("path", ""),
            version=fields.number(form, "version") if pinned else None,
            as_of_seq=fields.number(form, "seq") if pinned else None,
            expires_in_seconds=fields.number(form, "term"),
            note=form.get("note") or None,
        )
    except WorkspaceError as refusal:
        return await _page(view, refusal=refusal)
    return await _page(view, made=made)


async def revoke(view: View) -> Response:
    """Let a link lead nowhere, and lead back."""
    form = await view.form()
    try:
        await view.engine.links.revoke_link(view.caller, link=form.get("link", ""))
    except WorkspaceError as refusal:
        return await _page(view, refusal=refusal)
    return lead_to(page_url(ADDRESS, path=view.text("path")))


async def _page(view: View, *, made: Result | None = None, refusal: WorkspaceError | None = None) -> Response:
    path = view.text("path")
    found = await view.engine.links.list_links(view.caller, path=path, limit=SHOWN, cursor=view.text("cursor"))
    return view.render(
        "links/links.html",
        title="Share links",
        active="files",
        path=None if path is None else canonical_directory(path),
        shared=await _shared(view, path),
        links=found["links"],
        next_cursor=found.get("next_cursor"),
        terms=TERMS,
        term=LIMITS.link_s,
        note_chars_max=LIMITS.note_chars_max,
        made=made,
        refusal=None if refusal is None else told(view, refusal),
    )


async def _shared(view: View, path: str | None) -> dict[str, Any] | None:
    """Return what stands at the path that is to be shared; None where nothing does, or none is named."""
    if path is None:
        return None
    place = canonical_directory(path)
    if not place:
        return {"path": "", "type": "directory"}
    try:
        return await view.engine.files.stat(view.caller, path=place)
    except WorkspaceError:
        return None
