"""Displaced files whose bytes are kept elsewhere, until nobody can write into them any more."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple

from workspace_server.storage.disk.signatures import Signature
from workspace_server.storage.disk.tree import Tree


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
    """Remove displaced files; return those still open for writing, and those that were written to since."""
    waiting, strangers = [], []
    for leftover in leftovers:
        verdict = _verdict(tree, leftover)
        if verdict == "wait":
            waiting.append(leftover._replace(signature=None))  # a mapped file may change without a new time stamp
        elif verdict == "stranger":
            strangers.append(leftover)
        else:
            tree.discard(leftover.temporary, reuse=leftover.signature is not None)
    return waiting, strangers


def hash_of(tree: Tree, temporary: str) -> str | None:
    """Return the hash of a temporary file; None when it is gone."""
    reading = tree.open_temporary(temporary)
    if reading is None:
        return None
    with reading:
        return reading.sha256()


def _verdict(tree: Tree, leftover: Leftover) -> Literal["ours", "wait", "stranger"]:
    reading = tree.open_temporary(leftover.temporary)
    if reading is None:
        return "ours"
    with reading:
        # Asked before it is read: once nobody writes, nobody can begin to, as the file has left its path.
        if reading.has_writer():
            return "wait"
        untouched = reading.signature.same_file(leftover.signature)
        return "ours" if untouched or reading.sha256() in leftover.ours else "stranger"
