"""One look at the workspace: who looks, through which request, at which engine; and how a page leaves."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from workspace_server.core.access import Caller
from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.web.templates import ENVIRONMENT
from workspace_server.services.engine import Engine

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Nothing inline runs, nothing is loaded from elsewhere, nobody frames a page."""

NUMBER_DIGITS_MAX = 15


@dataclass(frozen=True, slots=True)
class View:
    """What a page is made from."""

    engine: Engine
    caller: Caller
    request: Request

    @property
    def now_s(self) -> float:
        """What time it is, in seconds since 1970."""
        return self.engine.clock.wall_s()

    def text(self, name: str) -> str | None:
        """Return an argument of the address; an empty one is none."""
        return self.request.query_params.get(name) or None

    def number(self, name: str) -> int | None:
        """Return an argument of the address as a number.

        Raises:
            InvalidArgument: It is none.
        """
        raw = self.text(name)
        if raw is None:
            return None
        if not (raw.isascii() and raw.isdecimal() and len(raw) <= NUMBER_DIGITS_MAX):
            raise InvalidArgument(
                f"{name} must be a number.", hint="Follow a link of a page.", argument=name, reason="not a number"
            )
        return int(raw)

    def render(self, template: str, *, title: str, active: str = "", code: int = 200, **values: Any) -> Response:
        """Return a page."""
        html = ENVIRONMENT.get_template(template).render(
            workspace=self.engine.folder.name,
            seq=self.engine.events.head_seq,
            now_s=self.now_s,
            title=title,
            active=active,
            query=values.pop("query", ""),
            **values,
        )
        return HTMLResponse(html.encode("utf-8", "replace"), code, headers=HEADERS)
