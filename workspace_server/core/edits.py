r"""Edits by old and new text, applied to the head inside the commit.

Line ends match loosely: `\n` in an edit matches `\r\n` in the file, and the file keeps its own.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from workspace_server.core.limits import LIMITS
from workspace_server.errors import EditFailed, TooLarge

NEAREST_CHARS_MAX = 400
NEAREST_LINES_MAX = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Replace *old_text* by *new_text*: its only occurrence, or every one."""

    old_text: str
    new_text: str
    all: bool = False


def apply(text: str, edits: Sequence[Edit]) -> str:
    """Return *text* after *edits*, one after the other.

    Raises:
        EditFailed: An old text does not occur, or occurs more than once without `all`.
        TooLarge: The text would grow beyond what can be edited.
    """
    ends, pairs = text.count("\n"), text.count("\r\n")
    crlf = 0 < pairs == ends
    work = text.replace("\r\n", "\n") if crlf else text
    for index, edit in enumerate(edits):
        old, new = edit.old_text, edit.new_text
        if ends and (crlf or not pairs):
            old, new = old.replace("\r\n", "\n"), new.replace("\r\n", "\n")
        elif pairs and old not in work:
            old, new = _as_in_mixed(work, old, new)
        matches = work.count(old)
        if matches == 0 or (matches > 1 and not edit.all):
            raise _failed(index, len(edits), matches)
        _check_size(len(work) + matches * (len(new) - len(old)))
        work = work.replace(old, new)
    return work.replace("\n", "\r\n") if crlf else work


def _as_in_mixed(work: str, old: str, new: str) -> tuple[str, str]:
    """Return the texts with the line ends under which the old one occurs in a file that mixes them."""
    old, new = old.replace("\r\n", "\n"), new.replace("\r\n", "\n")
    if old in work:
        return old, new
    return old.replace("\n", "\r\n"), new.replace("\n", "\r\n")


def _check_size(chars: int) -> None:
    """Refuse to build a text that a small call blows up, such as `all` of one letter by a megabyte."""
    if chars > LIMITS.tool_content_bytes_max:
        raise TooLarge(
            f"The file would have {chars} characters after this edit.",
            hint="Write it in parts, or send it with PUT.",
            limit=LIMITS.tool_content_bytes_max,
            actual=chars,
        )


def _failed(index: int, count: int, matches: int) -> EditFailed:
    if matches:
        return EditFailed(
            f"Edit {index + 1} of {count}: its old_text occurs {matches} times.",
            hint="Add lines around it until it is unique, or set all=true.",
            edit=index,
            matches=matches,
        )
    return EditFailed(
        f"Edit {index + 1} of {count}: its old_text does not occur in the file.",
        hint="Read the file again and copy the text exactly, white space included.",
        edit=index,
        matches=0,
    )


def nearest(old: str, text: str) -> str | None:
    """Return the lines of *text* that look most like *old*, for the one who edits; slow, so not inside a commit."""
    wanted = old.strip().splitlines()[:NEAREST_LINES_MAX]
    lines = text.splitlines()[:NEAREST_LINES_MAX]
    if not wanted or not lines:
        return None
    found = difflib.get_close_matches(wanted[0][:200], [line[:200] for line in lines], n=1, cutoff=0.5)
    if not found:
        return None
    at = next(number for number, line in enumerate(lines) if line[:200] == found[0])
    return "\n".join(lines[at : at + len(wanted)])[:NEAREST_CHARS_MAX]
