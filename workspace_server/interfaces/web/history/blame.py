"""Each line of a text beside who wrote it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from workspace_server.core import media
from workspace_server.core.diffs import lines_of
from workspace_server.errors import NotText, TooLarge, WorkspaceError
from workspace_server.interfaces.web.files.document import tabs
from workspace_server.interfaces.web.files.forms.look import rendered
from workspace_server.interfaces.web.files.render.code import highlighted_lines, lexer_name
from workspace_server.interfaces.web.view import View

LINES = 1_000
"""Lines of one page."""
LINE_CHARS_MAX = 1_000
"""Of a longer line the beginning is shown."""
AGES = 3
"""Steps from the oldest to the newest version of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Neighbouring lines that one version brought.

    Attributes:
        said: The version: who, when, why; the first and the last of the lines.
        age: From 0, the oldest of the page, to `AGES`, the newest.
    """

    said: Mapping[str, Any]
    lines: Sequence[Markup]
    age: int


async def show(view: View, path: str, facts: dict[str, Any] | None) -> Response:
    """Show who wrote which line of a version, page by page."""
    number, line = view.number("version"), view.number("line") or 1
    blame: Any = None
    stretches: list[Written] = []
    refusal: WorkspaceError | None = None
    try:
        blame = await view.engine.blaming.blame(
            view.caller, path=path, version=number, start_line=line, max_lines=LINES
        )
        content = await view.engine.files.open_content(view.caller, path=path, version=blame["version"])
        data = await content.read()
        stretches = await rendered(_written, data, blame)
    except (NotText, TooLarge) as refused:
        refusal = refused
    page = partial(
        view.render,
        "history/blame.html",
        title=path,
        active="files",
        path=path,
        file=facts,
        tab="blame",
        tabs=tabs(path, facts["media_type"]) if facts else [],
        pinned=number,
        blame=blame,
        stretches=stretches,
        shares=_shares(blame["stretches"] if blame else ()),
        lineless=refusal,  # no refusal of the page: it says what the file is instead
    )
    return await rendered(page)


def _written(data: bytes, blame: Mapping[str, Any]) -> list[Written]:
    decoded = media.decode(data)
    assert decoded is not None, "what is no text was refused"
    first, last = blame["start_line"], blame["end_line"]
    texts = [_cut(line.removesuffix("\n")) for line in lines_of(decoded.text)[first - 1 : last]]
    shown = highlighted_lines("".join(f"{text}\n" for text in texts), lexer_name(blame["path"]))
    seqs = sorted({said["seq"] for said in blame["stretches"]})
    return [
        Written(
            said=said,
            lines=shown[said["start_line"] - first : said["end_line"] - first + 1],
            age=AGES * seqs.index(said["seq"]) // max(1, len(seqs) - 1),
        )
        for said in blame["stretches"]
    ]


def _cut(line: str) -> str:
    return line if len(line) <= LINE_CHARS_MAX else line[:LINE_CHARS_MAX] + "…"


def _shares(stretches: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Return who wrote how many of the lines, who wrote most first."""
    lines: Counter[str] = Counter()
    for said in stretches:
        lines[said["by"]] += said["end_line"] - said["start_line"] + 1
    return lines.most_common()
