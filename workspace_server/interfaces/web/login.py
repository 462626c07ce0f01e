"""How a browser logs in with a token, and out again: the page that everybody may see, so that it tells of nothing."""

import re
import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from workspace_server.errors import Forbidden, WorkspaceError
from workspace_server.interfaces.arrival import arrival_of
from workspace_server.interfaces.challenges import retry_after
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.web.templates import ENVIRONMENT
from workspace_server.interfaces.web.view import HEADERS, form_fields, lead_to
from workspace_server.services.auditing import Auditing

_OWN: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""An address on this server and on no other: browsers read `//x` and `/\\x` as a host, and leave out white space."""


def routes(guard: Guard, auditing: Auditing) -> list[BaseRoute]:
    """Return the routes of logging in and out."""

    def page(refusal: WorkspaceError | None = None, *, then: str = "/") -> Response:
        html = ENVIRONMENT.get_template("login.html").render(
            token=guard.login_form_token, refusal=None if refusal is None else refusal.message, then=then
        )
        if refusal is None:
            return HTMLResponse(html, headers=HEADERS)
        return HTMLResponse(html, refusal.http_status, headers={**HEADERS, **retry_after(refusal)})

    async def show(request: Request) -> Response:
        """Show the form, which leads on to the page that was asked for."""
        return page(then=_own(request.query_params.get("then", "/")))

    async def begin(request: Request) -> Response:
        """Let the browser stand for the token that was typed."""
        typed, then = "", "/"
        try:
            fields = await _checked(request, guard.login_form_token)
            then = _own(fields.get("then", "/"))
            typed = fields.get("bearer", "").strip()
            proof = guard.bearer(typed, address=arrival_of(request).address)
        except WorkspaceError as refusal:
            guard.refuse(refusal, connection=request, token=typed)
            return page(refusal, then=then)
        token = proof.token
        assert token is not None  # the guard knows the tokens of the workspace that it guards
        await auditing.record(guard.arrived(request, proof), "log_in", None)
        answer = lead_to(then)
        guard.logins.begin(answer, token.token_id)
        return answer

    async def end(request: Request) -> Response:
        """Let the browser stand for nobody any more."""
        try:
            await _checked(request, guard.form_token_of(request))
        except WorkspaceError as refusal:
            return page(refusal)
        answer = lead_to("/login")
        await auditing.record(guard.arrived(request, guard.proof(request)), "log_out", None)
        guard.logins.end(request, answer)
        return answer

    return [
        Route("/login", show, methods=["GET"]),
        Route("/login", begin, methods=["POST"]),
        Route("/logout", end, methods=["POST"]),
    ]


def _own(address: str) -> str:
    """Return the address of a page of ours, or that of the first page for any other: a link may have named it."""
    return address if _OWN.fullmatch(address) else "/"


async def _checked(request: Request, form_token: str) -> dict[str, str]:
    """Return the fields of a form of ours.

    Raises:
        Forbidden, InvalidArgument: It is none.
    """
    fields = await form_fields(request)
    if not secrets.compare_digest(fields.get("token", "").encode("utf-8", "replace"), form_token.encode()):
        raise Forbidden("This form was not made by this server, or by an earlier run of it.", reason="form")
    return fields
