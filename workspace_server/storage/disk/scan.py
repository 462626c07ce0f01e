"""One walk over the whole folder: every file that belongs to the workspace, and why each other one does not."""

import os
import stat
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from typing import Literal, NamedTuple

from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import STATE_DIRECTORY, canonical_file
from workspace_server.errors import InvalidPath
from workspace_server.storage.disk.ignore import Ignore, Level
from workspace_server.storage.disk.signatures import Signature
from workspace_server.storage.disk.tree import Tree

Reason = Literal[
    "ignored",
    "symlink",
    "special",
    "hard-linked",
    "too large",
    "invalid name",
    "case collision",
    "other file system",
    "unreadable",
]
"""Why something in the folder is no file of the workspace."""

EXAMPLES_MAX = 20


class Seen(NamedTuple):
    """One file of the workspace as it stands on disk."""

    path: str
    signature: Signature


def shown(path: str) -> str:
    """Return a path as text: a name on disk may be no valid Unicode."""
    return path.encode("utf-8", "backslashreplace").decode()


class LeftOut:
    """What was left out, counted by reason, with a few examples of each."""

    def __init__(self) -> None:
        self.counts: Counter[Reason] = Counter()
        self.examples: dict[Reason, list[str]] = {}

    def add(self, reason: Reason, path: str) -> None:
        """Count one; a directory that is left out counts once."""
        self.counts[reason] += 1
        some = self.examples.setdefault(reason, [])
        if len(some) < EXAMPLES_MAX:
            some.append(shown(path))

    def forget(self, paths: Iterable[str]) -> None:
        """Count *paths* no more, as they are looked at again; those that are no examples count until all is."""
        again = set(map(shown, paths))
        for reason, some in self.examples.items():
            left = [path for path in some if path not in again]
            self.counts[reason] -= len(some) - len(left)
            some[:] = left
        self.counts = +self.counts  # without those of which there are none

    def add_all(self, other: "LeftOut") -> None:
        """Count what another walk has counted."""
        self.counts.update(other.counts)
        for reason, some in other.examples.items():
            mine = self.examples.setdefault(reason, [])
            mine += some[: EXAMPLES_MAX - len(mine)]

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON: `{reason: {count, examples}}`."""
        return {
            reason: {"count": count, "examples": self.examples[reason]} for reason, count in self.counts.most_common()
        }


class Scan:
    """One walk; iterate over it once, then ask `left_out`.

    Files are found in no particular order, and names that differ only by case are all found. What changes during the
    walk may be seen or not.

    Args:
        known: Paths of files whose names need not be judged again.
    """

    def __init__(self, tree: Tree, ignore: Ignore, *, below: str = "", known: Container[str] = ()) -> None:
        self._tree = tree
        self._ignore = ignore
        self._below = below
        self._known = known
        self._device = 0
        self.left_out = LeftOut()

    def __iter__(self) -> Iterator[Seen]:
        level = self._ignore.level(self._below)
        if level is None:
            return
        try:
            descriptor = self._tree.open_directory(self._below)
        except FileNotFoundError:
            return
        self._device = os.fstat(descriptor).st_dev
        yield from self._walk(descriptor, self._below, level)

    def _walk(self, descriptor: int, directory: str, level: Level) -> Iterator[Seen]:
        """Yield what stands below the directory behind *descriptor*, and close it."""
        prefix = f"{directory}/" if directory else ""
        below = []
        try:
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    path = prefix + entry.name
                    if not self._wanted(entry, path, level):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        below.append(entry.name)
                        continue
                    seen = self._file(entry, path)
                    if seen is not None:
                        yield seen
            for name in below:
                yield from self._directory(descriptor, name, prefix + name)
        finally:
            os.close(descriptor)

    def _wanted(self, entry: "os.DirEntry[str]", path: str, level: Level) -> bool:
        is_directory = entry.is_dir(follow_symlinks=False)
        if level.ignores(entry.name, is_directory=is_directory):
            if path != STATE_DIRECTORY:
                self.left_out.add("ignored", path)
            return False
        if path in self._known:
            return True
        try:
            valid = canonical_file(path) == path
        except InvalidPath:
            valid = False
        if not valid:
            self.left_out.add("invalid name", path)
            return False
        return True

    def _file(self, entry: "os.DirEntry[str]", path: str) -> Seen | None:
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError:
            return None  # it went at this moment
        reason: Reason | None = None
        if stat.S_ISLNK(found.st_mode):
            reason = "symlink"
        elif not stat.S_ISREG(found.st_mode):
            reason = "special"
        elif found.st_nlink > 1:
            reason = "hard-linked"
        elif found.st_size > LIMITS.file_bytes_max:
            reason = "too large"
        if reason is None:
            return Seen(path, Signature.of(found))
        self.left_out.add(reason, path)
        return None

    def _directory(self, descriptor: int, name: str, path: str) -> Iterator[Seen]:
        level = self._ignore.level(path)
        if level is None:
            return
        try:
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=descriptor)
        except FileNotFoundError:
            return
        except OSError:
            self.left_out.add("unreadable", path)
            return
        if os.fstat(below).st_dev != self._device:
            os.close(below)
            self.left_out.add("other file system", path)
            return
        yield from self._walk(below, path, level)
