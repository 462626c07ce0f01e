"""The log, newest first: what a person chooses of it, and the lines that a page which stays open asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.responses import Response

from workspace_server.errors import InvalidArgument, WorkspaceError
from workspace_server.interfaces.web.addresses import page_url
from workspace_server.interfaces.web.now import happenings
from workspace_server.interfaces.web.now.happenings import Happening
from workspace_server.interfaces.web.view import View, lead_to
from workspace_server.services.activity import Wanted

ADDRESS = "/activity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What the address of a page chooses of the log, as it stands there."""

    kind: str | None
    agent: str | None
    path: str | None
    squash: bool

    @classmethod
    def of(cls, view: View) -> "Chosen":
        """Return what the address says; an unknown kind is every kind."""
        kind = view.text("kind")
        return cls(
            kind=kind if kind in happenings.KINDS else None,
            agent=view.text("agent"),
            path=view.text("path"),
            squash=view.text("squash") is not None,
        )

    @property
    def wanted(self) -> Wanted:
        """The same for the log."""
        return Wanted(types=happenings.types_of(self.kind), agent=self.agent, path=self.path, squash=self.squash)

    def url(self, **changed: Any) -> str:
        """Return the address at which the same is chosen, but for what is changed."""
        query = {"kind": self.kind, "agent": self.agent, "path": self.path, "squash": 1 if self.squash else None}
        return page_url(ADDRESS, **{**query, **changed})


async def activity(view: View) -> Response:
    """Show the log, newest first, as far as it is chosen; a day leads to what happened up to its end.

    With `after` it is only the lines beyond that seq, for a page that has those before it.
    """
    chosen, day = Chosen.of(view), view.text("day")
    if view.text("after") is not None:
        return await _rows(view, chosen)
    try:
        if day is not None:
            return lead_to(chosen.url(before=await _seq_after(view, day)))
        return await _page(view, chosen)
    except WorkspaceError as refusal:
        return _shown(view, chosen, {"events": [], "seq": view.engine.events.head_seq}, refusal)


async def _rows(view: View, chosen: Chosen) -> Response:
    after, most = view.number("after") or 0, view.number("most") or happenings.PAGE
    found = await view.engine.activity.recent(
        view.caller, chosen.wanted, after=0 if chosen.squash else after, limit=most
    )
    return view.render("now/rows.html", title="", chosen=chosen, lines=_lines(found), seq_shown=found["seq"], most=most)


async def _page(view: View, chosen: Chosen) -> Response:
    found = await view.engine.activity.recent(
        view.caller, chosen.wanted, before=view.number("before"), limit=happenings.PAGE
    )
    return _shown(view, chosen, found)


def _shown(view: View, chosen: Chosen, found: dict[str, Any], refusal: WorkspaceError | None = None) -> Response:
    return view.render(
        "now/activity.html",
        title="Activity",
        active="activity",
        refusal=refusal,
        chosen=chosen,
        kinds=tuple(happenings.KINDS),
        lines=_lines(found),
        seq_shown=found["seq"],
        most=happenings.PAGE,
        before=view.number("before"),
        older=found.get("older"),
        today=datetime.fromtimestamp(view.now_s, UTC).date().isoformat(),
    )


def _lines(found: dict[str, Any]) -> Sequence[Happening]:
    return [happenings.happening(event) for event in found["events"]]


async def _seq_after(view: View, day: str) -> int:
    """Return before which seq what happened up to the end of a day stands, in UTC.

    Raises:
        InvalidArgument: It is no day.
    """
    try:
        end = date.fromisoformat(day) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise InvalidArgument(
            f"{day[:40]} is no day.", hint="Write it as 2026-11-30.", argument="day", reason="not a day"
        ) from None
    at_s = datetime(end.year, end.month, end.day, tzinfo=UTC).timestamp()
    return await view.engine.activity.seq_of(view.caller, at_s=at_s)
