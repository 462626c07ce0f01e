"""Settings as ``key = value`` lines below ``[sections]`` (INI, ``.properties``, ``.env``), one leaf for each line."""

import re
from collections.abc import Iterator
from typing import Final

from indexer.collector import Collector
from indexer.document import Line
from indexer.extractors.leaves import Leaf, add_leaves
from indexer.extractors.registry import Extractor
from indexer.limits import LINE_CHARS_MAX, STRUCTURED_CHARS_MAX

_SECTION: Final = re.compile(r"\s*\[([^\[\]]{1,120})\]\s*")
_SETTING: Final = re.compile(r"\s*(?:export\s+)?(?P<key>[A-Za-z_][\w. -]{0,119}?)\s*(?:=|:(?=\s))\s*(?P<value>\S.*)")
_COMMENT: Final = re.compile(r"\s+[#;].*")


def _leaf(line: Line, section: tuple[str, ...]) -> Leaf | None:
    """Return the setting on *line*, without a comment behind it, or None when there is none."""
    match = _SETTING.fullmatch(line.text)
    if match is None:
        return None
    comment = _COMMENT.search(line.text, match.start("value"))
    end = comment.start() if comment else len(line.text.rstrip())
    value = line.text[match.start("value") : end]
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return Leaf((*section, match["key"]), value, line.start + match.start("key"), line.start + end)


def ini_leaves(out: Collector) -> Iterator[Leaf]:
    """Yield the settings from top to bottom; comments and lines of any other form are stepped over."""
    section: tuple[str, ...] = ()
    for line in out.document.lines():
        out.tick()
        if len(line.text) > LINE_CHARS_MAX or line.text.lstrip().startswith(("#", ";", "!")):
            continue
        if head := _SECTION.fullmatch(line.text):
            section = (head[1].strip(),)
        elif leaf := _leaf(line, section):
            yield leaf


def extract_ini(out: Collector) -> None:
    """Add the settings as fields of their section."""
    add_leaves(out, ini_leaves(out))


INI: Final = Extractor(
    name="ini",
    version=2,
    suffixes=(".ini", ".cfg", ".properties", ".env"),
    names=(".env",),
    chars_max=STRUCTURED_CHARS_MAX,
    extract=extract_ini,
)
