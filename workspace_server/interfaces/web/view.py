"""One look at the workspace: who looks, through which request, at which engine; and how a page leaves."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from workspace_server.core.access import Caller
from workspace_server.core.limits import KIB
from workspace_server.core.scopes import Verb
from workspace_server.errors import Forbidden, InvalidArgument
from workspace_server.interfaces.web.templates import ENVIRONMENT
from workspace_server.services.engine import Engine

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " media-src 'self'; frame-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-dns-prefetch-control": "off",
    "x-frame-options": "DENY",
}
"""Nothing inline runs, nothing is loaded from elsewhere, no name is looked up ahead, nobody frames a page.

Under `no-referrer` a browser would call the origin of our own forms `null`, and the guard would not know it for ours.
"""

NUMBER_DIGITS_MAX = 15
FORM_BYTES_MAX = 64 * KIB
"""Longest form; the longest note takes 24 KiB when each of its characters is encoded."""
FORM_FIELDS_MAX = 64


@dataclass(frozen=True, slots=True)
class View:
    """What a page is made from.

    Attributes:
        form_token: What our own forms carry.
        needing: How much needs a person.
        folders: The folders beside the page, as `Browsing.directories` tells them; None for a page without.
        here: The directory in which what the page shows lies.
    """

    engine: Engine
    caller: Caller
    request: Request
    form_token: str
    needing: int
    folders: Mapping[str, Any] | None = None
    here: str = ""

    @property
    def now_s(self) -> float:
        """What time it is, in seconds since 1970."""
        return self.engine.clock.wall_s()

    @property
    def address(self) -> str:
        """Where others reach this server: as the operator says, or else as this page was reached."""
        given = self.engine.settings.public_url or f"{self.request.url.scheme}://{self.request.headers['host']}"
        return given.rstrip("/")

    def text(self, name: str) -> str | None:
        """Return an argument of the address; an empty one is none."""
        return self.request.query_params.get(name) or None

    def number(self, name: str) -> int | None:
        """Return an argument of the address as a number.

        Raises:
            InvalidArgument: It is none.
        """
        raw = self.text(name)
        return None if raw is None else number_in(raw, name)

    def may(self, verb: Verb, path: str | None = None) -> bool:
        """Whether who looks may also do this, at *path* or, without one, anywhere; a page offers nothing else."""
        return (
            self.caller.may(verb)
            if path is None
            else self.caller.scope.near(verb, path) or (self.caller.scope.allows(verb, path))
        )

    async def part(self, answer: Awaitable[Mapping[str, Any]], **otherwise: Any) -> Mapping[str, Any]:
        """Return what stands in a part of a page, or *otherwise* for who is not granted it: the page is shown without.

        A page whose main part is refused is refused.
        """
        try:
            return await answer
        except Forbidden:
            return otherwise

    async def form(self, bytes_max: int = FORM_BYTES_MAX) -> dict[str, str]:
        """Return the fields of one of our forms; of a field that is given twice the last.

        A form is taken from our own origin only (the guard sees to it), and with a token that only our own pages know:
        a page of somebody else can make a browser send a request, but cannot read one of ours.

        Raises:
            Forbidden: No page of ours made it.
            InvalidArgument: It is no form, or too large for one.
        """
        fields = await form_fields(self.request, bytes_max)
        self.check_token(fields.get("token", ""))
        return fields

    def check_token(self, given: str) -> None:
        """Pass when *given* is what our own forms carry.

        Raises:
            Forbidden: No page of ours made the form.
        """
        if not secrets.compare_digest(given.encode("utf-8", "replace"), self.form_token.encode()):
            raise Forbidden(
                "This form was not made by this server, or by an earlier run of it.",
                hint="Open the page again, and send the form from there.",
                reason="form",
            )

    def render(
        self, template: str, *, title: str, active: str = "", refusal: Any = None, code: int = 200, **values: Any
    ) -> Response:
        """Return a page.

        Args:
            refusal: What the page says was refused, if anything was: a refusal, or what is told of one.
            code: The status of a page without such a refusal.
        """
        html = ENVIRONMENT.get_template(template).render(
            workspace=self.engine.folder.name,
            seq=self.engine.events.head_seq,
            now_s=self.now_s,
            needing=self.needing,
            paused=self.engine.folder.gate.workspace,
            token=self.form_token,
            may=self.may,
            may_all=self.caller.scope.is_whole,
            logged_in=None if self.caller.token is None else self.caller.agent,
            folders=self.folders,
            here=self.here,
            title=title,
            active=active,
            refusal=refusal,
            query=values.pop("query", ""),
            **values,
        )
        status = code if refusal is None else refusal.http_status
        return HTMLResponse(html.encode("utf-8", "replace"), status, headers=HEADERS)


Page = Callable[[View], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the web view: its pages by their addresses, and what its forms are sent to."""

    pages: Mapping[str, Page] = field(default_factory=dict)
    forms: Mapping[str, Page] = field(default_factory=dict)


async def form_fields(request: Request, bytes_max: int = FORM_BYTES_MAX) -> dict[str, str]:
    """Return the fields of a form; of a field that is given twice the last.

    Raises:
        InvalidArgument: It is no form, or too large for one.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise _no_form("it is too large")
    try:
        if bytes_max > FORM_BYTES_MAX:
            return await anyio.to_thread.run_sync(_fields, bytes(body))
        return _fields(body)
    except ValueError:
        raise _no_form("it is no form") from None


def lead_to(address: str) -> Response:
    """Lead the browser to a page once a form has done its work, so that loading again repeats nothing."""
    return RedirectResponse(address, 303, headers={"cache-control": "no-store"})


def _fields(body: bytes | bytearray) -> dict[str, str]:
    return dict(parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=FORM_FIELDS_MAX))


def number_in(raw: str, name: str) -> int:
    """Return what an argument or a field says as a number.

    Raises:
        InvalidArgument: It is none.
    """
    if not (raw.isascii() and raw.isdecimal() and len(raw) <= NUMBER_DIGITS_MAX):
        raise InvalidArgument(
            f"{name} must be a number.",
            hint="Follow a link or send a form of a page.",
            argument=name,
            reason="not a number",
        )
    return int(raw)


def _no_form(reason: str) -> InvalidArgument:
    return InvalidArgument(
        f"That is not a form: {reason}.", hint="Send the form of a page.", argument="form", reason=reason
    )
