"""Hears of changes in the folder, and says only where: which ones they are is for the stat signatures to decide.

The kernel's queue can overflow (measured elsewhere: 45,000 of 60,000 changes lost, with a log line); then everything
counts as changed, and the same when more paths are marked than the bound allows. So the watcher makes edits on disk
known early; that they become known at all rests on the scan.
"""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import STATE_DIRECTORIES

if sys.platform == "linux":
    from watchdog.observers.inotify import InotifyWatchGroup
    from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, InotifyFD, Mask


GATHER_S = 0.05
"""How long changes are gathered in the kernel's queue before they are read together."""


class Dirty(NamedTuple):
    """Where something may have changed."""

    everything: bool
    paths: set[str]
    """Files or directories; of a directory, all below it."""


class Marks:
    """The paths marked since the last `take`; any thread may mark.

    Args:
        changed: Called, on the marking thread, when the first mark after a `take` is made.
    """

    def __init__(self, changed: Callable[[], None], *, paths_max: int = LIMITS.watch_dirty_max) -> None:
        self._changed = changed
        self._paths_max = paths_max
        self._lock = threading.Lock()
        self._paths: set[str] = set()
        self._everything = False

    def mark(self, path: str) -> None:
        """Say that something changed at *path*; the empty string is everything."""
        with self._lock:
            first = not self._paths and not self._everything
            if not path or (path not in self._paths and len(self._paths) >= self._paths_max):
                self._everything = True
                self._paths.clear()
            elif not self._everything:
                self._paths.add(path)
        if first:
            self._changed()

    def take(self) -> Dirty:
        """Return what is marked and forget it."""
        with self._lock:
            dirty = Dirty(self._everything, self._paths)
            self._paths, self._everything = set(), False
        return dirty


class Watcher:
    """Marks what changes below a folder, from `start` to `stop`; the server's own directory is left alone.

    Args:
        ignored: Whether a directory is not worth watching (it is ignored); called on the watcher's thread.
    """

    def __init__(self, root: Path, marks: Marks, ignored: Callable[[str], bool]) -> None:
        self._root = root
        self._marks = marks
        self._ignored = ignored
        self._end: Callable[[], None] | None = None
        self._group: _Group | None = None

    def start(self) -> bool:
        """Begin to watch; return False where that is not to be had (no watches left), so that scans must do alone."""
        try:
            self._end = self._start_inotify() if sys.platform == "linux" else self._start_observer()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Stop watching."""
        if self._end is not None:
            self._end()
            self._end = None

    def _start_observer(self) -> Callable[[], None]:
        observer = Observer()
        observer.schedule(_Handler(self._root, self._marks), str(self._root), recursive=True)
        observer.start()

        def end() -> None:
            observer.stop()
            observer.join()

        return end

    def _start_inotify(self) -> Callable[[], None]:
        descriptor = _GatheringReader()
        descriptor.start()
        try:
            group = self._group = _Group(
                descriptor, os.fsencode(self._root), _MASK, is_recursive=True, marks=self._marks, ignored=self._ignored
            )
        except OSError:
            descriptor.stop()
            descriptor.join()
            raise

        def end() -> None:
            group.deactivate()
            descriptor.stop()
            descriptor.join()

        return end


class _Handler(FileSystemEventHandler):
    """Marks whatever an observer reports."""

    def __init__(self, root: Path, marks: Marks) -> None:
        self._root = os.fsencode(root)
        self._marks = marks

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Mark both ends of an event."""
        for path in (event.src_path, event.dest_path):
            if path:
                relative = _relative(self._root, os.fsencode(path))
                if relative is not None:
                    self._marks.mark(relative)


def _relative(root: bytes, path: bytes) -> str | None:
    """Return *path* below *root*; None for the root itself and the server's own directory."""
    if not path.startswith(root + b"/"):
        return None
    relative = os.fsdecode(path[len(root) + 1 :])
    return None if relative.partition("/")[0] in STATE_DIRECTORIES else relative


if sys.platform == "linux":
    _MASK = Mask(
        InotifyConstants.IN_CREATE
        | InotifyConstants.IN_MODIFY
        | InotifyConstants.IN_CLOSE_WRITE
        | InotifyConstants.IN_MOVE
        | InotifyConstants.IN_DELETE
        | InotifyConstants.IN_DELETE_SELF
        | InotifyConstants.IN_ONLYDIR
    )

    class _GatheringReader(InotifyFD):
        """Lets the kernel gather events for a moment: the server's own writes make most of them.

        Read one by one, they cost two thirds of the CPU of a write (measured 2026-11-21: 1,750 against 960 µs).
        """

        def run(self) -> None:
            while self.should_keep_running():
                for event in self.read_events():
                    self.handle_event(event)
                self.stopped_event.wait(GATHER_S)

    class _Group(InotifyWatchGroup):
        """watchdog's recursive watch without its event objects, which wait half a second to pair the ends of a move.

        It does not watch the server's own directory: each commit would wake it many times. Nor ignored ones.
        """

        def __init__(
            self,
            descriptor: InotifyFD,
            path: bytes,
            mask: Mask,
            *,
            is_recursive: bool,
            marks: Marks,
            ignored: Callable[[str], bool],
        ) -> None:
            self._marks = marks
            self._ignored = ignored
            super().__init__(descriptor, path, mask, is_recursive)

        def on_event(self, event: InotifyEvent) -> None:
            with self._lock:
                if not self.is_active:
                    return
                path = self._build_event_source_path(event)
                relative = None if path is None else _relative(self.path, path)
                if path is None or relative is None:
                    return
                if event.is_directory and (event.is_create or event.is_moved_to):
                    self._add_all_callbacks(path)
                elif event.is_directory and event.is_moved_from:
                    below = path + b"/"
                    self._remove_callbacks(
                        [wd for at, wd in self._active_callbacks_by_path.items() if at == path or at.startswith(below)]
                    )
            # After the watch is set: what appeared in a new directory before that is found by reading it.
            self._marks.mark(relative)

        def on_queue_overflow(self) -> None:
            super().on_queue_overflow()
            self._marks.mark("")

        def _add_callback(self, path: bytes) -> None:
            # A new directory is found by its event and by reading the one above it; watchdog warns of the second time.
            known = self._active_callbacks_by_path.get(path)
            if known is not None:
                self._remove_callbacks([known])
            super()._add_callback(path)

        def _add_all_callbacks(self, path: bytes) -> None:
            self._add_callback(path)
            for here, names, _ in os.walk(path, followlinks=False):
                kept = []
                for name in names:
                    below = here + b"/" + name
                    relative = _relative(self.path, below)
                    if relative is not None and not self._ignored(relative):
                        kept.append(name)
                        self._add_callback(below)
                names[:] = kept
