"""The two system calls that Python lacks: openat2 (Linux 5.6) and renameat2 (Linux 3.15), by ctypes."""

import ctypes
import errno
import os
import stat
import sys
from collections.abc import Callable

_OPENAT2 = 437  # the same number on every architecture
_RESOLVE = 0x02 | 0x04 | 0x08  # RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH
_NOREPLACE = 1
_EXCHANGE = 2
_AGAIN_MAX = 64  # openat2 says EAGAIN while somebody renames around it


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


_LIBC = _libc()
_renameat2: Callable[..., int] | None = getattr(_LIBC, "renameat2", None)


def open_beneath(directory: int, path: str, flags: int) -> int:
    """Open *path* below a directory descriptor; no component of it, the last one included, is a link.

    Raises:
        OSError: ELOOP for a link, EXDEV for what leaves the directory, ENOSYS where the kernel lacks the call.
    """
    if _LIBC is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    encoded = os.fsencode(path)
    if b"\0" in encoded:  # ctypes would cut the name there
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    how = _OpenHow(flags | os.O_CLOEXEC, 0, _RESOLVE)
    for _ in range(_AGAIN_MAX):
        descriptor = _LIBC.syscall(_OPENAT2, directory, encoded, ctypes.byref(how), ctypes.sizeof(how))
        if descriptor >= 0:
            return int(descriptor)
        number = ctypes.get_errno()
        if number not in {errno.EAGAIN, errno.EINTR}:
            break
    raise OSError(number, os.strerror(number), path)


def walk_beneath(directory: int, path: str, flags: int) -> int:
    """Do what `open_beneath` does, name by name, where the kernel lacks openat2."""
    *above, last = path.split("/")
    here = os.dup(directory)
    try:
        for name in above:
            below = _open_name(here, name, os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY))
            os.close(here)
            here = below
        return _open_name(here, last, flags)
    finally:
        os.close(here)


def _open_name(directory: int, name: str, flags: int) -> int:
    if name in {"", ".", ".."} or "/" in name:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), name)
    try:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except NotADirectoryError:
        # O_DIRECTORY | O_NOFOLLOW says ENOTDIR of a link; say ELOOP, as openat2 does.
        if stat.S_ISLNK(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name) from None
        raise


def rename_new(from_directory: int, name: str, to_directory: int, new_name: str) -> None:
    """Rename, and never over something.

    Where the kernel or the file system lacks RENAME_NOREPLACE, it looks first: a file that appears between the look and
    the rename is then replaced.

    Raises:
        FileExistsError: Something stands there.
    """
    if _rename(from_directory, name, to_directory, new_name, _NOREPLACE):
        return
    try:
        os.stat(new_name, dir_fd=to_directory, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(name, new_name, src_dir_fd=from_directory, dst_dir_fd=to_directory)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new_name)


def exchange(one_directory: int, one: str, other_directory: int, other: str) -> bool:
    """Let two names change places at once; return False where that cannot be done.

    Raises:
        FileNotFoundError: One of them is not there.
    """
    return _rename(one_directory, one, other_directory, other, _EXCHANGE)


def _rename(from_directory: int, name: str, to_directory: int, new_name: str, flags: int) -> bool:
    if _renameat2 is None:
        return False
    if _renameat2(from_directory, os.fsencode(name), to_directory, os.fsencode(new_name), flags) == 0:
        return True
    number = ctypes.get_errno()
    if number in {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP}:
        return False
    raise OSError(number, os.strerror(number), name, None, new_name)


def sync_file_system(descriptor: int) -> bool:
    """Write everything of the file system behind *descriptor* to disk; return False where that call is missing."""
    if _LIBC is None or not hasattr(_LIBC, "syncfs"):
        return False
    if _LIBC.syncfs(descriptor) == 0:
        return True
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))
