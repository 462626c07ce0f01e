"""Room on the disk that is kept back, for what must still go when the disk is full.

A full disk refuses even a deletion: that is a transaction too. So a file of zeros stands by. The first change that must
not fail (a delete, an unlock, what the server owes its own folder) and finds the disk full has it removed, and is made
again in the room that this leaves. Until there is room for a new reserve the workspace is short: everything else is
refused, because it would use up what the next deletion needs.

This does not make every deletion possible: other programs take room as well, also that of the reserve.
"""

import logging
import os
import shutil
import threading
from pathlib import Path
from typing import Literal

from workspace_server.core.limits import LIMITS

log = logging.getLogger(__name__)

NAME = "reserve"
MARGIN_BYTES = 1 << 20
"""Free room below which the disk counts as full at start, and which a new reserve must leave."""

State = Literal["kept", "spent", "none"]
"""`none`: the disk has room for the workspace, and not for a reserve."""


class Reserve:
    """The reserve of one workspace. All methods may be called from any thread, and block for a moment.

    Attributes:
        state: Whether there is one.
    """

    def __init__(self, directory: Path, size_bytes: int = LIMITS.reserve_bytes) -> None:
        self.state: State = "none"
        self._path = directory / NAME
        self._size_bytes = size_bytes
        self._lock = threading.Lock()

    @property
    def short(self) -> bool:
        """Whether only what is essential may be written."""
        return self.state == "spent"

    def open(self) -> None:
        """Make the reserve, or take over the one that is there; on a disk that is full spend it at once."""
        with self._lock:
            try:
                whole = self._path.stat().st_size == self._size_bytes
            except OSError:
                whole = False
            if self.free_bytes() < MARGIN_BYTES:
                self._remove()
                self.state = "spent"
            else:
                self.state = "kept" if whole else "none"
        self.fill()

    def spend(self) -> None:
        """Give the room back to the disk."""
        with self._lock:
            if self.state == "kept":
                log.warning("the disk is full: only reading, unlocking and deleting go on until it has room")
            self._remove()
            self.state = "spent"

    def fill(self) -> None:
        """Make the reserve if it is not there and the disk has room for it."""
        with self._lock:
            if self.state == "kept" or self.free_bytes() < self._size_bytes + MARGIN_BYTES:
                return
            try:
                self._make()
            except OSError as error:
                log.debug("no room for a reserve: %s", error)
                self._remove()
                return
            if self.short:
                log.warning("the disk has room again")
            self.state = "kept"

    def free_bytes(self) -> int:
        """Return how many bytes may still be written on the disk, as it says; the reserve does not count."""
        try:
            return shutil.disk_usage(self._path.parent).free
        except OSError:
            return 0

    def _make(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(descriptor, 0, self._size_bytes)
            else:  # a file with a hole would keep nothing
                os.write(descriptor, b"\0" * self._size_bytes)
            os.ftruncate(descriptor, self._size_bytes)
        finally:
            os.close(descriptor)

    def _remove(self) -> None:
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("the reserve cannot be removed: %s", error)
