"""Displaced files that are the server's own, until nobody can write into them any more."""

import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple

from workspace_server.storage.disk.signatures import Signature
from workspace_server.storage.disk.tree import Tree

YOUNG_NS = 10_000_000_000
"""A displaced file that changed within this time is read again before it goes."""
WRITER_NS_MAX = 60_000_000_000
"""How long a displaced file is kept for a process that has it open for writing."""


class Leftover(NamedTuple):
    """A displaced file whose bytes are the server's own, unless somebody still writes to it."""

    temporary: str
    path: str
    signature: Signature
    ours: AbstractSet[str]
    trusted: bool


def clear(tree: Tree, leftovers: Sequence[Leftover]) -> tuple[list[Leftover], list[Leftover]]:
    """Remove displaced files; return those still open for writing, and those that were written to since."""
    waiting, strangers = [], []
    for leftover in leftovers:
        verdict = _verdict(tree, leftover)
        if verdict == "wait":
            waiting.append(leftover)
        elif verdict == "stranger":
            strangers.append(leftover)
        else:
            tree.discard(leftover.temporary, reuse=leftover.trusted)
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
        open_for_writing = reading.has_writer()
        age_ns = time.time_ns() - reading.signature.mtime_ns
        # What was displaced unread had a trusted signature: a later write shows. What was read may have been
        # written to in the same tick, and is read again while it is young.
        untouched = reading.signature.same_file(leftover.signature) and (leftover.trusted or age_ns > YOUNG_NS)
    if open_for_writing and age_ns < WRITER_NS_MAX:
        return "wait"
    if untouched or hash_of(tree, leftover.temporary) in leftover.ours:
        return "ours"
    return "stranger"
