"""One thing that needs a person, with what there is to look at before one decides."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from workspace_server.errors import WorkspaceError
from workspace_server.interfaces.web.needs.attention import ACTIONS_SAID, Chosen, decided
from workspace_server.interfaces.web.view import View, lead_to

ENTRY = "/attention/{id}"
LOOKED_AT = 10
"""How many inputs are opened on the page."""
LOOK_LINES = 40
LOOK_TOKENS = 1_000


async def entry(view: View) -> Response:
    """Show an entry, open or over, and what it is about at the versions that were asked about."""
    return await _page(view)


async def decide_entry(view: View) -> Response:
    """Do what the form asks, and lead back to the list; a refusal stands above the entry."""
    form = await view.form()
    try:
        await decided(view, _named(view), form)
    except WorkspaceError as refusal:
        return await _page(view, refusal)
    return lead_to(Chosen(kind=None, trigger=None).url())


async def _page(view: View, refusal: WorkspaceError | None = None) -> Response:
    shown = await view.engine.decisions.show_entry(view.caller, attention=_named(view))
    return view.render(
        "needs/entry.html",
        title=shown["attention"],
        active="attention",
        refusal=refusal,
        one=shown,
        looks=[await _look(view, shown, place) for place in _places(shown)[:LOOKED_AT]],
        said=ACTIONS_SAID,
    )


def _places(shown: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the files to look at, as `{path, version?}`: inputs, or both sides of a conflict."""
    about = shown["about"]
    if "inputs" in about:
        return [one for one in about["inputs"] if "version" in one]
    if "copy" in about:
        return [{"path": shown["path"]}, {"path": about["copy"]}]
    return []


async def _look(view: View, shown: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a file begins at its version, and which version stands there now when that is another."""
    moved = next((one for one in shown.get("stale", ()) if one["path"] == place["path"]), None)
    look: dict[str, Any] = {"path": place["path"], "version": place.get("version"), "moved": moved}
    try:
        found = await view.engine.files.read_file(
            view.caller, path=place["path"], version=place.get("version"), max_lines=LOOK_LINES, max_tokens=LOOK_TOKENS
        )
    except WorkspaceError as refusal:
        return {**look, "refusal": refusal}
    return {**look, "text": found.text, "header": found.header, "version": found.header["version"]}


def _named(view: View) -> str:
    name: str = view.request.path_params["id"]
    return name
