"""Whether what is cited stands where the citation says."""

import html
import re

from tests.eval import reading
from tests.eval.asking import Row
from tests.eval.workspace import workspace

_WORD = re.compile(r"\w+")


def stands(row: Row) -> bool:
    """Return whether the text of a row stands on the lines that it cites, in the version that it cites.

    Each file of the evaluation has one version. Where the visible text differs from the source (HTML, XML,
    notebooks), a passage is a rendering of its lines: then all its words have to stand on them.
    """
    file = workspace()[row.path]
    if row.version != 1:
        return False
    lines = "\n".join(reading.lines(row.path)[row.start_line - 1 : row.end_line])
    parts = [part for part in row.text.split("…") if part.strip()]
    if all(_flat(part) in _flat(lines) for part in parts):
        return True
    if file.kind not in {"html", "xml", "svg", "ipynb"}:
        return False
    words = set(_WORD.findall(_unescaped(lines)))
    return all(set(_WORD.findall(part)[1:-1]) <= words for part in parts)


def _flat(text: str) -> str:
    return " ".join(text.split())


def _unescaped(lines: str) -> str:
    return html.unescape(lines).replace("\\n", "\n").replace('\\"', '"')
