"""What engines that keep their index in a directory have in common: batches, the manifest, and damage that is told."""

import shutil
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from indexer.engines.manifest import Manifest
from indexer.limits import QUERY_S_MAX
from indexer.model import Change, Found, Passage
from indexer.ports import IndexDamaged
from indexer.questions import Question


class Put(NamedTuple):
    """A file that is put, or a further part of one."""

    change: Change
    title: str
    passages: Sequence[Passage]
    goes_on: bool


class Scope(NamedTuple):
    """Where passages may stand: in *paths* when there are some, else in all files whose paths begin so."""

    path_prefix: str
    paths: Sequence[str]


class OnDisk(ABC):
    """A `SearchIndex` under one directory, which it owns and may empty.

    Args:
        form: What the index is made with; one of another form is built anew.
        counts: Whether a file of this name belongs to the index.
        changes: Whether a file of this name is written more than once.
        clock: Seconds, by which the deadline of a question is measured.
    """

    def __init__(
        self,
        directory: Path,
        *,
        form: str,
        counts: Callable[[str], bool],
        changes: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._manifest = Manifest(directory, form=form, counts=counts, changes=changes)
        self._clock = clock
        self._changed: dict[str, Put | None] = {}
        self._stale = False
        self._reading = threading.Lock()
        self._given_up = threading.Event()

    def put(self, change: Change, title: str, passages: Sequence[Passage], *, goes_on: bool = False) -> None:
        """Make *passages* all that the index knows of the path, at the next commit; or add them when it *goes_on*."""
        self._changed[change.path] = Put(change, title, passages, goes_on)

    def drop(self, path: str) -> None:
        """Forget the path, at the next commit."""
        self._changed[path] = None

    def commit(self, cursor: int) -> None:
        """Write what was put and dropped, then the manifest that makes it believable.

        Raises:
            IndexDamaged: The index could not be written; it has to be reset.
        """
        changed, self._changed = self._changed, {}
        with _damage():
            if changed:
                self._manifest.open()
                self._write(changed)
                if self._given_up.is_set():
                    return
                self._stale = True
            self._manifest.close(cursor)

    def give_up(self) -> None:
        """Let a commit that is under way, and all later ones, change nothing more: they can be repeated."""
        self._given_up.set()

    def query(self, question: Question, *, path_prefix: str = "", paths: Sequence[str] = (), limit: int = 50) -> Found:
        """Return the best passages: those with every term first, then those with some, until *limit* or the deadline.

        They are of the files whose paths begin so; when *paths* are given, of these alone.

        Raises:
            IndexDamaged: The index cannot be read.
        """
        with self._reading, _damage():
            if not question.terms:
                return Found()
            ends_at = self._clock() + QUERY_S_MAX
            return self._find(question, Scope(path_prefix, paths), limit, lambda: self._clock() > ends_at)

    def verify(self) -> int | None:
        """Return the cursor of the last commit when every file is as it was then; None asks for a reset."""
        try:
            with _damage():
                cursor = self._manifest.cursor()
                if cursor is not None:
                    self._probe()
        except IndexDamaged:
            return None
        return cursor

    def reset(self) -> None:
        """Begin anew with an empty index."""
        with self._reading:
            self._close()
            self._changed.clear()
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory.mkdir(mode=0o700)
            self._create()
            self._manifest.close(0)

    def close(self) -> None:
        """Close what is open, after a query that is under way; the index on disk stays. Blocks."""
        with self._reading:
            self._close()

    @abstractmethod
    def _create(self) -> None:
        """Make an empty index in the empty directory."""

    @abstractmethod
    def _probe(self) -> None:
        """Open the index, whose files are as they were written, and raise whatever that raises."""

    @abstractmethod
    def _write(self, changed: Mapping[str, Put | None]) -> None:
        """Make what changed durable; nothing more once it is given up."""

    @abstractmethod
    def _find(self, question: Question, scope: Scope, limit: int, is_over: Callable[[], bool]) -> Found:
        """Return what `query` does; *is_over* says whether its time is."""

    @abstractmethod
    def _close(self) -> None:
        """Let go of all files."""


@contextmanager
def _damage() -> Iterator[None]:
    """Turn whatever an engine raises over files that it cannot make sense of into one error.

    Engines check little of what they read, so a damaged file surfaces as anything from KeyError to MemoryError.
    """
    try:
        yield
    except Exception as error:
        raise IndexDamaged(f"{type(error).__name__}: {error}") from error
