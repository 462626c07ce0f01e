"""The first page: what is here, and what is going on."""

from starlette.responses import Response

from workspace_server.interfaces.web.files.browse import LISTING_TOKENS, arranged
from workspace_server.interfaces.web.now import happenings
from workspace_server.interfaces.web.view import View

RECENT = 14
LOOKED_AT = 200
LOCKS_SHOWN = 6


async def home(view: View) -> Response:
    """Show the root of the folder beside the live state of the workspace."""
    engine, caller = view.engine, view.caller
    listing = await engine.listing.list_files(caller, detail="full", max_tokens=LISTING_TOKENS)
    recent = [happenings.happening(event) for event in await happenings.newest(view, limit=LOOKED_AT)]
    found = await engine.locks.list_locks(caller)
    held = found["locks"]
    triggers = (await engine.triggers.list_triggers(caller))["triggers"]
    return view.render(
        "home.html",
        title=engine.folder.name,
        active="files",
        path="",
        rows=arranged(listing["files"], held),
        next_cursor=listing.get("next_cursor"),
        status=await engine.status.status(caller),
        recent=recent[:RECENT],
        agents=happenings.agents(recent),
        locks=held[:LOCKS_SHOWN],
        held=sum(lock["mode"] != "intent" for lock in held),
        waiting=found["waiting"][:LOCKS_SHOWN],
        locks_more=max(0, len(held) - LOCKS_SHOWN),
        triggers=triggers,
        address=view.request.headers["host"],
    )
