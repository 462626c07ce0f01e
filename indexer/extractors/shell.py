"""Shell scripts: functions and read-only variables, the sentence above them, and open tasks; line by line."""

import re
from typing import Final

from indexer.collector import Collector
from indexer.extractors.code import remarks
from indexer.extractors.registry import Extractor
from indexer.limits import LINE_CHARS_MAX, STRUCTURED_CHARS_MAX

_FUNCTION: Final = re.compile(
    r"(?:function[ \t]+([\w:.-]+)(?:[ \t]*\([ \t]*\))?|([\w:.-]+)[ \t]*\([ \t]*\))(?=[ \t]*(?:[{(#]|$))"
)
_CLOSING: Final = ("}", ")")
_READ_ONLY: Final = re.compile(r"(?:readonly|(?:declare|typeset)[ \t]+-r)[ \t]+(\w+)=\S.*")


def extract_shell(out: Collector) -> None:
    """Add a symbol for each function and read-only variable that stands at the start of a line."""
    out.title = out.document.name
    comments: list[tuple[int, int]] = []
    inside = out.document.name
    for line in out.document.lines():
        out.tick()
        text = line.text.rstrip()
        if text.lstrip().startswith("#"):
            comments.append((line.start, line.end))
            remarks.add_todos(out, line.start, line.end, inside)
            continue
        function = _FUNCTION.match(text, 0, LINE_CHARS_MAX)
        variable = _READ_ONLY.match(text, 0, LINE_CHARS_MAX)
        if function:
            inside = f"{out.document.name}.{function[1] or function[2]}"
            _add(out, inside, "function", (line.start, line.start + function.end()), comments)
        elif variable:
            name = f"{out.document.name}.{variable[1]}"
            _add(out, name, "constant", (line.start, line.start + variable.end()), comments)
        if text in _CLOSING or (function and text.endswith(_CLOSING)):
            inside = out.document.name
        comments = []


def _add(out: Collector, name: str, key: str, span: tuple[int, int], comments: list[tuple[int, int]]) -> None:
    start, end = span
    value = out.document.text[start:end]
    out.fact("symbol", subject=name, key=key, value=value, start=start, end=end, pointer=name, entity=False)
    if found := remarks.summary(out.document.text, comments):
        start, end, value = found
        out.fact("symbol", subject=name, key="summary", value=value, start=start, end=end, entity=False)


SHELL: Final = Extractor(
    name="shell",
    version=1,
    suffixes=(".sh", ".bash", ".zsh", ".ksh"),
    media_types=("text/x-shellscript",),
    chars_max=STRUCTURED_CHARS_MAX,
    extract=extract_shell,
)
