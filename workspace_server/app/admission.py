"""How `workspace-server open` lets a browser in as admin: a ticket for the key, once, and a cookie for the ticket.

The key itself never stands in an address, where a browser's history would keep it.
"""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from workspace_server.core.access import OWNER
from workspace_server.errors import Forbidden, WorkspaceError
from workspace_server.interfaces.guard import OWNERS, Guard
from workspace_server.services.auditing import Auditing


def routes(guard: Guard, auditing: Auditing) -> list[BaseRoute]:
    """Return the routes of admission."""

    async def grant(request: Request) -> Response:
        """Give a ticket to whoever sends the admin key."""
        try:
            guard.admit(request, door="http").require("admin")
        except WorkspaceError as refusal:
            guard.refuse(refusal, connection=request)
            return _refused(refusal)
        return JSONResponse({"ticket": guard.new_ticket()}, headers={"cache-control": "no-store"})

    async def enter(request: Request) -> Response:
        """Give the admin cookie for a ticket, and lead to the web view."""
        cookie = guard.redeem(request.query_params.get("ticket", ""))
        if cookie is None:
            refusal = Forbidden(
                "This address was used already.", hint="Run `workspace-server open` again.", verb="admin"
            )
            guard.refuse(refusal, connection=request)
            return _refused(refusal)
        await auditing.record(replace(guard.arrived(request, OWNERS), agent=OWNER, verified=True), "log_in", None)
        answer = RedirectResponse("/", 303, headers={"cache-control": "no-store", "referrer-policy": "no-referrer"})
        secure = request.url.scheme == "https"
        answer.set_cookie(guard.cookie_name, cookie, httponly=True, samesite="strict", secure=secure, path="/")
        return answer

    return [Route("/admission", grant, methods=["POST"]), Route("/admission", enter, methods=["GET"])]


def _refused(refusal: WorkspaceError) -> Response:
    return JSONResponse({"error": refusal.as_dict()}, refusal.http_status)
