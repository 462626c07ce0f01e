r"""Edits by old and new text, applied to the head inside the commit.

Line ends match loosely: `\n` in an edit matches `\r\n` in the file, and the file keeps its own.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from workspace_server.errors import EditFailed

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
    """
    ending = "\r\n" if "\r\n" in text else "\n"
    crlf = ending == "\r\n" and text.count("\n") == text.count("\r\n")
    work = text.replace("\r\n", "\n") if crlf else text
    for index, edit in enumerate(edits):
        old, new = edit.old_text, edit.new_text
        if crlf or old not in work:
            old, new = old.replace("\r\n", "\n"), new.replace("\r\n", "\n")
        if not crlf and old not in work and ending == "\r\n":
            old, new = old.replace("\n", "\r\n"), new.replace("\n", "\r\n")
        matches = work.count(old)
        if matches == 0 or (matches > 1 and not edit.all):
            raise _failed(index, matches)
        work = work.replace(old, new)
    return work.replace("\n", "\r\n") if crlf else work


def _failed(index: int, matches: int) -> EditFailed:
    if matches:
        return EditFailed(
            f"Edit {index}: its old_text occurs {matches} times.",
            hint="Add lines around it until it is unique, or set all=true.",
            edit=index,
            matches=matches,
        )
    return EditFailed(
        f"Edit {index}: its old_text does not occur in the file.",
        hint="Read the file again and copy the text exactly, white space included.",
        edit=index,
        matches=0,
    )


def nearest(old: str, text: str) -> str | None:
    """Return the lines of *text* that look most like *old*, for the one who edits; slow, so not inside a commit."""
    wanted = old.strip().splitlines()
    lines = text.splitlines()[:NEAREST_LINES_MAX]
    if not wanted or not lines:
        return None
    found = difflib.get_close_matches(wanted[0][:200], [line[:200] for line in lines], n=1, cutoff=0.5)
    if not found:
        return None
    at = next(number for number, line in enumerate(lines) if line[:200] == found[0])
    return "\n".join(lines[at : at + len(wanted)])[:NEAREST_CHARS_MAX]
