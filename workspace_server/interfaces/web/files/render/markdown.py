"""Markdown as HTML that cannot act: raw HTML shown as text, links and images only where they may lead.

Two walls, one behind the other: the renderer makes only what it knows, and nh3 removes what should not be there.
"""

import itertools
import posixpath
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from workspace_server.core.media import by_name
from workspace_server.interfaces.web.addresses import EVERYWHERE, Places
from workspace_server.interfaces.web.files.render.code import highlighted_lines
from workspace_server.interfaces.web.visible import visible

_BLOCKS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "li", "tr", "pre"})
_TAGS = _BLOCKS | {
    "a", "br", "code", "em", "hr", "img", "input", "ol", "s", "span", "strong",
    "table", "tbody", "td", "th", "thead", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title", "class"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "th": {"class"},
    "td": {"class"},
    "span": {"class", "id"},
    "code": {"class"},
    "input": {"type", "checked", "disabled", "aria-label"},
    **{tag: {"id"} for tag in _BLOCKS - {"li", "p"}},
    "li": {"id", "class"},
    "p": {"id", "class"},
}
_WITHOUT_ANCHORS = {tag: names - {"id"} for tag, names in _ATTRIBUTES.items()}
_VALUES = {"input": {"type": "checkbox", "disabled": ""}}
"""No input of another kind, and none that can be used."""
_TASK = re.compile(r"\[([ xX])\](?=\s)")
_NAMED = "heading-"
"""What stands before a heading's name in its anchor, so that no text takes an anchor of the page around it."""
_LINES = re.compile(r"L\d+(-L\d+)?")
_NOT_IN_NAMES = re.compile(r"[^\w\- ]")
_SCHEMES = {"http", "https", "mailto"}
_FRONT_MATTER = re.compile(r"---\n(.{0,8000}?\n)---(?:\n|\Z)", re.DOTALL)
_ALIGN = {"text-align:left": "left", "text-align:center": "center", "text-align:right": "right"}
NESTING_MAX = 40
CHARS_MAX = 300_000
"""Longer Markdown is shown as source; rendering costs up to 10 s per MB."""
BRACKETS_TIMES_CHARS_MAX = 200_000_000
"""For each opening bracket the parser may look through the rest of its block: 14,000 of nothing else take 0.4 s."""
_BLANK_LINE = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, for the outline; by its name links of other files lead to it, as other renderers have it."""

    level: int
    text: str
    anchor: str
    name: str


@dataclass(frozen=True, slots=True)
class Document:
    """Rendered Markdown.

    Attributes:
        front_matter: The YAML block at its beginning, line by line, highlighted.
    """

    html: Markup
    headings: Sequence[Heading]
    front_matter: Sequence[Markup]


def is_quick_to_render(text: str) -> bool:
    """Whether *text* can be rendered in a second or two, whoever wrote it."""
    if len(text) > CHARS_MAX:
        return False
    blocks = _BLANK_LINE.split(text.replace("\r\n", "\n"))
    return all(block.count("[") * len(block) <= BRACKETS_TIMES_CHARS_MAX for block in blocks)


@dataclass(frozen=True, slots=True)
class Pages:
    """What the pages of a document are called, and the lines on which they begin."""

    word: str
    lines: Sequence[int]


def render_markdown(
    text: str, path: str, pages: Pages | None = None, *, anchored: bool = True, places: Places = EVERYWHERE
) -> Document:
    """Return *text*, the content of the file *path*, as HTML; a block of line 12 has the anchor `L12`.

    Args:
        anchored: Whether it has; several texts on one page must not have the same ones.
        places: Where its links and images may lead.
    """
    shown = visible(text.replace("\r\n", "\n"))
    front, shown = _split_front_matter(shown)
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTING_MAX}).enable(["table", "strikethrough"])
    tokens = parser.parse(shown)
    headings = _headings(tokens)
    _walk(tokens, posixpath.dirname(path), places)
    _lead_to_headings(tokens, headings)
    if anchored:
        _name_headings(tokens, headings)
    _check_tasks(tokens)
    if pages is not None:
        tokens = _with_pages(tokens, pages)
    html = parser.renderer.render(_fenced(tokens), parser.options, {})
    clean = nh3.clean(
        html,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES if anchored else _WITHOUT_ANCHORS,
        set_tag_attribute_values=_VALUES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )
    return Document(Markup(clean), headings, highlighted_lines(front, "yaml") if front else [])  # noqa: S704 - cleaned


def _split_front_matter(text: str) -> tuple[str, str]:
    found = _FRONT_MATTER.match(text)
    if found is None:
        return "", text
    return found[1], "\n" * found[0].count("\n") + text[found.end() :]


def _with_pages(tokens: Sequence[Token], pages: Pages) -> list[Token]:
    """Return *tokens* with a mark where a page begins, between the blocks, so that no line gets another number."""
    marks = [
        (line, Token("html_block", "", 0, content=f'<p class="page-mark">{pages.word} {number}</p>\n'))
        for number, line in enumerate(pages.lines, 1)
    ]
    marked: list[Token] = []
    for token in tokens:
        begins = token.level == 0 and token.nesting >= 0 and token.map is not None
        while begins and marks and token.map is not None and token.map[0] + 1 >= marks[0][0]:
            marked.append(marks.pop(0)[1])
        marked.append(token)
    return [*marked, *(mark for _, mark in marks)]


def _headings(tokens: Sequence[Token]) -> list[Heading]:
    found = []
    counts: Counter[str] = Counter()
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open" and opening.map is not None:
            text = "".join(child.content for child in inline.children or () if child.type in {"text", "code_inline"})
            text = text or "…"
            name = _NOT_IN_NAMES.sub("", text.lower()).replace(" ", "-")
            numbered = f"{name}-{counts[name]}" if counts[name] else name
            found.append(Heading(int(opening.tag[1]), text, f"L{opening.map[0] + 1}", numbered))
            counts[name] += 1
    return found


def _walk(tokens: Sequence[Token], directory: str, places: Places) -> None:
    """Give blocks their anchors, and lead links and images to where they may lead."""
    anchored: set[int] = set()
    for token in tokens:
        if token.map is not None and token.nesting == 1 and token.tag in _BLOCKS and token.map[0] not in anchored:
            anchored.add(token.map[0])
            token.attrSet("id", f"L{token.map[0] + 1}")
        style = token.attrs.pop("style", None)
        if isinstance(style, str) and style in _ALIGN:
            token.attrSet("class", _ALIGN[style])
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("href", _link(str(child.attrGet("href") or ""), directory, places))
            elif child.type == "image":
                _place_image(child, directory, places)


def _lead_to_headings(tokens: Sequence[Token], headings: Sequence[Heading]) -> None:
    """Lead `#the-plan` to the heading *The plan*."""
    anchors: dict[str, str] = {}
    for heading in headings:
        anchors.setdefault(f"#{heading.name}", f"#{heading.anchor}")
    for child in itertools.chain.from_iterable(token.children or () for token in tokens):
        if child.type == "link_open":
            named = unquote(str(child.attrGet("href")))
            child.attrSet("href", anchors.get(named, str(child.attrGet("href"))))


def _name_headings(tokens: Sequence[Token], headings: Sequence[Heading]) -> None:
    """Give headings a second anchor, their name, for links from other files, which know no line."""
    inlines = (inline for opening, inline in itertools.pairwise(tokens) if opening.type == "heading_open")
    seen: set[str] = set()
    for inline, heading in zip(inlines, headings, strict=True):
        if heading.name not in seen:
            seen.add(heading.name)
            mark = Markup('<span id="{}"></span>').format(_NAMED + heading.name)
            inline.children = [Token("html_inline", "", 0, content=mark), *(inline.children or ())]


def _check_tasks(tokens: Sequence[Token]) -> None:
    """Make a box of the `[ ]` or `[x]` at the beginning of an item."""
    for item, paragraph, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if item.type != "list_item_open" or paragraph.type != "paragraph_open" or not inline.children:
            continue
        first = inline.children[0]
        found = _TASK.match(first.content) if first.type == "text" else None
        if found is None:
            continue
        first.content = first.content[found.end() :].lstrip()
        box = Token("task", "input", 0, attrs={"type": "checkbox", "disabled": ""})
        done = found[1] != " "
        box.attrSet("aria-label", "Done" if done else "To do")
        if done:
            box.attrSet("checked", "")
        inline.children.insert(0, box)
        item.attrSet("class", "task")


def _link(href: str, directory: str, places: Places) -> str:
    parts = _split(href)
    if parts is None:
        return "#"
    scheme, rest, fragment = parts
    if scheme is not None:
        return href if scheme in _SCHEMES else "#"
    path = _resolve(rest, directory)
    if not rest:
        return f"#{fragment}" if fragment else "#"
    page = None if path is None else places.page(path)
    return "#" if page is None or path is None else page + _anchor_in(path, fragment)


def _anchor_in(path: str, fragment: str) -> str:
    """Return what leads to a line of the file *path* or, in Markdown, to the heading that *fragment* names."""
    if not fragment:
        return ""
    is_heading = by_name(path) == "text/markdown" and not _LINES.fullmatch(fragment)
    return f"#{_NAMED}{quote(unquote(fragment).lower())}" if is_heading else f"#{fragment}"


def _place_image(token: Token, directory: str, places: Places) -> None:
    """Show an image of the workspace; one from elsewhere becomes a link, so that looking tells nobody."""
    source = str(token.attrGet("src") or "")
    parts = _split(source)
    path = _resolve(parts[1], directory) if parts is not None and parts[0] is None else None
    address = places.bytes(path) if path else None
    if address is not None:
        token.attrSet("src", address)
        return
    token.type, token.tag, token.children = "text", "", None
    token.content = f"[image: {token.content or source}]"


def _split(href: str) -> tuple[str | None, str, str] | None:
    """Return (scheme or None when it stays here, path, fragment), or None when it is no address at all."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return None
    if parts.scheme or parts.netloc:
        return parts.scheme.lower() or "https", parts.path, parts.fragment
    return None, parts.path, parts.fragment


def _resolve(href: str, directory: str) -> str | None:
    """Return the path that a relative link means, seen from *directory*; None when it leads out."""
    path = unquote(href)
    joined = posixpath.normpath(path.lstrip("/") if path.startswith("/") else posixpath.join(directory, path))
    if joined == ".":
        return ""
    return None if joined.startswith("..") or "\0" in joined else joined


def _fenced(tokens: Sequence[Token]) -> list[Token]:
    """Return *tokens* with code blocks highlighted."""
    done = []
    for token in tokens:
        if token.type in {"fence", "code_block"}:
            language = (token.info.split() or [""])[0].lower()
            anchor = f' id="L{token.map[0] + 1}"' if token.map is not None else ""
            code = Markup("\n").join(highlighted_lines(token.content, language or None))
            block = Token("html_block", "", 0)
            block.content = f"<pre{anchor}><code>{code}</code></pre>\n"
            done.append(block)
        else:
            done.append(token)
    return done
