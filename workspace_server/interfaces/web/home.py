"""The first page: what is here, and what is going on."""

from typing import Final

from starlette.responses import Response

from workspace_server.core.access import EXTERNAL, IMPORT
from workspace_server.interfaces.web.connecting import first_step
from workspace_server.interfaces.web.files import table
from workspace_server.interfaces.web.now import happenings
from workspace_server.interfaces.web.view import View

RECENT: Final = 14
LOOKED_AT: Final = 100
"""How many of the newest events tell who has acted lately."""
LOCKS_SHOWN: Final = 6
TRIGGERS_SHOWN: Final = 6
FOLDER: Final = frozenset({EXTERNAL, IMPORT})
"""In whose name the log tells what was found in the folder; they call nothing, so there is no page about them."""


async def home(view: View) -> Response:
    """Show the root of the folder beside the live state of the workspace."""
    engine, caller = view.engine, view.caller
    recent = [happenings.happening(event) for event in await happenings.newest(view, limit=LOOKED_AT)]
    found = await engine.locks.list_locks(caller)
    held = found["locks"]
    return view.render(
        "home.html",
        title=engine.folder.name,
        active="files",
        path="",
        table=await table.read(view, ""),
        first_step=first_step(view),
        status=await engine.status.glance(caller),
        recent=recent[:RECENT],
        agents=happenings.agents(recent),
        not_agents=FOLDER,
        locks=held[:LOCKS_SHOWN],
        held=sum(lock["mode"] != "intent" for lock in held),
        waiting=found["waiting"][:LOCKS_SHOWN],
        locks_more=max(0, len(held) - LOCKS_SHOWN),
        triggers=(await view.part(engine.triggers.list_triggers(caller, limit=TRIGGERS_SHOWN), triggers=()))[
            "triggers"
        ],
    )
