"""The facts of a version beside the lines on which they stand."""

from collections.abc import Mapping, Sequence
from typing import Any

from workspace_server.interfaces.web.files.forms.look import Look

Fact = dict[str, Any]


async def facts_by_line(look: Look, first: int, last: int) -> Mapping[int, Sequence[Fact]]:
    """Return the facts that begin on lines from *first* to *last* of the shown version, by their lines."""
    view, content = look.view, look.content
    if not view.may("search"):
        return {}
    found = await view.engine.search.facts_beside(
        view.caller, path=content.path, version=content.version, first_line=first, last_line=last
    )
    beside: dict[int, list[Fact]] = {}
    for fact in found:
        beside.setdefault(fact["start_line"], []).append(fact)
    return beside
