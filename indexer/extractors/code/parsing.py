"""From source text to a syntax tree, within bounds; and from its bytes back to characters.

The parser copes with any text and keeps what it understands. It is fast on code and on most of what is none, but some
grammars have constructs that a hostile text nests until it takes gigabytes: brackets of any kind, above all ``<``,
which is an operator or a bracket. So nesting is counted beforehand, and the steps of the parser while it works.
"""

import importlib
import re
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from tree_sitter import Language as Grammar
from tree_sitter import Node, Parser

from indexer.collector import Malformed
from indexer.limits import CODE_ANGLES_MAX, CODE_NESTING_MAX, CODE_STEPS_MIN, CODE_STEPS_PER_KIB, PARSE_CPU_S_MAX

_BRACKETS: Final = re.compile(r"[(\[{}\])<>;]")
_ARROW: Final = re.compile(r".?(?:<[-=<]|>=)|[-=]>|<<", re.DOTALL)
"""Signs that are no brackets; looked for from the character before the sign on."""
_CHECKPOINT_BYTES: Final = 1024
_CONTINUING: Final = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 with which no character begins."""


@lru_cache(maxsize=32)
def grammar(module: str, entry: str) -> Grammar:
    """Return a grammar; its module is loaded when the first file of that language comes."""
    return Grammar(getattr(importlib.import_module(module), entry)())


def parse(text: str, source: bytes, language: Grammar) -> Node:
    """Return the root of the syntax tree of *source*, which is *text* in UTF-8.

    Raises:
        Malformed: It is nested too deeply, or takes too long.
    """
    if is_too_deep(text):
        raise Malformed("nested too deeply: searchable, without facts")
    steps_max = CODE_STEPS_MIN + CODE_STEPS_PER_KIB * len(source) // 1024
    try:
        return (
            Parser(language)
            .parse(lambda offset, _: source[offset : offset + 65536], progress_callback=_ending_after(steps_max))
            .root_node
        )
    except ValueError:  # the only reason that parsing fails is that it was ended
        raise Malformed("too intricate to be parsed: searchable, without facts") from None


def _ending_after(steps_max: int) -> Callable[[int, bool], bool]:
    steps = 0
    ends_at = time.thread_time() + PARSE_CPU_S_MAX

    def is_enough(_offset: int, _has_error: bool) -> bool:
        nonlocal steps
        steps += 1
        return steps > steps_max or time.thread_time() > ends_at

    return is_enough


def is_too_deep(text: str) -> bool:
    """Return whether more brackets are open at once than code has; a ``<`` is until a ``>`` or the statement ends."""
    depth = angles = 0
    for match in _BRACKETS.finditer(text):
        found, at = match[0], match.start()
        if found in "([{":
            depth += 1
        elif found in ")]}":
            depth = max(0, depth - 1)
        elif found in "<>" and _ARROW.match(text, max(0, at - 1)) is None:
            angles = max(0, angles + (1 if found == "<" else -1))
        if found in "{};":
            angles = 0
        if depth > CODE_NESTING_MAX or angles > CODE_ANGLES_MAX:
            return True
    return False


class Places:
    """Where bytes of a source stand in its text, in constant time for each."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._checkpoints: list[int] = []
        if source.isascii():
            return
        chars = 0
        for at in range(0, len(source) + 1, _CHECKPOINT_BYTES):
            self._checkpoints.append(chars)
            chars += _chars(source[at : at + _CHECKPOINT_BYTES])

    def char(self, byte: int) -> int:
        """Return the offset in characters of the character that begins at *byte*."""
        if not self._checkpoints:
            return byte
        page = byte // _CHECKPOINT_BYTES
        return self._checkpoints[page] + _chars(self._source[page * _CHECKPOINT_BYTES : byte])


def _chars(data: bytes) -> int:
    return len(data.translate(None, _CONTINUING))
