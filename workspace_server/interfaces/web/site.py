"""Where every page comes from: the guard, the page, and the one place where refusals become pages."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from workspace_server.core.access import ANONYMOUS, OWNER, Caller
from workspace_server.errors import Internal, WorkspaceError
from workspace_server.interfaces import raw_path
from workspace_server.interfaces.challenges import retry_after
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.web.files import browse
from workspace_server.interfaces.web.view import HEADERS, Page, View
from workspace_server.services.engine import Engine

logger = logging.getLogger(__name__)

FILES = "/files/"
CLIENT_GONE = 499


class Site:
    """Answers requests for pages: guard, page, and one place where refusals become pages."""

    def __init__(self, engine: Engine, guard: Guard) -> None:
        self._engine = engine
        self._guard = guard

    def endpoint(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """Return *page* as Starlette calls it."""

        async def answer(request: Request) -> Response:
            return await self.answer(request, page)

        return answer

    async def files(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request below the prefix of files, whose path is taken as it came."""
        request = Request(scope, receive)

        async def show(view: View) -> Response:
            return await browse.show(view, raw_path.decode(raw_path.below(scope, FILES)))

        if request.method in {"GET", "HEAD"}:
            response = await self.answer(request, show)
        else:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        await response(scope, receive, send)

    async def answer(self, request: Request, page: Page) -> Response:
        """Return the page, or the page that says why not."""
        try:
            caller = named(self._guard.admit(request, door="web"))
            needing = await self._engine.decisions.count(caller)
        except WorkspaceError as refusal:
            headers = {**HEADERS, **retry_after(refusal)}
            return Response(f"{refusal.message}\n", refusal.http_status, headers=headers, media_type="text/plain")
        view = View(self._engine, caller, request, form_token=self._guard.form_token_of(request), needing=needing)
        try:
            return await page(view)
        except WorkspaceError as refusal:
            return self._refused(view, refusal)
        except ClientDisconnect:
            return Response(status_code=CLIENT_GONE)
        except Exception:  # the outermost border: every fault of ours ends here, in the log
            request_id = secrets.token_hex(8)
            logger.exception("request %s failed", request_id)
            return self._refused(view, Internal("The server failed to show this page.", request_id=request_id))

    def _refused(self, view: View, refusal: WorkspaceError) -> Response:
        page = view.render("error.html", title=refusal.code, refusal=refusal)
        page.headers.update(retry_after(refusal))
        return page


def named(caller: Caller) -> Caller:
    """Return the caller with the name under which a browser decides that proved to be the owner's."""
    if caller.may("admin") and caller.agent == ANONYMOUS:
        return replace(caller, agent=OWNER)
    return caller
