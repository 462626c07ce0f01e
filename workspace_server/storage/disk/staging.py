"""Names and bytes of files on their way into the tree, or out of it."""

import errno
import functools
import hashlib
import itertools
import os
import secrets
from pathlib import Path
from typing import Literal

_CHUNK_BYTES = 1 << 20
_NUMBERS = itertools.count()


def belongs_to(name: str, path: str) -> bool:
    """Return whether the temporary file *name* was made for *path*: after a crash nothing else tells."""
    return name.partition("-")[2].startswith(_label(path))


def temporary_name(kind: Literal["copy", "gone"], path: str) -> str:
    """Return a new name for a file that comes to *path* (a copy) or went from it."""
    return f"{kind}-{_label(path)}-{_run(os.getpid())}{next(_NUMBERS):x}"


@functools.cache
def _run(process: int) -> str:  # noqa: ARG001  # so that a process forked from another draws its own
    """Return what tells the temporary files of this process from those that an earlier one left."""
    return secrets.token_hex(8)


@functools.lru_cache(maxsize=4_096)
def _label(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()[:16]


def umask() -> int:
    """Return the process's umask, from where reading does not change it."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
        return int(status.partition("Umask:")[2].split(None, 1)[0], 8)
    except (OSError, ValueError, IndexError):
        return 0o022


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of *content*, however little of it the system takes at once."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def copy_into(descriptor: int, source: Path) -> None:
    """Write all that *source* holds, sharing its blocks where the file system can."""
    with source.open("rb") as file:
        try:
            while os.copy_file_range(file.fileno(), descriptor, 1 << 30):
                pass
        except OSError as error:
            if error.errno not in {errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}:
                raise
            file.seek(0)
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            while chunk := file.read(_CHUNK_BYTES):
                write_all(descriptor, chunk)
