"""Notebooks as cells: text, source with its outputs, and pictures, which have addresses of their own."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from markupsafe import Markup

from workspace_server.interfaces.web.addresses import EVERYWHERE, Places
from workspace_server.interfaces.web.files.render.cleaned import cleaned
from workspace_server.interfaces.web.files.render.code import highlighted_lines
from workspace_server.interfaces.web.files.render.markdown import (
    CHARS_MAX,
    Document,
    is_quick_to_render,
    render_markdown,
)
from workspace_server.interfaces.web.visible import visible

CELLS_MAX = 40
"""Cells that a page shows."""
OUTPUTS_MAX = 20
TEXT_CHARS_MAX = 20_000
"""Characters of one output that are shown."""
HTML_CHARS_MAX = 200_000
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
_COLOURS = re.compile(r"\x1b\[[0-9;]{0,32}m")
_LANGUAGE = re.compile(r"[A-Za-z0-9+#]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a cell printed or drew.

    Attributes:
        picture: The media type of the picture that it is.
        place: Which output of its cell it is.
    """

    kind: Literal["text", "html", "picture", "error"]
    text: str = ""
    html: Markup | None = None
    picture: str | None = None
    place: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell; `number` counts from 1, `run` is what the notebook calls the run of a code cell."""

    number: int
    prose: Markup | None = None
    lines: Sequence[Markup] | None = None
    run: str = ""
    outputs: Sequence[Output] = ()
    more_outputs: int = 0


@dataclass(frozen=True, slots=True)
class Notebook:
    """Some of the cells, and how many there are."""

    cells: Sequence[Cell]
    count: int


class _Render:
    """Renders the text of cells, of all cells of a page together no more than of one file."""

    def __init__(self, render: Callable[[str], Document]) -> None:
        self._render = render
        self._chars_left = CHARS_MAX

    def prose(self, source: str) -> Markup | None:
        """Return the text of a cell as HTML; None when that would take long."""
        if len(source) > self._chars_left or not is_quick_to_render(source):
            return None
        self._chars_left -= len(source)
        return self._render(source).html


class NoNotebook(Exception):
    """The text is no notebook of format 4."""


def read_notebook(text: str, path: str, first: int, places: Places = EVERYWHERE) -> Notebook:
    """Return the cells of a notebook from number *first* on.

    Raises:
        NoNotebook: It is none.
    """
    cells, language = _cells(text)
    shown = list(enumerate(cells, 1))[first - 1 : first - 1 + CELLS_MAX]
    render = _Render(partial(render_markdown, path=path, anchored=False, places=places))
    return Notebook([_cell(cell, number, render, language) for number, cell in shown], len(cells))


def picture_in(text: str, cell: int, output: int) -> tuple[bytes, str] | None:
    """Return the bytes and the media type of a picture that a cell drew; None when there is none.

    Raises:
        NoNotebook: The text is none.
    """
    cells, _ = _cells(text)
    outputs = _list(cells[cell - 1].get("outputs")) if 1 <= cell <= len(cells) else []
    if not 0 <= output < len(outputs):
        return None
    data = _mapping(outputs[output].get("data"))
    kind = next((kind for kind in PICTURES if kind in data), None)
    if kind is None:
        return None
    said = _joined(data[kind])
    if kind == "image/svg+xml":
        return said.encode("utf-8", "replace"), kind
    try:
        return base64.b64decode(said), kind
    except binascii.Error:
        return None


def _cells(text: str) -> tuple[list[Mapping[str, Any]], str]:
    """Return the cells, and the language of the code."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        raise NoNotebook from None
    if not isinstance(whole, dict) or not isinstance(whole.get("cells"), list):
        raise NoNotebook
    language = str(_mapping(_mapping(whole.get("metadata")).get("language_info")).get("name", "python"))
    return _list(whole["cells"]), language.lower() if _LANGUAGE.fullmatch(language) else "text"


def _cell(cell: Mapping[str, Any], number: int, render: _Render, language: str) -> Cell:
    source = _joined(cell.get("source"))
    prose = render.prose(source) if cell.get("cell_type") == "markdown" else None
    if prose is not None:
        return Cell(number=number, prose=prose)
    if cell.get("cell_type") != "code":
        return Cell(number=number, lines=highlighted_lines(source, None))
    outputs = _list(cell.get("outputs"))
    run = cell.get("execution_count")
    return Cell(
        number=number,
        lines=highlighted_lines(source, language),
        run=str(run) if isinstance(run, int) else " ",
        outputs=[_output(one, place) for place, one in enumerate(outputs[:OUTPUTS_MAX])],
        more_outputs=max(0, len(outputs) - OUTPUTS_MAX),
    )


def _output(output: Mapping[str, Any], place: int) -> Output:
    data = _mapping(output.get("data"))
    picture = next((kind for kind in PICTURES if kind in data), None)
    if picture is not None:
        return Output(kind="picture", picture=picture, text=_joined(data.get("text/plain"))[:200], place=place)
    html = _joined(data.get("text/html"))
    if html and len(html) <= HTML_CHARS_MAX:
        return Output(kind="html", html=cleaned(visible(html)))
    if output.get("output_type") == "error":
        trace = "\n".join(map(str, _items(output.get("traceback"))))
        return Output(kind="error", text=_cut(trace or f"{output.get('ename')}: {output.get('evalue')}"))
    return Output(kind="text", text=_cut(_joined(output.get("text")) or _joined(data.get("text/plain"))))


def _cut(text: str) -> str:
    plain = _COLOURS.sub("", text[: 2 * TEXT_CHARS_MAX])
    return plain if len(plain) <= TEXT_CHARS_MAX else f"{plain[:TEXT_CHARS_MAX]}…"


def _joined(value: Any) -> str:
    """Return a text, which notebooks write as one string or as a list of lines."""
    return value if isinstance(value, str) else "".join(map(str, _items(value)))


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in _items(value) if isinstance(one, dict)]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
