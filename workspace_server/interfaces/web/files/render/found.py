"""The lines that a search led to, with what was searched for marked in them."""

import re
from collections.abc import Sequence

from markupsafe import Markup

from workspace_server.interfaces.web.marking import marked_html
from workspace_server.interfaces.web.view import View

_LINES = re.compile(r"(\d{1,9})-(\d{1,9})")


def found_lines(view: View) -> range:
    """Return the numbers of the lines that the address says something was found on."""
    place = _LINES.fullmatch(view.text("found") or "")
    return range(0) if place is None else range(int(place[1]), int(place[2]) + 1)


def with_marks(view: View, lines: Sequence[Markup], first_line: int) -> list[Markup]:
    """Return *lines* with the words of the address's question marked on those where they were found."""
    query, mode, found = view.text("q"), view.text("mode") or "ranked", found_lines(view)
    if query is None:
        return list(lines)
    return [
        marked_html(line, query, mode) if number in found else line for number, line in enumerate(lines, first_line)
    ]
