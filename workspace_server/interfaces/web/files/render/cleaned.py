"""HTML that others made, with only that left in it which says something: no address is loaded, nothing acts."""

import re

import nh3
from markupsafe import Markup

_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark", "q", "s",
    "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr",
}  # fmt: skip
_BLOCKS = {
    "article", "aside", "blockquote", "caption", "center", "col", "colgroup", "dd", "details", "div", "dl", "dt",
    "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol",
    "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
}  # fmt: skip
_CELL = {"colspan", "rowspan", "align", "valign"}
_PLAIN = {"ol": {"start"}, "td": _CELL, "th": {*_CELL, "scope"}, "time": {"datetime"}}


def cleaned(html: str) -> Markup:
    """Return a piece of HTML for one of our own pages: without looks, names and links of its own."""
    return Markup(nh3.clean(html, tags=_INLINE | _BLOCKS, attributes=_PLAIN, link_rel=None))  # noqa: S704 - cleaned


_LOOKS = {"style", "class", "id", "dir", "lang", "title", "align", "bgcolor", "color", "width", "height", "border"}
_STYLE = re.compile(r"(<style[^>]*>)(.*?)(?=</style>)", re.DOTALL)
_LOADED = re.compile(
    r"@import[^;]{0,2000}|(?:url|image-set|image)\((?!\s{0,9}[\"']?data:)[^)]{0,2000}\)?", re.IGNORECASE
)


def cleaned_page(html: str) -> str:
    """Return a page of HTML for a frame of its own: with its looks; images only those that it brings with it."""
    clean = nh3.clean(
        html,
        tags=_INLINE | _BLOCKS | {"style", "img", "font"},
        clean_content_tags={"script", "title", "template"},
        attributes={**_PLAIN, "*": _LOOKS, "img": {"src", "alt"}, "a": {"href"}, "font": {"face", "size"}},
        attribute_filter=_kept,
        url_schemes={"data"},
        link_rel=None,
    )
    clean = _STYLE.sub(lambda found: found[1] + _unloading(found[2]), clean)
    return f'<!doctype html>\n<html>\n<head><meta charset="utf-8"></head>\n<body>\n{clean}\n</body>\n</html>\n'


def _unloading(style: str) -> str:
    """Return a style without the addresses that it would load; the headers of the page refuse what is left of them."""
    return _LOADED.sub("none", style)


def _kept(_tag: str, name: str, value: str) -> str | None:
    """Return the value of an attribute, or None for one that would lead out of the frame."""
    if name == "href":
        return value if value.startswith("#") else None
    if name == "src":
        return value if value.startswith("data:image/") else None
    return _unloading(value) if name == "style" else value
