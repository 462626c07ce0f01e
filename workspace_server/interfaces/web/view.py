"""One look at the workspace: who looks, through which request, at which engine; and how a page leaves."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from workspace_server.core.access import Caller
from workspace_server.core.limits import KIB
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
FORM_BYTES_MAX = 64 * KIB
"""Longest form; the longest note takes 24 KiB when each of its characters is encoded."""
FORM_FIELDS_MAX = 20


@dataclass(frozen=True, slots=True)
class View:
    """What a page is made from.

    Attributes:
        form_token: What our own forms carry.
        needing: How much needs a person.
    """

    engine: Engine
    caller: Caller
    request: Request
    form_token: str
    needing: int

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

    async def form(self) -> dict[str, str]:
        """Return the fields of a form; of one that is given twice the last.

        Raises:
            InvalidArgument: It is no form, or too large for one.
        """
        body = bytearray()
        async for chunk in self.request.stream():
            body += chunk
            if len(body) > FORM_BYTES_MAX:
                raise _no_form("it is too large")
        try:
            pairs = parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=FORM_FIELDS_MAX)
        except ValueError:
            raise _no_form("it is no form") from None
        return dict(pairs)

    def render(self, template: str, *, title: str, active: str = "", code: int = 200, **values: Any) -> Response:
        """Return a page."""
        html = ENVIRONMENT.get_template(template).render(
            workspace=self.engine.folder.name,
            seq=self.engine.events.head_seq,
            now_s=self.now_s,
            needing=self.needing,
            title=title,
            active=active,
            query=values.pop("query", ""),
            **values,
        )
        return HTMLResponse(html.encode("utf-8", "replace"), code, headers=HEADERS)


def _no_form(reason: str) -> InvalidArgument:
    return InvalidArgument(
        f"That is not a form: {reason}.", hint="Send the form of a page.", argument="form", reason=reason
    )
