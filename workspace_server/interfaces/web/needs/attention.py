"""What needs a person: the list, and forms that decide about one entry or several, which work without a script."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response

from workspace_server.core.attention import KINDS
from workspace_server.errors import InvalidArgument, WorkspaceError
from workspace_server.interfaces.web.addresses import page_url
from workspace_server.interfaces.web.view import View, lead_to
from workspace_server.services.recording import Result

ADDRESS = "/attention"
PAGE = 50
"""How many entries stand on a page; a form may tick all of them."""
OVER = 20
TICKED = "on:"
"""What the fields of ticked entries begin with."""
ACTIONS_SAID = {"approve": "Approve", "deny": "Deny", "reply": "Answer", "retry": "Try again", "dismiss": "Dismiss"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which entries the address of the list chooses."""

    kind: str | None
    trigger: str | None

    @classmethod
    def of(cls, view: View) -> "Chosen":
        """Return what the address says; an unknown kind is every kind."""
        kind = view.text("kind")
        return cls(kind=kind if kind in KINDS else None, trigger=view.text("trigger"))

    def url(self, **changed: object) -> str:
        """Return the address that chooses the same, but for what is changed."""
        return page_url(ADDRESS, **{"kind": self.kind, "trigger": self.trigger, **changed})


async def attention(view: View) -> Response:
    """Show what needs a person, and what was decided lately."""
    return await _page(view)


async def decide(view: View) -> Response:
    """Do what a form asks, and lead back to the list; refusals stand above it."""
    form = await view.form()
    try:
        refusals = await _done(view, form)
    except WorkspaceError as refusal:
        refusals = [refusal]
    return await _page(view, *refusals) if refusals else lead_to(Chosen.of(view).url())


async def _done(view: View, form: Mapping[str, str]) -> list[WorkspaceError]:
    """Do what a form asks about one entry, or about each that is ticked, and return what could not be done."""
    if "attention" in form:
        await decided(view, form["attention"], form)
        return []
    ticked = [name.removeprefix(TICKED) for name in form if name.startswith(TICKED)]
    if form.get("action") not in {"retry", "dismiss"} or not ticked:
        raise InvalidArgument(
            "Nothing was ticked.", hint="Tick what is to be dismissed or tried again.", argument="attention"
        )
    refusals = []
    for entry in ticked:  # each is a decision of its own: that one of them is over already spoils no other
        try:
            await decided(view, entry, form)
        except WorkspaceError as refusal:
            refusals.append(refusal)
    return refusals


def decided(view: View, entry: str, form: Mapping[str, str]) -> Awaitable[Result]:
    """Do what a form asks about an entry.

    Raises:
        InvalidArgument: There is no such decision.
    """
    decisions, caller, note = view.engine.decisions, view.caller, form.get("note") or None
    stale = view.text("stale") is not None
    ways: Mapping[str, Callable[[], Awaitable[Result]]] = {
        "approve": lambda: decisions.approve(caller, attention=entry, note=note, stale=stale),
        "deny": lambda: decisions.deny(caller, attention=entry, note=note),
        "reply": lambda: decisions.reply(caller, attention=entry, reply=note or ""),
        "retry": lambda: decisions.retry(caller, attention=entry),
        "dismiss": lambda: decisions.dismiss(caller, attention=entry, note=note),
    }
    asked = form.get("action", "")
    if asked not in ways:
        raise InvalidArgument("There is no such decision.", hint="Use a button of the page.", argument="action")
    return ways[asked]()


async def _page(view: View, *refusals: WorkspaceError) -> Response:
    chosen, decisions = Chosen.of(view), view.engine.decisions
    found = await decisions.list_attention(
        view.caller, kind=chosen.kind, trigger=chosen.trigger, limit=PAGE, cursor=view.text("cursor")
    )
    over = await decisions.list_attention(view.caller, kind=chosen.kind, trigger=chosen.trigger, ended=True, limit=OVER)
    return view.render(
        "needs/attention.html",
        title="Attention",
        active="attention",
        code=refusals[0].http_status if refusals else 200,
        refusals=refusals,
        chosen=chosen,
        entries=found["attention"],
        next_cursor=found.get("next_cursor"),
        is_first=view.text("cursor") is None,
        open=found["open"],
        by_trigger=found["open_by_trigger"],
        over=over["attention"],
        some_can_be_dismissed=any("dismiss" in one["actions"] for one in found["attention"]),
        ticked=TICKED,
        said=ACTIONS_SAID,
    )
