"""Who reads a whole workspace beside its server: while a backup or a fork does, no object file leaves its place.

One lock file, shared by those who read. The system lets go of it when a process ends, however it ends. Only the object
files need it: of the database a reader has its own snapshot.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "readers.lock"
"""Its name in the state directory."""


@contextmanager
def reading(state: Path) -> Iterator[None]:
    """Keep every object file of the workspace whose state is in *state* until the block ends.

    Waits while one is being removed, which takes milliseconds.
    """
    descriptor = _opened(state)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def removing(state: Path) -> Iterator[bool]:
    """Give whether nobody reads, and let nobody begin to until the block ends; never waits."""
    descriptor = _opened(state)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _opened(state: Path) -> int:
    return os.open(state / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
