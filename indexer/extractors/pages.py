"""Pages of HTML as a reader sees them, each text on the line on which it stands in the source."""

from typing import Final

from indexer.collector import Collector, Enough
from indexer.document import Converted, NotText, Unreadable, decode
from indexer.extractors.html_page import extract_html
from indexer.extractors.plain import extract_nothing
from indexer.extractors.registry import Extractor
from indexer.limits import STRUCTURED_CHARS_MAX

VISIBLE: Final = "text/x-visible-html"
"""The media type under which a page is asked for as it is seen. No file has it."""


def convert_page(data: bytes) -> Converted:
    """Return the visible text of a page.

    Raises:
        Unreadable: It is no text, or too long to be taken apart.
    """
    try:
        document = decode(data, path="page.html")
    except NotText as wrong:
        raise Unreadable(str(wrong)) from None
    if len(document.text) > STRUCTURED_CHARS_MAX:
        raise Unreadable(f"longer than {STRUCTURED_CHARS_MAX} characters")
    out = Collector(document)
    notes: tuple[str, ...] = ()
    try:
        extract_html(out)
    except Enough as reached:
        notes = (str(reached),)
    lines = [""] * document.line_count
    for start, _, text in out.blocks:
        at = document.line_of(start) - 1
        lines[at] = f"{lines[at]} {text}".strip()
    return Converted(text="".join(f"{line}\n" for line in lines), notes=notes)


PAGE: Final = Extractor(
    name="page",
    version=1,
    suffixes=(),
    media_types=(VISIBLE,),
    chars_max=STRUCTURED_CHARS_MAX,
    extract=extract_nothing,
    convert=convert_page,
    is_ours=lambda: True,
)
