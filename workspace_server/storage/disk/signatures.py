"""What a file's stat says about its content: whether it can be other than when it was last read."""

import os
from typing import NamedTuple

GRANULARITY_NS = 100_000_000
"""Two changes within this time may carry one time stamp: the kernel's tick (10 ms at most) with a wide margin."""
COARSE_GRANULARITY_NS = 2_000_000_000
"""The same on file systems that keep whole seconds (FAT: two)."""


class Signature(NamedTuple):
    """A stat in short; equal signatures mean equal content, when they are trusted."""

    mtime_ns: int
    ctime_ns: int
    size: int
    inode: int

    @classmethod
    def of(cls, stat: os.stat_result) -> "Signature":
        """Return the signature in a stat."""
        return cls(stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)

    @classmethod
    def parse(cls, text: str | None) -> "Signature | None":
        """Return the signature that `str` wrote; None for what is not one."""
        try:
            return cls(*map(int, (text or "").split(":")))
        except (TypeError, ValueError):
            return None

    def __str__(self) -> str:
        return ":".join(map(str, self))

    def same_file(self, other: "Signature | None") -> bool:
        """Return whether the bytes are the same, over a rename or chmod: those move the ctime alone."""
        return other is not None and (self.mtime_ns, self.size, self.inode) == (
            other.mtime_ns,
            other.size,
            other.inode,
        )

    def trusted(self, taken_ns: int) -> bool:
        """Return whether a change after *taken_ns*, when the content was read, must show in the signature.

        Git's rule for racy entries: a file that changed just before it was read may change again within the same time
        stamp, and nobody would see it.
        """
        coarse = self.mtime_ns % 1_000_000_000 == 0
        return self.mtime_ns + (COARSE_GRANULARITY_NS if coarse else GRANULARITY_NS) <= taken_ns
