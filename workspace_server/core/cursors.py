"""Opaque positions in the log, as a client keeps them for as long as it likes.

A cursor says up to where its holder has seen the log. One that has gone stale is no error: the holder is put where the
log can still be read, and is told that something may have been skipped.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

_MARK: Final = b"log1:"
"""Says what the number is; another form gets another mark, and cursors of the old one become stale."""
CURSOR_CHARS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading begins.

    Attributes:
        after_seq: The next event is the first one beyond.
        truncated: Whether it is later than the cursor said, so that events may have been skipped.
    """

    after_seq: int
    truncated: bool


def cursor(seq: int) -> str:
    """Return the cursor of whoever has seen the log up to *seq*."""
    return base64.urlsafe_b64encode(_MARK + str(seq).encode()).decode().rstrip("=")


def seq_of(text: str) -> int | None:
    """Return up to where the holder of a cursor has seen the log; None when it is none of ours."""
    if len(text) > CURSOR_CHARS_MAX or not text.isascii():
        return None
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    digits = plain.removeprefix(_MARK)
    if not plain.startswith(_MARK) or not digits.isdigit() or len(digits) > 18:
        return None
    return int(digits)


def place(seen_seq: int | None, *, head_seq: int, following_seq: int | None, least_seq: int = 0) -> Place:
    """Return where to begin for whoever has seen the log up to *seen_seq*.

    Args:
        seen_seq: None for a cursor that cannot be read; whoever has none begins at the head, with nothing skipped.
        head_seq: Where the log stands.
        following_seq: The first event beyond *seen_seq*; None when there is none. The log has no gaps but what
            retention removed and what a restored backup lost, so another one than the next was skipped.
        least_seq: Nothing up to here is wanted: it is too old, or too much.
    """
    if seen_seq is None or seen_seq > head_seq:
        return Place(head_seq, truncated=True)
    skipped = following_seq is not None and following_seq != seen_seq + 1
    if least_seq > seen_seq:
        return Place(min(least_seq, head_seq), truncated=True)
    return Place(seen_seq, truncated=skipped)
