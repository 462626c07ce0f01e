"""Doubles of the disk, as an unprivileged process can have them: SQLite's files by a VFS of apsw, the rest by `os`.

They count, fail or kill where a `Striker` says so. They also write down which bytes were not synced yet, so that a
power cut can be played afterwards: `cut_power` takes those away, as a disk that had not got them would.
"""

import base64
import io
import json
import os
import stat
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import apsw

from tests.faults.strikes import Striker
from workspace_server.storage import reserve
from workspace_server.storage.disk import kernel

BASE_VFS = "unix"


class Unsynced:
    """A journal, outside of the workspace, of what no sync has made durable yet. It outlives a killed process."""

    def __init__(self, path: Path) -> None:
        self._write = os.write
        self._journal = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def note(self, **said: object) -> None:
        self._write(self._journal, (json.dumps(said) + "\n").encode())

    def dirty(self, descriptor: int) -> None:
        self.note(dirty=os.fstat(descriptor).st_ino)

    def clean(self, descriptor: int) -> None:
        self.note(clean=os.fstat(descriptor).st_ino)


def install(striker: Striker, unsynced: Unsynced, *, syncs: bool = True) -> apsw.VFS:
    """Put the doubles in place, for the rest of this process's life; the caller keeps what is returned.

    Args:
        syncs: False is the negative control of a disk, or a program, that only pretends to sync.
    """
    _double_os(striker, unsynced, syncs=syncs)
    return _Vfs(striker, unsynced, syncs=syncs)


# SQLite's files


class _Vfs(apsw.VFS):
    def __init__(self, striker: Striker, unsynced: Unsynced, *, syncs: bool) -> None:
        super().__init__("double", BASE_VFS, makedefault=True)
        self._with = (striker, unsynced, syncs)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _File(name, flags, *self._with)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's name
        _fail(self._with[0].meets("db.delete"))
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], striker: Striker, unsynced: Unsynced, syncs: bool) -> None:
        super().__init__(BASE_VFS, name, flags)
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._striker, self._unsynced, self._syncs = striker, unsynced, syncs

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        _fail(self._striker.meets("db.read"))
        return super().xRead(amount, offset)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - SQLite's name
        _fail(self._striker.meets("db.write"))
        size = self.xFileSize()
        before = super().xRead(min(len(data), size - offset), offset) if offset < size else b""
        self._unsynced.note(file=self._path, at=offset, size=size, was=base64.b64encode(before).decode())
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        _fail(self._striker.meets("db.truncate"))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        _fail(self._striker.meets("db.sync"))
        if self._syncs:
            super().xSync(flags)
            self._unsynced.note(synced=self._path)


def _fail(number: int) -> None:
    if number:
        raise (apsw.FullError if number == 28 else apsw.IOError)(os.strerror(number))


# Everything else

CALLS = {
    "write": "write",
    "copy_file_range": "copy",
    "ftruncate": "cut",
    "posix_fallocate": "write",
    "utime": "stamp",
    "chmod": "mode",
    "fchmod": "mode",
    "rename": "rename",
    "replace": "rename",
    "unlink": "unlink",
    "remove": "unlink",
    "mkdir": "mkdir",
    "rmdir": "rmdir",
    "fsync": "sync",
    "fdatasync": "sync",
}
"""Functions of `os`, and what they count as."""
_DATA = {"write": 0, "copy_file_range": 1, "ftruncate": 0}
"""Those that change a file's bytes, and which argument is its descriptor."""


def _double_os(striker: Striker, unsynced: Unsynced, *, syncs: bool) -> None:
    for name, call in CALLS.items():
        real = getattr(os, name)
        double = (
            _syncing(real, striker, unsynced, syncs) if call == "sync" else _changing(real, call, striker, unsynced)
        )
        setattr(os, name, double)
    open_, io_open, rename, sync = os.open, io.open, kernel._rename, kernel.sync_file_system

    def opened(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & os.O_CREAT:
            _refuse(striker.meets("create"))
        return open_(path, flags, *rest, **named)

    def io_opened(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        changes = isinstance(mode, str) and set(mode) & set("wax+")
        if changes:
            _refuse(striker.meets("create"))
        made = io_open(file, mode, *rest, **named)
        if changes:
            unsynced.dirty(made.fileno())
        return made

    def renamed(*arguments: Any) -> bool:
        _refuse(striker.meets("rename"))
        return rename(*arguments)

    def all_synced(descriptor: int) -> bool:
        _refuse(striker.meets("sync"))
        done = sync(descriptor) if syncs else True
        if syncs:
            unsynced.note(clean="all")
        return done

    os.open, io.open = opened, io_opened
    kernel._rename, kernel.sync_file_system = renamed, all_synced  # type: ignore[assignment]  # takes any arguments


def _changing(real: Callable[..., Any], call: str, striker: Striker, unsynced: Unsynced) -> Callable[..., Any]:
    @wraps(real)
    def double(*arguments: Any, **named: Any) -> Any:
        if real.__name__ in _DATA:
            descriptor = arguments[_DATA[real.__name__]]
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # a pipe that wakes somebody
                return real(*arguments, **named)
            unsynced.dirty(descriptor)
        _refuse(striker.meets(call))
        done = real(*arguments, **named)
        if call == "unlink" and str(arguments[0]).endswith(reserve.NAME):
            striker.disarm()  # there is room again
        return done

    return double


def _syncing(real: Callable[..., Any], striker: Striker, unsynced: Unsynced, syncs: bool) -> Callable[..., Any]:
    @wraps(real)
    def double(descriptor: int) -> None:
        _refuse(striker.meets("sync"))
        if syncs:
            real(descriptor)
            unsynced.clean(descriptor)

    return double


def _refuse(number: int) -> None:
    if number:
        raise OSError(number, os.strerror(number))


# The power cut


def cut_power(folder: Path, journal: Path) -> int:
    """Take away from *folder* what was not synced when the process died; return how many places that were.

    Files keep their names and lose the bytes, as on a file system that makes names durable before contents; SQLite's
    files get back what stood there.
    """
    inodes: set[int] = set()
    pages: dict[str, list[dict[str, Any]]] = {}
    for said in _read(journal):
        if "dirty" in said:
            inodes.add(said["dirty"])
        elif said.get("clean") == "all":
            inodes.clear()
        elif "clean" in said:
            inodes.discard(said["clean"])
        elif "synced" in said:
            pages.pop(said["synced"], None)
        else:
            pages.setdefault(said["file"], []).append(said)
    torn = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_ino in inodes]
    for path in torn:
        os.truncate(path, 0)
    for name, writes in pages.items():
        # Pages on their way into the database itself come from the log, which was synced before, and stays.
        if name.endswith("-wal") and Path(name).exists():
            _take_back(Path(name), writes)
    return len(torn) + sum(len(writes) for writes in pages.values())


def _read(journal: Path) -> Iterator[dict[str, Any]]:
    for line in journal.read_text().splitlines():
        try:
            yield json.loads(line)
        except ValueError:  # the last one, of a killed process
            return


def _take_back(path: Path, writes: list[dict[str, Any]]) -> None:
    with path.open("r+b") as file:
        for write in reversed(writes):
            file.seek(write["at"])
            file.write(base64.b64decode(write["was"]))
        file.truncate(writes[0]["size"])
