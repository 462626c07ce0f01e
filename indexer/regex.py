"""Regular expressions in linear time: what a `Pattern` finds, and why one is refused.

RE2 is an automaton: it never goes back, so no pattern takes more than linear time on any text. It has no look-arounds
and no back-references for the same reason.
"""

import codecs
from typing import Final

import re2

from indexer.exact import Bytes, Tick
from indexer.limits import CONVERTED_BYTES_MAX, QUERY_CHARS_MAX, REGEX_MEMORY_BYTES, REGEX_PIECE_BYTES

_BY_LINES: Final = "(?m)"
_IMPOSSIBLE: Final = 1
"""The size of a program that fails at once."""
_LOOK_AROUNDS: Final = ("(?=", "(?!", "(?<", "(?>")
_IN_WORDS: Final = {
    "missing )": "a bracket `(` is never closed",
    "unexpected )": "a bracket `)` was never opened",
    "missing ]": "a bracket `[` is never closed",
    "trailing \\": "it ends in a lone `\\`",
    "no argument for repetition operator": "there is nothing before this to repeat",
    "bad repetition operator": "one repetition follows another",
    "invalid repetition size": "it repeats something more than 1000 times",
    "invalid perl operator": "there is no such kind of group",
    "invalid named capture group": "a group cannot have this name",
    "invalid escape sequence": "there is no such escape",
    "invalid character class range": "there is no such set of characters",
    "pattern too large - compile failed": "it is too large: repeat less, or fewer kinds of letters",
}


class BadPattern(ValueError):
    """A pattern is no regular expression, or none that is searched for here; the message says why."""


class Pattern:
    r"""A regular expression that is looked for within each line.

    ``^`` and ``$`` are the start and the end of a line, whether it ends in ``\n`` or ``\r\n``. No match goes over
    the end of a line, whatever its flags: that keeps the time linear and each match's lines few.

    Args:
        text: In the syntax of RE2.

    Raises:
        BadPattern: It is not in that syntax, too long, too large, or can never match.
    """

    is_ascii = False

    def __init__(self, text: str) -> None:
        if len(text) > QUERY_CHARS_MAX:
            raise BadPattern(f"it is longer than {QUERY_CHARS_MAX} characters")
        try:
            compiled = re2.compile(_BY_LINES + text, _options())
        except UnicodeEncodeError:
            raise BadPattern("half of a surrogate pair stands in no text") from None
        except re2.error as error:
            raise BadPattern(_in_words(error)) from None
        finally:
            re2.purge()  # it keeps 128 patterns, each with the memory of its automaton
        if compiled.programsize <= _IMPOSSIBLE:
            raise BadPattern("no line can match it: a line end is never part of a match")
        self._search = compiled.search

    def prepared(self, data: Bytes) -> Bytes:
        """Return *data* without the mark at its start and with plain line ends, unless it is very long."""
        if len(data) > CONVERTED_BYTES_MAX:
            return data
        return bytes(data).removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")

    def find(self, data: Bytes, at: int, tick: Tick) -> tuple[int, int] | None:
        """Return the span of the first match from *at* on, piece by piece, each a number of whole lines."""
        size = len(data)
        while at < size:
            tick()
            line_end = data.find(b"\n", at + REGEX_PIECE_BYTES)
            stop = size if line_end < 0 else line_end
            found = self._search(data, at, stop)
            if found is not None:
                start, end = found.span()
                return None if start == size and data[-1:] == b"\n" else (start, end)  # no line follows the last end
            at = stop + 1
        return None


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = REGEX_MEMORY_BYTES
    options.log_errors = False
    options.never_capture = True  # where a match stands is enough, and an automaton without groups is told more quickly
    options.never_nl = True
    return options


def _in_words(error: Exception) -> str:
    """Return RE2's reason in words, with the part of the pattern that it names."""
    said = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error.args[0])
    reason, _, part = said.partition(": ")
    part = part.removeprefix(_BY_LINES)
    if part.startswith(_LOOK_AROUNDS):
        return f"look-arounds such as `{part}` are not there: they take more than linear time"
    if reason == "invalid escape sequence" and part[1:].isdigit():
        return f"back-references such as `{part}` are not there: they take more than linear time"
    reason = _IN_WORDS.get(reason, reason)
    return f"{reason}: `{part}`" if part else reason
