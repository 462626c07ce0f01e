"""HTML: what a reader would see, with places in the source; tables, definition lists and headings as facts.

The standard parser takes quadratic time over a construct that never ends, so it is fed in pieces, never kept waiting
for more than a bounded stretch, and never asked to make sense of a long unfinished rest.
"""

import html
from html.parser import HTMLParser
from typing import Final

from indexer import normalise, prose
from indexer.collector import Collector, Enough
from indexer.extractors.links import Links
from indexer.extractors.registry import Extractor
from indexer.extractors.tables import Cell, add_row
from indexer.limits import STRUCTURED_CHARS_MAX
from indexer.vocabulary import words

_PIECE_CHARS: Final = 64 * 1024
_PENDING_CHARS_MAX: Final = 512 * 1024
_REST_CHARS_MAX: Final = 4 * 1024
_HIDDEN: Final = words("script style template noscript svg math head")
_ASIDE: Final = words("nav header footer aside")
"""Parts of a page that lead elsewhere and are the same on each page: their links are not kept."""

_TELLING: Final = words("author date description keywords language revised version")
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_INLINE: Final = words(
    "a abbr b bdi bdo cite code data dfn em font i kbd label mark q s samp small span strong sub sup time tt u var "
    "wbr img input button"
)


class _Page(HTMLParser):
    """Gathers runs of visible text; any tag that is not inline ends a run."""

    def __init__(self, out: Collector) -> None:
        super().__init__(convert_charrefs=False)
        self.out = out
        self.hidden = ""
        self.run: list[tuple[int, int, str]] = []
        self.heading_level = 0
        self.in_title = False
        self.row: list[Cell] | None = None
        self.header: list[str] = []
        self.row_is_header = False
        self.rows = 0
        self.cell_open = False
        self.term = ""
        self.list_part = ""
        self.links = Links(out)
        self.link: tuple[int, int, str] | None = None
        self.aside = 0

    def _offset(self) -> int:
        line, column = self.getpos()
        return self.out.document.offset_of(line, column)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.out.tick()
        if tag == "meta":
            self._meta({name: value or "" for name, value in attrs})
        if self.hidden:
            self.in_title = tag == "title" and self.hidden == "head"
            return
        if tag in _INLINE:
            if tag == "a" and not self.aside:
                self.link = (self._offset(), len(self.run), next((v or "" for k, v in attrs if k == "href"), ""))
            return
        if tag == "br":
            self._add("\n")
            return
        self._end_run()
        self._begin(tag)

    def _begin(self, tag: str) -> None:
        """Note where what follows stands: below a heading, in a row, beside the text."""
        if tag in _HIDDEN:
            self.hidden = tag
        elif tag in _HEADINGS:
            self.heading_level = _HEADINGS[tag]
        elif tag == "table":
            self.header, self.rows = [], 0
        elif tag == "tr":
            self._end_row()
            self.row, self.row_is_header = [], True
        elif tag in {"td", "th"}:
            self.cell_open = self.row is not None
            self.row_is_header = self.row_is_header and tag == "th"
        elif tag in {"dt", "dd"}:
            self.list_part = tag
        elif tag in _ASIDE:
            self.aside += 1

    def _meta(self, said: dict[str, str]) -> None:
        """Keep what the head says of the page itself, quoted with its tag."""
        key = said.get("name", "").casefold()
        if key in _TELLING and (tag := self.get_starttag_text()):
            start = self._offset()
            self.out.fact("field", key=key, value=said.get("content", ""), start=start, end=start + len(tag))

    def handle_endtag(self, tag: str) -> None:
        if self.hidden:
            if self.in_title and tag == "title":
                self._end_title()
            if tag == self.hidden:
                self.hidden = ""
            return
        if tag not in _INLINE:
            self._end_run()
        if tag == "a":
            self._end_link()
        elif tag in _ASIDE:
            self.aside = max(0, self.aside - 1)
        elif tag in {"tr", "table"}:
            self._end_row()
        elif tag == "dl":
            self.list_part = self.term = ""
        elif tag in _HEADINGS:
            self.heading_level = 0

    def handle_data(self, data: str) -> None:
        if not self.hidden or self.in_title:
            self._add(data)

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name}")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name}")

    def _reference(self, source: str) -> None:
        if not self.hidden or self.in_title:
            start = self._offset()
            source += ";" if self.out.document.text.startswith(source + ";", start) else ""
            self.run.append((start, start + len(source), html.unescape(source)))

    def _add(self, data: str) -> None:
        start = self._offset()
        self.run.append((start, start + len(data), data))

    def _end_link(self) -> None:
        """Keep a link with its words; one around several paragraphs has lost them to these."""
        if self.link and self.run[self.link[1] :]:
            start, first, target = self.link
            words_of_it = "".join(said for _, _, said in self.run[first:])
            self.links.add(words_of_it, target, start, self._offset())
        self.link = None

    def _end_title(self) -> None:
        self.out.title = " ".join("".join(said for _, _, said in self.run).split())
        self.run.clear()
        self.in_title = False

    def _take_run(self) -> Cell | None:
        """Return the text gathered so far with the span from its first to its last visible character."""
        pieces = [piece for piece in self.run if piece[2].strip()]
        visible = "".join(said for _, _, said in self.run)
        self.run.clear()
        if not pieces:
            return None
        (start, _, first), (last_start, last_end, last) = pieces[0], pieces[-1]
        start += len(first) - len(first.lstrip())
        end = last_end - (len(last) - len(last.rstrip())) if last_end - last_start == len(last) else last_end
        return Cell(visible.strip(), start, end)

    def _end_run(self) -> None:
        cell = self._take_run()
        if self.row is not None and self.cell_open:
            self.cell_open = False
            self.row.append(cell or Cell("", 0, 0))
        if cell is None:
            return
        folded = " ".join(cell.value.split())
        self.out.block(cell.start, cell.end, folded)
        if self.heading_level:
            self.out.heading(self.heading_level, folded, cell.start, cell.end)
        elif self.list_part == "dt":
            self.term = folded
        elif self.list_part == "dd" and self.term:
            self.out.fact(
                "field", key=self.term, value=folded, start=cell.start, end=cell.end, entity=self.out.subject_is_named
            )
            self.term = ""
        elif self.row is None:
            self._read_text(cell)

    def _read_text(self, cell: Cell) -> None:
        """Read statements where source and visible text are the same; elsewhere only a ``Key: value``."""
        source = self.out.document.text[cell.start : cell.end]
        if source == cell.value:
            prose.read_block(self.out, cell.start, cell.end)
        elif "\n" not in cell.value and (found := prose.field_of(cell.value)):
            self.out.fact("field", key=found[0], value=found[1], start=cell.start, end=cell.end)

    def finish(self) -> None:
        """Keep what the end of the text left open."""
        self._end_run()
        self._end_row()

    def _end_row(self) -> None:
        row, self.row, self.cell_open = self.row, None, False
        if not row:
            return
        if not self.header:
            self.header = [normalise.plain(cell.value) for cell in row] if self.row_is_header else [""]
        elif len(self.header) >= 2 and all(self.header[1:]):
            self.rows += 1
            add_row(self.out, self.header, row, number=self.rows)


def extract_html(out: Collector) -> None:
    """Read the page in pieces."""
    page = _Page(out)
    text = out.document.text
    for start in range(0, len(text), _PIECE_CHARS):
        page.feed(text[start : start + _PIECE_CHARS])
        out.tick()
        if len(page.rawdata) > _PENDING_CHARS_MAX:
            raise Enough(f"a construct is longer than {_PENDING_CHARS_MAX} characters; the rest was left out")
    if len(page.rawdata) <= _REST_CHARS_MAX:
        page.close()
    else:
        out.notes.append("the page ends inside a tag or comment")
    page.finish()


HTML: Final = Extractor(
    name="html",
    version=3,
    suffixes=(".html", ".htm", ".xhtml"),
    media_types=("text/html", "application/xhtml+xml"),
    chars_max=STRUCTURED_CHARS_MAX,
    extract=extract_html,
)
