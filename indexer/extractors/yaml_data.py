"""YAML, read as a stream of events: an alias is never expanded, so a small file cannot become a large one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from indexer.collector import Collector, Malformed
from indexer.extractors.leaves import Leaf, Pointer, add_leaves
from indexer.extractors.registry import Extractor
from indexer.limits import NESTING_MAX, STRUCTURED_CHARS_MAX

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read: the key or index that comes next, and where its key began."""

    pointer: Pointer
    is_mapping: bool
    key: str | None = None
    key_start: int = 0
    index: int = 0


def yaml_leaves(out: Collector, text: str, offset: int = 0) -> Iterator[Leaf]:
    """Yield the scalars of *text*, which stands at *offset* of the document.

    Raises:
        Malformed: It is not YAML, or nests too deep.
    """
    documents = 0
    stack: list[_Open] = []
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            out.tick()
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                stack = [_Open(() if documents == 1 else (documents - 1,), is_mapping=True, key="")]
            elif isinstance(event, yaml.CollectionStartEvent):
                if len(stack) > NESTING_MAX:
                    raise Malformed(f"nested deeper than {NESTING_MAX} levels")
                pointer, _ = _place(stack, _at(event.start_mark))
                stack.append(_Open(pointer, is_mapping=isinstance(event, yaml.MappingStartEvent)))
            elif isinstance(event, yaml.CollectionEndEvent):
                stack.pop()
                _advance(stack[-1])
            elif isinstance(event, yaml.AliasEvent):
                _scalar(stack, "", _at(event.start_mark), _at(event.end_mark))
            elif isinstance(event, yaml.ScalarEvent):
                leaf = _scalar(stack, event.value, _at(event.start_mark), _at(event.end_mark))
                plain_nothing = event.implicit[0] and event.value in _NOTHING
                if leaf and not plain_nothing:
                    yield Leaf(leaf.pointer, leaf.value, leaf.start + offset, leaf.end + offset)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {out.document.line_of(offset + mark.index)}" if mark else ""
        raise Malformed(f"not valid YAML{where}") from None


def _at(mark: Any) -> int:
    """Return the character that an event's mark stands for; events of a text always have one."""
    return int(mark.index)


def _place(stack: list[_Open], start: int) -> tuple[Pointer, int]:
    """Return the pointer of a value that begins at *start*, and where its quote begins."""
    top = stack[-1]
    if not top.is_mapping:
        return (*top.pointer, top.index), start
    if len(stack) == 1:
        return top.pointer, start
    return (*top.pointer, top.key or ""), top.key_start


def _advance(top: _Open) -> None:
    """Note that a value (or a key that is not a scalar) has been read."""
    if top.is_mapping:
        top.key = None if top.key is not None else ""
    else:
        top.index += 1


def _scalar(stack: list[_Open], value: str, start: int, end: int) -> Leaf | None:
    """Return the leaf that a scalar is, or None when it is the key of the next one."""
    top = stack[-1]
    if top.is_mapping and top.key is None:
        top.key, top.key_start = value, start
        return None
    pointer, quote_start = _place(stack, start)
    _advance(top)
    return Leaf(pointer, value, quote_start, end)


def extract_yaml(out: Collector) -> None:
    """Add the leaves of every document in the text."""
    add_leaves(out, yaml_leaves(out, out.document.text))


YAML: Final = Extractor(
    name="yaml",
    version=3,
    suffixes=(".yaml", ".yml"),
    media_types=("application/yaml", "application/x-yaml", "text/yaml"),
    chars_max=STRUCTURED_CHARS_MAX,
    extract=extract_yaml,
)
