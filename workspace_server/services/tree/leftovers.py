"""Displaced files whose bytes are kept elsewhere, until nobody can write into them any more."""

import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple

from workspace_server.core.limits import LIMITS
from workspace_server.storage.disk.signatures import Signature
from workspace_server.storage.disk.tree import Tree

log = logging.getLogger(__name__)

Verdict = Literal["ours", "wait", "stranger"]


class Leftover(NamedTuple):
    """A displaced file that may go, unless somebody still writes to it.

    `ours` are the hashes of bytes that need no keeping: the server's own, and those that were kept as a version. With
    a `signature` it was displaced unread, and every change since shows there; without one it is read before it goes.
    """

    temporary: str
    path: str
    ours: AbstractSet[str]
    signature: Signature | None = None


def clear(tree: Tree, leftovers: Sequence[Leftover]) -> tuple[list[Leftover], list[Leftover]]:
    """Remove displaced files; return those still open for writing, and those that were written to since.

    Args:
        leftovers: In the order in which they were displaced.
    """
    waiting, strangers = [], []
    for leftover in leftovers:
        verdict, size_bytes = _verdict(tree, leftover)
        if verdict == "wait":
            # Without its signature: a mapped file may change without a new time stamp.
            waiting.append((leftover._replace(signature=None), size_bytes))
        elif verdict == "stranger":
            strangers.append(leftover)
        else:
            tree.discard(leftover.temporary, reuse=leftover.signature is not None)
    return _bounded(tree, waiting), strangers


def hash_of(tree: Tree, temporary: str) -> str | None:
    """Return the hash of a temporary file; None when it is gone."""
    reading = tree.open_temporary(temporary)
    if reading is None:
        return None
    with reading:
        return reading.sha256()


def _bounded(tree: Tree, waiting: Sequence[tuple[Leftover, int]]) -> list[Leftover]:
    """Return those that are waited for further; the oldest beyond the bound go where their writers may write for ever.

    A rename does not disturb a writer: what it writes later is kept with the rest.
    """
    stay: list[Leftover] = []
    room_bytes = LIMITS.displaced_open_bytes_max
    for leftover, size_bytes in reversed(waiting):
        if len(stay) < LIMITS.displaced_open_max and size_bytes <= room_bytes:
            room_bytes -= size_bytes
            stay.append(leftover)
            continue
        kept = tree.keep(leftover.temporary)
        log.warning("a former %s is still open somewhere; what is written there is kept at %s", leftover.path, kept)
    return stay[::-1]


def _verdict(tree: Tree, leftover: Leftover) -> tuple[Verdict, int]:
    """Return what is to become of a displaced file, and its size."""
    reading = tree.open_temporary(leftover.temporary)
    if reading is None:
        return "ours", 0
    with reading:
        # Asked before it is read: once nobody writes, nobody can begin to, as the file has left its path.
        if reading.has_writer():
            return "wait", reading.size_bytes
        untouched = reading.signature.same_file(leftover.signature)
        known = untouched or reading.sha256() in leftover.ours
        return "ours" if known else "stranger", reading.size_bytes
