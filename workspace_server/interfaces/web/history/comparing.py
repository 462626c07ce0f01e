"""What changed between two versions: of one file, or of two."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from markupsafe import Markup
from starlette.responses import Response

from workspace_server.core import media
from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.web.files.document import tabs
from workspace_server.interfaces.web.files.forms.look import rendered
from workspace_server.interfaces.web.files.forms.tables import DELIMITERS
from workspace_server.interfaces.web.files.render.tables import read_table
from workspace_server.interfaces.web.history.cells import Cell, CellRow, Skipped, compare_tables
from workspace_server.interfaces.web.history.differences import Difference, compare_lines
from workspace_server.interfaces.web.history.prose import compare_prose
from workspace_server.interfaces.web.view import View
from workspace_server.services.files.opened import OpenContent

BYTES_MAX = LIMITS.merge_bytes_max
"""Larger versions are not compared."""
_PAIR = re.compile(r"(\d{1,15})\.\.(\d{1,15})")

Layout = Literal["inline", "side"]
Form = Literal["source", "rendered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two versions; `said` is how the history tells of it."""

    path: str
    content: OpenContent
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What the page shows of the two.

    Attributes:
        why: Why they are not compared, when they are not.
        has_forms: Whether what is rendered of them can be compared, too.
    """

    lines: Difference | None = None
    prose: Markup | None = None
    columns: Sequence[Cell] = ()
    rows: Sequence[CellRow | Skipped] = ()
    same: bool = False
    has_forms: bool = False
    why: str | None = None


def pair(view: View) -> tuple[int, int] | None:
    """Return the versions that the address asks to compare, the old one first; None when it does not.

    Raises:
        InvalidArgument: It names no two versions.
    """
    raw = view.text("diff")
    if raw is None:
        first, second = view.number("from"), view.number("to")
        return (first, second) if first is not None and second is not None else None
    found = _PAIR.fullmatch(raw)
    if found is None:
        raise InvalidArgument(
            "diff names two versions, as in 3..5.", hint="Follow a link of the history.", argument="diff", reason=raw
        )
    return int(found[1]), int(found[2])


async def show(view: View, path: str, facts: dict[str, Any] | None, versions: tuple[int, int]) -> Response:
    """Show what changed from the one version to the other.

    Args:
        facts: The file's row; None when it is deleted.
        versions: Of the old side, which may be another file's (`old`), and of this file.
    """
    layout: Layout = "side" if view.text("layout") == "side" else "inline"
    form: Form = "rendered" if view.text("form") == "rendered" else "source"
    other = view.text("old") or path
    old, new = await _side(view, other, versions[0]), await _side(view, path, versions[1])
    compared = await _compared(old, new, form)
    page = partial(
        view.render,
        "history/compare.html",
        title=path,
        active="files",
        path=path,
        file=facts,
        tab="history",
        tabs=tabs(path, facts["media_type"]) if facts else [],
        old=old,
        new=new,
        compared=compared,
        layout=layout,
        form=form if compared.has_forms else "source",
        address={"diff": f"{versions[0]}..{versions[1]}", "old": None if other == path else other},
    )
    return await rendered(page)


async def _compared(old: Side, new: Side, form: Form) -> Compared:
    texts = await _text(old), await _text(new)
    if texts[0] is not None and texts[1] is not None:
        return await rendered(_compare, (texts[0], texts[1]), new, form)
    is_large = max(old.content.size_bytes, new.content.size_bytes) > BYTES_MAX
    return Compared(why="large" if is_large else "binary")


async def _side(view: View, path: str, version: int) -> Side:
    content = await view.engine.files.open_content(view.caller, path=path, version=version)
    found = await view.engine.files.file_history(view.caller, path=path, limit=1, before_version=version + 1)
    said = next(one for one in found["versions"] if one["op"] != "delete")
    return Side(path=path, content=content, said=said)


async def _text(side: Side) -> str | None:
    """Return the text of a version; None when it has none, or too much to be compared."""
    if side.content.size_bytes > BYTES_MAX:
        return None
    decoded = await rendered(media.decode, await side.content.read())
    return None if decoded is None else decoded.text


def _compare(texts: tuple[str, str], new: Side, form: Form) -> Compared:
    kind = new.content.media_type
    has_forms = kind == "text/markdown" or kind in DELIMITERS
    if texts[0] == texts[1]:
        return Compared(same=True)
    if form == "rendered" and kind in DELIMITERS:
        tables = [read_table(text, DELIMITERS[kind]) for text in texts]
        found = None if tables[0] is None or tables[1] is None else compare_tables(tables[0], tables[1])
        if found is None:
            return Compared(has_forms=True, why="rendered")
        cut = any(table is not None and table.more_from for table in tables)
        return Compared(has_forms=True, columns=found[0], rows=found[1], why="cut" if cut else None)
    if form == "rendered" and has_forms:
        prose = compare_prose(*texts, new.path)
        return Compared(has_forms=True, prose=prose, why="rendered" if prose is None else None)
    lines = compare_lines(*texts)
    return Compared(has_forms=has_forms, lines=lines, why="different" if lines is None else None)
