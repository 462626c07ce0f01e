"""A directory as a table: sorted, narrowed down, a page at a time, all of it in the address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from workspace_server.core.sorting import Order, Sort, parse_order
from workspace_server.interfaces.web.addresses import file_url
from workspace_server.interfaces.web.connecting import first_step
from workspace_server.interfaces.web.files import holders
from workspace_server.interfaces.web.view import View
from workspace_server.services.files.browsing import Narrowed

Row = dict[str, Any]
ROWS: Final = 100
DELETED_TOKENS: Final = 12_000
TYPES: Final = {
    "text/markdown": "Markdown",
    "text/": "Text and code",
    "text/csv": "Tables",
    "application/json": "JSON",
    "image/": "Images",
    "application/pdf": "PDF",
    "audio/": "Audio",
    "video/": "Video",
}
SPANS: Final = {"1h": "the last hour", "1d": "the last day", "7d": "the last week", "30d": "the last month"}
_COLUMNS: Final[tuple[tuple[Sort, str], ...]] = (
    ("name", "Name"),
    ("size", "Size"),
    ("agent", "Changed by"),
    ("modified", "When"),
)
_GREATEST_FIRST: Final = ("size", "modified")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What a table is sorted by at a click.

    Attributes:
        direction: How it is sorted by this column now, as `aria-sort` says it; None when it is not.
    """

    name: str
    label: str
    address: str
    direction: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One page of a directory.

    Attributes:
        columns: None where the order is fixed.
        narrowed: What the address asks for, by the names of its arguments; empty for all that is in the directory.
        more: The address of the next page.
        complete: Whether all files were looked at.
    """

    path: str
    rows: Sequence[Row]
    columns: Sequence[Column] | None
    narrowed: dict[str, str]
    sort: str | None
    more: str | None
    complete: bool


async def read(view: View, path: str) -> Table:
    """Return the page of a directory that the address of the request asks for."""
    asked = {name: view.text(name) for name in ("name", "type", "agent", "since")}
    narrowed = {name: value for name, value in asked.items() if value is not None}
    sort = view.text("sort")
    order = parse_order(sort or "name")
    found = await view.engine.browsing.table(
        view.caller,
        path=path,
        narrowed=_narrowed(narrowed) if narrowed else None,
        order=order,
        after=view.text("after") or "",
        value=view.text("value"),
        limit=ROWS,
    )
    await holders.mark(view, found["rows"])
    place = found.get("next")
    return Table(
        path=path,
        rows=found["rows"],
        columns=[_column(path, name, label, order, narrowed) for name, label in _COLUMNS],
        narrowed=narrowed,
        sort=sort,
        more=None if place is None else file_url(path, **narrowed, sort=sort, **place),
        complete=found["complete"],
    )


async def read_deleted(view: View, path: str) -> Table:
    """Return a page of the deleted files of a directory."""
    found = await view.engine.listing.list_files(
        view.caller, path=path, detail="full", deleted=True, max_tokens=DELETED_TOKENS, cursor=view.text("cursor")
    )
    rows, cursor = found["files"], found.get("next_cursor")
    return Table(
        path=path,
        rows=sorted(rows, key=lambda row: row["type"] != "directory"),
        columns=None,
        narrowed={},
        sort=None,
        more=None if cursor is None else file_url(path, deleted=1, cursor=cursor),
        complete=True,
    )


def show(view: View, table: Table, *, deleted: bool = False, gone: bool = False) -> Response:
    """Show a directory.

    Args:
        deleted: The table is of its deleted files.
        gone: Nothing else is left of it.
    """
    return view.render(
        "files/directory.html",
        title=table.path or view.engine.folder.name,
        active="files",
        path=table.path,
        table=table,
        deleted=deleted,
        gone=gone,
        first_step=first_step(view),
        types=TYPES,
        spans=SPANS,
    )


def _narrowed(asked: dict[str, str]) -> Narrowed:
    return Narrowed(
        name=asked.get("name"), media_type=asked.get("type"), agent=asked.get("agent"), since=asked.get("since")
    )


def _column(path: str, name: Sort, label: str, order: Order, narrowed: dict[str, str]) -> Column:
    """Return a column, at whose second click the order is turned round."""
    is_chosen = order.by == name
    turned = Order(name, down=not order.down if is_chosen else name in _GREATEST_FIRST)
    return Column(
        name=name,
        label=label,
        address=file_url(path, **narrowed, sort=turned),
        direction=("descending" if order.down else "ascending") if is_chosen else None,
    )
