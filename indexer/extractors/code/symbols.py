"""The symbols of a syntax tree: what has a name that others call it by, with its signature and what is said above it.

The tree is walked with a stack, never by recursion, and only where declarations stand: the bodies of functions are
passed over.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tree_sitter import Node

from indexer.extractors.code.languages import DECLARED, Language
from indexer.vocabulary import words

_OWNING: Final = words("class struct interface trait enum module type")
"""Keys of the symbols that can have others inside them."""
_NAME_FIELDS: Final = ("name", "declarator", "property", "left")
_VALUE_FIELDS: Final = ("value", "right", "type")
_WHOLE_NAMES: Final = words("qualified_identifier member_expression nested_identifier")
_NAMED_WITHIN: Final = words("reference_declarator variable_declaration const_element")
"""Nodes that hold a name without a field for it."""
_NAME_STEPS_MAX: Final = 16
_NAME_BYTES_MAX: Final = 120
_PREFIX_BYTES_MAX: Final = 300
_SHORT_ENUM_BYTES: Final = 200
"""Enumerations up to this size are quoted with their members."""
_STOPS: Final = words(
    "{ ; end => field_initializer_list constructor_initializer accessor_list field_declaration_list macro_rule "
    "ordered_field_declaration_list"
)
_KEPT_BODIES: Final = words("ordered_field_declaration_list")
_SEPARATORS: Final = re.compile(r"::|\\|->")
_EXPORTED: Final = re.compile(r"^(?:module\.)?exports(?:\.|$)|\.prototype\b")
_GENERIC: Final = re.compile(r"[<\[(].*", re.DOTALL)
_INDENT_BYTES_MAX: Final = 200
_BLANKS: Final = b" \t\r\n\f"

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """One symbol; all places are in bytes of the source.

    Attributes:
        name: With the names of what it stands in, joined by dots.
        start: Where its signature begins, after annotations.
        end: Where its signature ends, before its body.
        whole_end: Where it ends itself.
        docs: The spans of the comments right above it.
    """

    name: str
    key: str
    start: int
    end: int
    whole_end: int
    docs: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """A node whose children are looked at: what owns them, and where the first of them begins if not at its own."""

    node: Node
    owner: str = ""
    begin: int | None = None
    docs: list[Span] = field(default_factory=list)


def symbols_of(root: Node, source: bytes, language: Language, tick: Callable[[], None]) -> list[Symbol]:
    """Return the symbols of a tree in their order; a signature that does not parse makes none."""
    found: list[Symbol] = []
    places = [_Place(root)]
    while places:
        place = places.pop()
        begin, docs, docs_end = place.begin, place.docs, 0
        for child in place.node.children:
            tick()
            if place.begin is None and source.count(b"\n", docs_end or child.start_byte, child.start_byte) > 1:
                docs, docs_end = [], 0  # a blank line parts them from what comes below
            if child.type in language.comments:
                docs = _documented(docs, child, source, language)
                docs_end = docs[-1][1] if docs else 0
            elif not child.is_named:
                begin = None if child.type == "(" else begin  # a list of declarations begins none of them
            elif child.type in language.skipped:
                docs_end = docs_end and child.end_byte
            else:
                symbol, inside = _look_at(child, _Place(child, place.owner, begin, docs), source, language)
                found += [symbol] if symbol else []
                places += inside
                if symbol or inside or place.begin is None:
                    begin, docs, docs_end = None, [], 0
    return sorted(found, key=lambda symbol: (symbol.start, -symbol.whole_end))


def _look_at(node: Node, place: _Place, source: bytes, language: Language) -> tuple[Symbol | None, Sequence[_Place]]:
    """Return the symbol that a node is, and where to look for more inside it."""
    if node.type in language.symbols:
        symbol = _symbol(node, place, source, language)
        if symbol is None or symbol.key not in _OWNING:
            return symbol, ()
        return symbol, [_Place(node, symbol.name)]
    if node.type in language.owners:
        name_node = node.child_by_field_name(language.owners[node.type])
        name = _SEPARATORS.sub(".", _GENERIC.sub("", _text(name_node, source))) if name_node else ""
        return None, [_Place(node, _joined(place.owner, name))]
    if node.type in language.leads:
        begin = _begin(node, language) if place.begin is None else place.begin
        return None, [_Place(node, place.owner, begin, place.docs)]
    if node.type in language.lists or node.is_error:
        return None, [_Place(node, place.owner)]
    return None, ()


def _symbol(node: Node, place: _Place, source: bytes, language: Language) -> Symbol | None:
    start = _begin(node, language) if place.begin is None else place.begin
    name_node = _name_node(node)
    value = next((each for each in _values(node) if each.type in language.values), None)
    key = language.values[value.type] if value else language.symbols[node.type]
    if key == DECLARED:
        key = _declared(node, name_node, source[start : name_node.start_byte], source, language)
    name = _name(node, name_node, source)
    end = _signature_end(node, value, language)
    if not key or not name or end is None or (key == "constant" and end <= name_node.end_byte):
        return None  # a constant without its value tells nothing
    if key == "enum" and node.end_byte - start <= _SHORT_ENUM_BYTES:
        end = node.end_byte
    return Symbol(
        name=_joined(place.owner, name),
        key=key,
        start=start,
        end=end,
        whole_end=_whole_end(value or node),
        docs=tuple(place.docs),
    )


def _values(node: Node) -> Iterator[Node]:
    return (each for each in (node.child_by_field_name(name) for name in _VALUE_FIELDS) if each is not None)


def _begin(node: Node, language: Language) -> int:
    """Return where a declaration begins after its annotations."""
    passed = language.skipped | language.comments
    parts = (part for child in node.children for part in (child.children if child.type == "modifiers" else (child,)))
    return next((part.start_byte for part in parts if part.type not in passed), node.start_byte)


def _name_node(node: Node) -> Node:
    """Return the node that names a declaration; itself when there is none."""
    for _ in range(_NAME_STEPS_MAX):
        if node.type in _WHOLE_NAMES:
            break
        named = next((each for each in (node.child_by_field_name(name) for name in _NAME_FIELDS) if each), None)
        if named is None and node.type in _NAMED_WITHIN:
            named = node.named_children[-1 if node.type != "const_element" else 0]
        if named is None and node.type == "field_declaration":
            named = next((each for each in node.named_children if each.type == "variable_declaration"), None)
        if named is None:
            break
        node = named
    return node


def _name(node: Node, name_node: Node, source: bytes) -> str:
    """Return the name as others write it, or nothing where there is none that fits on a line."""
    if name_node == node or name_node.end_byte - name_node.start_byte > _NAME_BYTES_MAX:
        return ""
    name = _EXPORTED.sub("", _SEPARATORS.sub(".", _text(name_node, source)))
    receiver = node.child_by_field_name("receiver")
    if receiver is not None:
        said = _GENERIC.sub("", _text(receiver, source).strip("()")).split()
        name = _joined(said[-1].lstrip("*") if said else "", name)
    return "" if "\n" in name else name.strip(".")


def _declared(node: Node, name_node: Node, prefix: bytes, source: bytes, language: Language) -> str:
    """Return what a declaration declares: a function, a constant with its value, or nothing worth telling."""
    inner: Node | None = node
    for _ in range(_NAME_STEPS_MAX):
        inner = inner and (inner.child_by_field_name("declarator") or _referenced(inner))
        if inner is not None and inner.type == "function_declarator":
            within = inner.child_by_field_name("declarator")
            return "" if within is None or within.type == "parenthesized_declarator" else "function"
    before = frozenset(prefix[:_PREFIX_BYTES_MAX].decode("utf-8", "replace").split())
    has_value = source[name_node.end_byte : node.end_byte].lstrip(_BLANKS).startswith((b"=", b":"))
    is_constant = any(each <= before for each in language.constants)
    return (
        "constant" if is_constant and has_value and language.constant_name.fullmatch(_text(name_node, source)) else ""
    )


def _referenced(node: Node) -> Node | None:
    return node.named_children[-1] if node.type == "reference_declarator" else None


def _signature_end(node: Node, value: Node | None, language: Language) -> int | None:
    """Return where the signature ends, before the body; None when the parser could not make sense of it."""
    end = None
    for holder in (node, value) if value else (node,):
        body = holder.child_by_field_name("body")
        stop = body.start_byte if body and body.type not in _KEPT_BODIES else holder.end_byte
        for child in holder.children:
            if child.start_byte >= stop or child == value or (child.type in _STOPS and child != body):
                break
            if child.is_missing or child.has_error:
                return None
            if child.type not in language.comments and child.type not in {"=", ":"}:
                end = child.end_byte
    return end


def _whole_end(holder: Node) -> int:
    """Return where a declaration ends: at its last brace, for a comment behind it may count as a part of its body."""
    body = holder.child_by_field_name("body") or holder
    return next((child.end_byte for child in reversed(body.children) if child.type == "}"), holder.end_byte)


def _documented(docs: list[Span], comment: Node, source: bytes, language: Language) -> list[Span]:
    """Return the comments that stand right above each other and say what comes below them, now with *comment*."""
    start = comment.start_byte
    end = start + len(source[start : comment.end_byte].rstrip(_BLANKS))
    before = source[max(0, start - _INDENT_BYTES_MAX) : start].rpartition(b"\n")[2]
    if before.strip(_BLANKS) or not source.startswith(tuple(each.encode() for each in language.docs), start):
        return []
    if docs and source.count(b"\n", docs[-1][1], start) == 1:
        docs.append((start, end))
        return docs
    return [(start, end)]


def _text(node: Node, source: bytes) -> str:
    return source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _joined(owner: str, name: str) -> str:
    return f"{owner}.{name}" if owner and name else owner or name
