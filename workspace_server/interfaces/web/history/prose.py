"""What changed between two texts of Markdown, as they are read: whole paragraphs and list items, or words in them."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Literal, Union

from markupsafe import Markup, escape

from workspace_server.core.alignment import words
from workspace_server.interfaces.web.files.render.markdown import Document, is_quick_to_render, render_markdown

NODES_MAX = 4_000
"""Blocks of both texts together above which they are not compared."""
WORDS_MAX = 1_000
"""Words of both forms of a paragraph above which it is shown in both."""
PAIRS_MAX = 40_000
"""Blocks that are held against each other, one side times the other; beyond it each counts as gone or as new."""
ALIKE_MIN = 0.4
"""A paragraph that keeps fewer of its words than this is another one."""
_VOID = frozenset({"br", "hr", "img", "input"})
_HOLDERS = frozenset({"ul", "ol", "table", "thead", "tbody", "tr", "blockquote"})
"""Elements that hold blocks, and take no mark themselves."""
_ALWAYS_THE_SAME = _HOLDERS - {"tr"} | {"td", "th"}
"""Elements that are not told apart by what they say: the next list is the list, the next cell is the cell."""

Mark = Literal["ins", "del"]
Node = Union["Element", str]
Told = tuple[str | None, frozenset[str]]
"""What blocks are told apart by: the tag, and the words that it says."""


@dataclass(slots=True)
class Element:
    """An element of the rendered text; its attributes as they are written, without anchors."""

    tag: str
    attributes: str = ""
    children: list[Node] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What it says."""
        between = " " if self.tag in _HOLDERS else ""
        return between.join(child if isinstance(child, str) else child.text for child in self.children)

    @property
    def key(self) -> str:
        """The same for elements that look the same."""
        return "".join(_written(self))


def compare_prose(before: str, after: str, path: str) -> Markup | None:
    """Return the rendered text with what changed marked; None when it is too long for that."""
    if not (is_quick_to_render(before) and is_quick_to_render(after)):
        return None
    old, new = (_tree(render_markdown(text, path, anchored=False)) for text in (before, after))
    if _count(old) + _count(new) > NODES_MAX:
        return None
    return Markup("".join(_children(old, new)))  # noqa: S704 - made of cleaned elements and escaped text


class _Reader(HTMLParser):
    """Reads what the renderer wrote and nh3 has cleaned, so that every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("article")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, "".join(f' {name}="{escape(value or "")}"' for name, value in attrs))
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() or self.open[-1].tag not in {"article", *_HOLDERS}:
            self.open[-1].children.append(data)


def _tree(document: Document) -> Element:
    reader = _Reader()
    if document.front_matter:
        lines = Markup("\n").join(document.front_matter)
        reader.feed(f'<pre class="front">{lines}</pre>')
    reader.feed(document.html)
    reader.close()
    return reader.open[0]


def _count(element: Element) -> int:
    return 1 + sum(_count(child) for child in element.children if isinstance(child, Element))


def _children(old: Element, new: Element) -> Iterator[str]:
    """Yield the blocks of both, those that only one has marked, and those that changed compared."""
    before, after = old.children, new.children
    keys = _keys(before), _keys(after)
    for tag, first, last, begins, stops in difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from _each(after[begins:stops])
        else:
            yield from _replaced(before[first:last], after[begins:stops])


def _keys(nodes: Iterable[Node]) -> list[str]:
    return [node if isinstance(node, str) else node.key for node in nodes]


def _replaced(before: Sequence[Node], after: Sequence[Node]) -> Iterator[str]:
    """Yield blocks in the place of others: each compared with the one that it came from, where there is one."""
    if len(before) * len(after) > PAIRS_MAX:
        yield from (*_all_whole(before, "del"), *_all_whole(after, "ins"))
        return
    left = [(node, _told_by(node)) for node in before]
    come: list[Node] = []
    for node in after:
        told = _told_by(node)
        place = next((at for at, (_, other) in enumerate(left) if _is_same_thing(other, told)), None)
        if place is None:
            come.append(node)
            continue
        yield from (*_all_whole((one for one, _ in left[:place]), "del"), *_all_whole(come, "ins"))
        yield from _changed(left[place][0], node)
        left, come = left[place + 1 :], []
    yield from (*_all_whole((one for one, _ in left), "del"), *_all_whole(come, "ins"))


def _told_by(node: Node) -> Told:
    """Return what tells a block from others."""
    text = node if isinstance(node, str) else node.text
    return None if isinstance(node, str) else node.tag, frozenset(word for word in words(text) if not word.isspace())


def _is_same_thing(old: Told, new: Told) -> bool:
    """Whether a block is another one in a new form, by what is told of both."""
    (tag, before), (other, after) = old, new
    if tag != other or tag in _ALWAYS_THE_SAME:
        return tag == other
    return 2 * len(before & after) >= ALIKE_MIN * (len(before) + len(after))


def _changed(old: Node, new: Node) -> Iterator[str]:
    """Yield a block that stood there in another form."""
    if isinstance(old, str) or isinstance(new, str):
        yield from _words([str(escape(old))], [str(escape(new))])
        return
    if new.tag in _HOLDERS or _holds_blocks(old) or _holds_blocks(new):
        yield from (f"<{new.tag}{new.attributes}>", *_children(old, new), f"</{new.tag}>")
        return
    pieces = [list(_pieces(element)) for element in (old, new)]
    tags = [[piece for piece in side if piece.startswith("<")] for side in pieces]
    count = sum(len(words(element.text)) for element in (old, new))
    if tags[0] != tags[1] or count > WORDS_MAX:
        yield from (*_whole(old, "del"), *_whole(new, "ins"))
        return
    yield from (f"<{new.tag}{new.attributes}>", *_words(*pieces), f"</{new.tag}>")


def _holds_blocks(element: Element) -> bool:
    return any(isinstance(child, Element) and child.tag in {"p", "pre", *_HOLDERS} for child in element.children)


def _pieces(element: Element) -> Iterator[str]:
    """Yield what stands in an element: tags, and between two of them always one text, escaped; it may be empty."""
    text = ""
    for child in element.children:
        if isinstance(child, str):
            text += child
            continue
        yield from (str(escape(text)), f"<{child.tag}{child.attributes}>")
        text = ""
        if child.tag not in _VOID:
            yield from (*_pieces(child), f"</{child.tag}>")
    yield str(escape(text))


def _words(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Yield the pieces of both, whose tags are the same, with the words that changed marked."""
    for old, new in zip(before, after, strict=True):
        if old == new:
            yield new
            continue
        both = words(_unescaped(old)), words(_unescaped(new))
        for tag, first, last, begins, stops in difflib.SequenceMatcher(None, *both, autojunk=False).get_opcodes():
            gone, come = "".join(both[0][first:last]), "".join(both[1][begins:stops])
            if tag == "equal":
                yield str(escape(come))
                continue
            yield from _marked(escape(gone), "del") if gone else ()
            yield from _marked(escape(come), "ins") if come else ()


def _unescaped(text: str) -> str:
    return Markup(text).unescape()  # noqa: S704 - it becomes text, not markup


def _all_whole(nodes: Iterable[Node], mark: Mark) -> Iterator[str]:
    for node in nodes:
        yield from _whole(node, mark)


def _whole(node: Node, mark: Mark) -> Iterator[str]:
    """Yield a block that only one side has, with all that it says marked."""
    if isinstance(node, str):
        yield from _marked(escape(node), mark)
    elif node.tag in _VOID:
        yield from _marked(f"<{node.tag}{node.attributes}>", mark)
    elif node.tag in _HOLDERS or _holds_blocks(node):
        yield f"<{node.tag}{node.attributes}>"
        yield from _all_whole(node.children, mark)
        yield f"</{node.tag}>"
    else:
        inner = "".join(_each(node.children))
        yield from (f"<{node.tag}{node.attributes}>", *_marked(inner, mark), f"</{node.tag}>")


def _marked(html: str, mark: Mark) -> tuple[str, str, str]:
    return f"<{mark}>", html, f"</{mark}>"


def _each(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        yield from _written(node)


def _written(node: Node) -> Iterator[str]:
    """Yield a node as HTML."""
    if isinstance(node, str):
        yield str(escape(node))
        return
    yield f"<{node.tag}{node.attributes}>"
    yield from _each(node.children)
    if node.tag not in _VOID:
        yield f"</{node.tag}>"
