"""Files of ours that were displaced, kept to be written over instead of being removed and made anew.

ext4 passes over every inode that was freed in the last seconds when it makes a file: with one made and one removed for
each save, making a file took 0.2 ms and more, writing over a spare one 0.01 ms (2026-11-21). Only files that nobody
else has open are used again, so no reader ever sees one content turn into another.
"""

import contextlib
import os
import secrets
import stat
from typing import NamedTuple

from workspace_server.storage.disk.leases import is_open_elsewhere

SPARES_MAX = 1_024
SPARE_BYTES_MAX = 256 * 1024
"""Larger files are removed: what is kept would be room that the disk lacks."""
PREFIX = "spare-"


class Spare(NamedTuple):
    """A spare file: its name, a descriptor for writing, and the size of what it still holds."""

    name: str
    descriptor: int
    size: int


class Spares:
    """The spare files of one directory; what a crash leaves of them is cleared at start.

    Args:
        directory: A descriptor of the directory; stays the caller's.
    """

    def __init__(self, directory: int) -> None:
        self._directory = directory
        self._names: list[str] = []
        self.clear()

    def add(self, name: str) -> bool:
        """Take the file *name* in; False when there is no use for it, so that the caller removes it."""
        if len(self._names) >= SPARES_MAX:
            return False
        spare = PREFIX + secrets.token_hex(8)
        try:
            found = os.stat(name, dir_fd=self._directory, follow_symlinks=False)
            if not _is_plain(found) or found.st_size > SPARE_BYTES_MAX:
                return False
            os.rename(name, spare, src_dir_fd=self._directory, dst_dir_fd=self._directory)
        except OSError:
            return False
        self._names.append(spare)
        return True

    def take(self, mode: int) -> Spare | None:
        """Return a spare file to be written over; None when there is none.

        It still has its old content, so it keeps a name that is cleared after a crash: the caller writes from the
        start, cuts it at the new end, and renames it only then.
        """
        while self._names:
            spare = self._names.pop()
            descriptor: int | None = None
            try:
                flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
                descriptor = os.open(spare, flags, dir_fd=self._directory)
                found = os.fstat(descriptor)
                if _is_plain(found) and is_open_elsewhere(descriptor, for_writing=False) is False:
                    if stat.S_IMODE(found.st_mode) != mode:
                        os.fchmod(descriptor, mode)
                    return Spare(spare, descriptor, found.st_size)
            except OSError:
                pass  # somebody has it open for writing, or it is gone: the next one will do
            if descriptor is not None:
                os.close(descriptor)
            self._remove(spare)
        return None

    def clear(self) -> None:
        """Remove all spare files, those of an earlier process too."""
        self._names.clear()
        with os.scandir(self._directory) as entries:
            left = [entry.name for entry in entries if entry.name.startswith(PREFIX)]
        for name in left:
            self._remove(name)

    def _remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._directory)


def _is_plain(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_uid == os.geteuid()
