"""The working tree: the only module that opens paths in the folder that people and programs see.

Every path is followed name by name through real directories (openat2, or a walk by descriptors where the kernel lacks
it), and what is found is checked by its descriptor: a regular file with one link. A check of the path's string, or of
its real path, before opening it would leak: in between somebody can put a link there (measured elsewhere: 10,000 of
81,000 tries; this way 0 of 900,000).

Everything here blocks; call it from a thread. Paths are canonical (`core.paths`). New content is staged in the server's
own directory and changes places with what stands at the path, so that no reader ever sees half a file, and whatever was
displaced can be looked at before it goes.
"""

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from workspace_server.core.paths import STATE_DIRECTORY, parents
from workspace_server.storage.disk import kernel
from workspace_server.storage.disk.places import Place, kind_of, place_of
from workspace_server.storage.disk.reading import Reading
from workspace_server.storage.disk.signatures import GRANULARITY_NS, Signature
from workspace_server.storage.disk.spares import Spares
from workspace_server.storage.disk.staging import copy_into, temporary_name, umask, write_all

_O_PATH = getattr(os, "O_PATH", os.O_RDONLY)
_LOOK = os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY | os.O_NONBLOCK)
_TRIES = 100  # of an operation that lost a race against somebody else in the folder
_SYNC_ALL_FROM = 64  # files from which on one sync of the file system is cheaper than one of each


class Staged(NamedTuple):
    """New content on its way: its temporary name, and what its stat will say."""

    name: str
    signature: Signature
    mode: int


class Displaced(NamedTuple):
    """What stood at a path until a moment ago: its temporary name, and its stat in short."""

    name: str
    signature: Signature


class Tree:
    """One folder, held by a descriptor, with a directory of the server's own for files on their way in or out.

    Args:
        root: The folder. It stays the same one when somebody renames it; `stands` tells.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with contextlib.suppress(FileExistsError):
            os.mkdir(STATE_DIRECTORY, 0o700, dir_fd=self._root)
        # Opened before anything is made in it: were it a link, that would land elsewhere.
        self._open = _probe_open(self._root)
        state = self._open(self._root, STATE_DIRECTORY, os.O_RDONLY | os.O_DIRECTORY)
        with contextlib.suppress(FileExistsError):
            os.mkdir("tmp", 0o700, dir_fd=state)
        self._temporary = self._open(state, "tmp", os.O_RDONLY | os.O_DIRECTORY)
        _hide_from_git(state)
        os.close(state)
        self._umask = umask()
        self._spares = Spares(self._temporary)
        self.exchanges = self._probe_exchange()

    def close(self) -> None:
        """Let go of the folder."""
        self._spares.clear()
        os.close(self._temporary)
        os.close(self._root)

    def stands(self) -> bool:
        """Return whether the folder is still where it was: not renamed, removed or unmounted."""
        try:
            now = self.root.stat()
        except OSError:
            return False
        held = os.fstat(self._root)
        return (now.st_dev, now.st_ino) == (held.st_dev, held.st_ino)

    # Looking and reading

    def look(self, path: str) -> Place:
        """Return what stands at *path*, without following it."""
        try:
            descriptor = self._open(self._root, path, _LOOK)
        except OSError as error:
            return Place(kind_of(error))
        try:
            return place_of(os.fstat(descriptor))
        finally:
            os.close(descriptor)

    def open(self, path: str) -> "Reading | None":
        """Return the file at *path* opened for reading, or None when nothing is there.

        Raises:
            IsDirectory, InvalidPath: Something else than a regular file with one link stands there.
        """
        try:
            # O_NONBLOCK: a pipe without a writer would hold us for ever.
            descriptor = self._open(self._root, path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError as error:
            # Of a socket or a device without a driver: what it is shows without opening it.
            kind = kind_of(error) if error.errno not in {errno.ENXIO, errno.ENODEV} else "special"
            Place(kind).refuse(path)
            return None
        try:
            taken_ns = time.time_ns()
            place = place_of(os.fstat(descriptor))
            place.refuse(path)
        except BaseException:
            os.close(descriptor)
            raise
        assert place.signature is not None
        return Reading(descriptor, taken_ns, place.signature)

    def open_directory(self, path: str) -> int:
        """Return a descriptor of the directory at *path*; the root is the empty string. The caller closes it."""
        if not path:
            return os.dup(self._root)
        return self._open(self._root, path, os.O_RDONLY | os.O_DIRECTORY)

    # Changing

    def stage(self, content: bytes | Path, path: str) -> Staged:
        """Put the content for *path* where nobody sees it; nothing is synced yet.

        Its time stamp lies a little in the past, so that every later change of the file must show in its signature.
        """
        name = temporary_name("copy", path)
        mode = 0o666 & ~self._umask
        spare = self._spares.take(mode) if isinstance(content, bytes) and content else None
        at, descriptor = spare[:2] if spare is not None else (name, self._create(name, mode))
        try:
            if isinstance(content, bytes):
                write_all(descriptor, content)
                if spare is not None and spare.size > len(content):
                    os.ftruncate(descriptor, len(content))  # only now: what is cut to nothing first, ext4 syncs
            else:
                copy_into(descriptor, content)
            if spare is not None:
                os.rename(at, name, src_dir_fd=self._temporary, dst_dir_fd=self._temporary)
                at = name
            stamp = time.time_ns() - GRANULARITY_NS
            os.utime(descriptor, ns=(stamp, stamp))
            found = os.fstat(descriptor)
        except BaseException:
            os.unlink(at, dir_fd=self._temporary)
            raise
        finally:
            os.close(descriptor)
        return Staged(name, Signature.of(found), stat.S_IMODE(found.st_mode))

    def place(self, staged: Staged, path: str) -> Displaced | None:
        """Let staged content stand at *path* and return what it displaced, if anything.

        Directories on the way are made. The displaced file keeps its content under a temporary name; its permissions go
        over to the new one.

        Raises:
            IsDirectory, InvalidPath: No file may stand there; the staged content is where it was.
            OSError: The disk refused.
        """
        for _ in range(_TRIES):
            try:
                with self._parent(path, make=True) as (directory, name):
                    return self._place_once(staged, directory, name, path)
            except (FileNotFoundError, FileExistsError):
                continue  # a directory on the way, or what stood there, came or went at this moment
            except OSError as error:
                Place(kind_of(error)).refuse(path)
                raise
        raise _busy(path)

    def remove(self, path: str) -> Displaced | None:
        """Take the file at *path* away and return where it is now, or None when nothing was there.

        Raises:
            IsDirectory, InvalidPath: It is no file of ours; it stays.
        """
        gone = temporary_name("gone", path)
        try:
            with self._parent(path) as (directory, name):
                place_of(os.stat(name, dir_fd=directory, follow_symlinks=False)).refuse(path)
                kernel.rename_new(directory, name, self._temporary, gone)
                found = place_of(os.stat(gone, dir_fd=self._temporary, follow_symlinks=False))
                if found.kind not in {"file", "absent"}:  # swapped at this moment
                    kernel.rename_new(self._temporary, gone, directory, name)
                    found.refuse(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            Place(kind_of(error)).refuse(path)
            raise
        assert found.signature is not None
        return Displaced(gone, found.signature)

    def prune(self, path: str) -> None:
        """Remove the directories above *path* that are empty: a directory exists while a file below it does."""
        for directory in parents(path):
            try:
                with self._parent(directory) as (above, name):
                    os.rmdir(name, dir_fd=above)
            except OSError:
                return

    # Temporary files: staged, displaced and removed ones

    def open_temporary(self, name: str) -> "Reading | None":
        """Return a temporary file opened for reading, or None when it is not there."""
        try:
            return Reading.of(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._temporary))
        except FileNotFoundError:
            return None

    def discard(self, name: str, *, reuse: bool = False) -> None:
        """Remove a temporary file, or with *reuse* keep it to be written over: it was made here and has our content."""
        if reuse and self._spares.add(name):
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._temporary)

    def keep(self, name: str) -> str:
        """Move a temporary file to `.workspace/lost`, where nothing removes it, and return its path below the root."""
        state = self._open(self._root, STATE_DIRECTORY, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir("lost", 0o700, dir_fd=state)
            lost = self._open(state, "lost", os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.rename(name, name, src_dir_fd=self._temporary, dst_dir_fd=lost)
                os.fsync(lost)
            finally:
                os.close(lost)
        finally:
            os.close(state)
        return f"{STATE_DIRECTORY}/lost/{name}"

    def drop_spares(self) -> None:
        """Remove what is kept to be written over: it still holds its old content."""
        self._spares.clear()

    def temporaries(self) -> list[str]:
        """Return the names of all temporary files of this module: what a crash left, at start."""
        with os.scandir(self._temporary) as entries:
            return sorted(entry.name for entry in entries if entry.name.startswith(("copy-", "gone-")))

    def _create(self, name: str, mode: int) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(name, flags, mode, dir_fd=self._temporary)

    # Durability

    def sync(self, paths: Iterable[str]) -> None:
        """Make what stands at *paths*, or that nothing does, survive a power cut.

        Raises:
            OSError: The disk refused; nothing is promised then.
        """
        paths = set(paths)
        if len(paths) >= _SYNC_ALL_FROM and kernel.sync_file_system(self._root):
            return
        directories = {""}
        for path in paths:
            directories.update(parents(path))
            self._sync_one(path, os.O_RDONLY | os.O_NONBLOCK)
        for directory in directories:
            if directory:
                self._sync_one(directory, os.O_RDONLY | os.O_DIRECTORY)
            else:
                os.fsync(self._root)

    def _sync_one(self, path: str, flags: int) -> None:
        try:
            descriptor = self._open(self._root, path, flags)
        except OSError as error:
            if kind_of(error) == "absent" or error.errno in {errno.ENXIO, errno.ENOTDIR, errno.ELOOP}:
                return
            raise
        try:
            if stat.S_IFMT(os.fstat(descriptor).st_mode) in {stat.S_IFREG, stat.S_IFDIR}:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    # Below this line: how

    @contextlib.contextmanager
    def _parent(self, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """Open the directory that holds *path* and yield it with the last name."""
        above, slash, name = path.rpartition("/")
        if not slash:
            yield self._root, name
            return
        try:
            directory = self._open(self._root, above, _O_PATH | os.O_DIRECTORY)
        except FileNotFoundError:
            if not make:
                raise
            directory = self._make_directories(above)
        try:
            yield directory, name
        finally:
            os.close(directory)

    def _make_directories(self, path: str) -> int:
        here = os.dup(self._root)
        try:
            for name in path.split("/"):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=here)
                below = self._open(here, name, _O_PATH | os.O_DIRECTORY)
                os.close(here)
                here = below
        except BaseException:
            os.close(here)
            raise
        return here

    def _place_once(self, staged: Staged, directory: int, name: str, path: str) -> Displaced | None:
        try:
            found = place_of(os.stat(name, dir_fd=directory, follow_symlinks=False))
        except FileNotFoundError:
            kernel.rename_new(self._temporary, staged.name, directory, name)
            return None
        found.refuse(path)
        if stat.S_IMODE(found.mode) != staged.mode:
            os.chmod(staged.name, stat.S_IMODE(found.mode), dir_fd=self._temporary)
        if not self.exchanges:
            # Nothing stands at the path for a moment, and a crash then leaves that to recovery.
            gone = temporary_name("gone", path)
            kernel.rename_new(directory, name, self._temporary, gone)
            os.rename(staged.name, name, src_dir_fd=self._temporary, dst_dir_fd=directory)
            return self._displaced(gone)
        kernel.exchange(self._temporary, staged.name, directory, name)
        displaced = place_of(os.stat(staged.name, dir_fd=self._temporary, follow_symlinks=False))
        if displaced.kind != "file":
            self._undo(staged.name, directory, name, path)
            displaced.refuse(path)
        assert displaced.signature is not None
        return Displaced(staged.name, displaced.signature)

    def _displaced(self, name: str) -> Displaced:
        return Displaced(name, Signature.of(os.stat(name, dir_fd=self._temporary, follow_symlinks=False)))

    def _undo(self, staged: str, directory: int, name: str, path: str) -> None:
        """Bring back what was swapped in at the moment of the exchange and is no file of ours."""
        try:
            kernel.exchange(self._temporary, staged, directory, name)
        except FileNotFoundError:
            # Gone again: the temporary name holds that thing now, and must not be placed in another try.
            raise _busy(path) from None

    def _probe_exchange(self) -> bool:
        one, other = self.stage(b"", ""), self.stage(b"", "")
        try:
            return kernel.exchange(self._temporary, one.name, self._temporary, other.name)
        except OSError:
            return False
        finally:
            self.discard(one.name)
            self.discard(other.name)


def _busy(path: str) -> OSError:
    return OSError(errno.EBUSY, "somebody keeps changing what is on the way to it", path)


def _probe_open(root: int) -> Callable[[int, str, int], int]:
    """Return the way in which this kernel opens a path below a directory."""
    try:
        os.close(kernel.open_beneath(root, STATE_DIRECTORY, _O_PATH | os.O_DIRECTORY))
    except OSError as error:
        if error.errno not in {errno.ENOSYS, errno.EPERM}:  # EPERM: a container's filter
            raise
        return kernel.walk_beneath
    return kernel.open_beneath


def _hide_from_git(state: int) -> None:
    """Keep the state, with its database and the admin key, out of what `git add` takes."""
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(".gitignore", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=state)
        try:
            os.write(descriptor, b"*\n")
        finally:
            os.close(descriptor)
