"""JSON laid out over lines: only white space changes, every value stays as it was written."""

import re

_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+|"', re.DOTALL)
_INDENT = "  "
DEPTH_MAX = 200


def format_json(text: str) -> str:
    """Return *text* with a line per member; what is no JSON comes out as unlike JSON as it went in."""
    out: list[str] = []
    depth = 0
    opened = False
    for part in _PART.findall(text):
        if part in "]}":
            depth = max(0, depth - 1)
            out.append(part if opened else _line(depth) + part)
            opened = False
            continue
        if opened:
            out.append(_line(depth))
            opened = False
        out.append(": " if part == ":" else part)
        if part in "[{":
            depth += 1
            opened = True
        elif part == ",":
            out.append(_line(depth))
    return "".join(out) + "\n"


def _line(depth: int) -> str:
    return "\n" + _INDENT * min(depth, DEPTH_MAX)
