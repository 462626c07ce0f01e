"""Somebody who exchanges a directory with a link to outside, as fast as the kernel lets him."""

import contextlib
import os
import threading
from pathlib import Path
from typing import Self

from workspace_server.storage.disk import kernel


class Swapper:
    """Exchanges `root/d` and `root/l`, a link to `outside` beside the root, until told to stop.

    Attributes:
        swaps: How often it did.
    """

    def __init__(self, root: Path) -> None:
        outside = root.parent / "outside"
        outside.mkdir()
        (outside / "f").write_bytes(b"secret")
        (root / "d").mkdir()
        (root / "d" / "f").write_bytes(b"inside")
        (root / "l").symlink_to(outside)
        self.outside = outside
        self.swaps = 0
        self._root = os.open(root, os.O_RDONLY)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                kernel.exchange(self._root, "d", self._root, "l")
                self.swaps += 1
            except FileNotFoundError:  # the server removes a directory with its last file
                for name in ("d", "l"):
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, dir_fd=self._root)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self._root)
