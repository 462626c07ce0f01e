"""The addresses of the web view: those of its sections, and of the files that pages load."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.raw_path import RawPrefix
from workspace_server.interfaces.web.assets import ASSETS
from workspace_server.interfaces.web.connecting import connect
from workspace_server.interfaces.web.files.routes import BROWSING
from workspace_server.interfaces.web.finding.routes import FINDING
from workspace_server.interfaces.web.flows.routes import FLOWS
from workspace_server.interfaces.web.history.routes import HISTORY
from workspace_server.interfaces.web.home import home
from workspace_server.interfaces.web.keys import keys
from workspace_server.interfaces.web.links import door
from workspace_server.interfaces.web.links.routes import LINKS
from workspace_server.interfaces.web.login import routes as login_routes
from workspace_server.interfaces.web.needs.routes import NEEDS
from workspace_server.interfaces.web.now.routes import NOW
from workspace_server.interfaces.web.site import FILES, Site
from workspace_server.interfaces.web.view import HEADERS, Section
from workspace_server.interfaces.web.writing.routes import WRITING
from workspace_server.services.engine import Engine

FRAME = Section(pages={"/": home, "/connect": connect, "/keys": keys})
SECTIONS: Sequence[Section] = (FRAME, BROWSING, HISTORY, NOW, FINDING, FLOWS, NEEDS, WRITING, LINKS)


def routes(engine: Engine, guard: Guard) -> list[BaseRoute]:
    """Return the routes of the web view over one engine."""
    site = Site(engine, guard)
    return [
        *login_routes(guard, engine.auditing),
        RawPrefix(FILES, site.files),
        RawPrefix(door.PREFIX, door.SharedDoor(engine)),
        *(
            Route(address, site.endpoint(page), methods=[method])
            for section in SECTIONS
            for method, pages in (("GET", section.pages), ("POST", section.forms))
            for address, page in pages.items()
        ),
        Route("/static/{name:path}", _asset),
    ]


async def _asset(request: Request) -> Response:
    asset = ASSETS.get(request.path_params["name"])
    if asset is None:
        raise HTTPException(404)
    headers = {**HEADERS, "cache-control": "public, max-age=31536000, immutable", "etag": f'"{asset.mark}"'}
    if request.query_params.get("v") != asset.mark:
        # One module asks for another by its bare name; the browser keeps it, and asks whether it still holds.
        headers["cache-control"] = "no-cache"
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
    headers["vary"] = "accept-encoding"
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, headers={**headers, "content-encoding": "gzip"}, media_type=asset.media_type)
    return Response(asset.content, headers=headers, media_type=asset.media_type)
