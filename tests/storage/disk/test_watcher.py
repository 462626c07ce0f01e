"""The watcher: it says where something changed, and says so when it cannot."""

import threading
from collections.abc import Callable
from pathlib import Path

from workspace_server.storage.disk.watcher import Dirty, Marks, Watcher


class Heard:
    """Collects the marks of a watcher and waits for one."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.everything = False
        self._event = threading.Event()
        self.marks = Marks(self._event.set)

    def until(self, seen: Callable[["Heard"], bool], timeout_s: float = 20) -> None:
        while not seen(self):
            assert self._event.wait(timeout_s), f"heard only {sorted(self.paths)}"
            self._event.clear()
            dirty = self.marks.take()
            self.paths |= dirty.paths
            self.everything |= dirty.everything


def watched(root: Path, heard: Heard) -> Watcher:
    watcher = Watcher(root, heard.marks, lambda path: path.endswith("node_modules"))
    assert watcher.start()
    return watcher


def test_each_kind_of_change_is_heard(tmp_path: Path) -> None:
    for name in ("old", "gone", "moved"):
        (tmp_path / name).write_bytes(b"")
    heard = Heard()
    watcher = watched(tmp_path, heard)
    (tmp_path / "new").write_bytes(b"x")
    (tmp_path / "old").write_bytes(b"x")
    (tmp_path / "gone").unlink()
    (tmp_path / "moved").rename(tmp_path / "there")
    heard.until(lambda heard: heard.paths >= {"new", "old", "gone", "moved", "there"})
    watcher.stop()


def test_new_directories_are_watched_at_once(tmp_path: Path) -> None:
    heard = Heard()
    watcher = watched(tmp_path, heard)
    (tmp_path / "a" / "b").mkdir(parents=True)
    heard.until(lambda heard: "a" in heard.paths)
    (tmp_path / "a" / "b" / "x").write_bytes(b"")
    # The mark of a directory stands for all below it, where the file came before the watch.
    heard.until(lambda heard: bool({"a/b", "a/b/x"} & heard.paths))
    watcher.stop()


def test_a_directory_that_moved_is_heard_of_under_its_new_name(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    heard = Heard()
    watcher = watched(tmp_path, heard)
    (tmp_path / "a").rename(tmp_path / "z")
    heard.until(lambda heard: heard.paths >= {"a", "z"})
    (tmp_path / "z" / "b" / "x").write_bytes(b"")
    heard.until(lambda heard: "z/b/x" in heard.paths)
    assert "a/b/x" not in heard.paths
    watcher.stop()


def test_the_servers_directory_and_ignored_ones_are_not_listened_to(tmp_path: Path) -> None:
    for name in (".workspace", "node_modules"):
        (tmp_path / name).mkdir()
    heard = Heard()
    watcher = watched(tmp_path, heard)
    for name in (".workspace/db", "node_modules/x", "last"):
        (tmp_path / name).write_bytes(b"")
    heard.until(lambda heard: "last" in heard.paths)
    assert heard.paths == {"last"}
    watcher.stop()


def test_when_the_kernels_queue_overflows_everything_is_dirty(tmp_path: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text("ascii"))
    heard = Heard()
    watcher = watched(tmp_path, heard)
    group = watcher._group
    assert group is not None
    if limit <= 20_000:  # as it is by default
        with group._lock:  # the reader waits, the kernel's queue fills
            for number in range(limit // 2 + 2_000):
                (tmp_path / str(number)).write_bytes(b"")
    else:
        group.on_queue_overflow()
    heard.until(lambda heard: heard.everything)
    watcher.stop()


def test_more_marks_than_the_bound_are_one_for_everything() -> None:
    called: list[int] = []
    marks = Marks(lambda: called.append(1), paths_max=2)
    for path in ("a", "b", "b"):
        marks.mark(path)
    assert marks.take() == Dirty(False, {"a", "b"})
    for path in ("a", "b", "c", "d"):
        marks.mark(path)
    assert marks.take() == Dirty(True, set())
    marks.mark("")
    assert marks.take() == Dirty(True, set())
    assert marks.take() == Dirty(False, set())
    assert len(called) == 3


def test_a_folder_that_cannot_be_watched_is_said_so(tmp_path: Path) -> None:
    assert not Watcher(tmp_path / "absent", Marks(lambda: None), lambda path: False).start()
