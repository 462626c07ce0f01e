"""What the indexer needs from the world, and what it offers in exchangeable form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from indexer.drawing import Drawn
from indexer.model import Change, Extraction, Found, Indexed, Passage
from indexer.questions import Question


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes from the log, one per path with its present head.

    Attributes:
        upto_seq: The seq up to which they tell all.
        more: Whether changes beyond that are known to be there.
    """

    changes: Sequence[Change]
    upto_seq: int
    more: bool = False


class Source(Protocol):
    """The files that are followed: a log of changes with a seq, and the bytes of their versions."""

    async def changes(self, after_seq: int, *, limit: int) -> Batch:
        """Return what changed beyond *after_seq*, from at most *limit* events.

        A path that changed several times is told once. ``upto_seq`` is the log's end when nothing more is there, so
        that events that need no indexing pass at once.
        """

    async def newest(self, after_seq: int, *, limit: int) -> Batch:
        """Return the newest of the changes beyond *after_seq*, from at most *limit* events; the newest is last.

        ``upto_seq`` is the log's end. Those between are left to their turn.
        """

    async def heads(self, after_path: str, *, limit: int) -> Sequence[Change]:
        """Return the present files in the order of their paths, from beyond *after_path*."""

    async def head_seq(self) -> int:
        """Return the seq of the newest event."""

    async def read(self, change: Change, *, bytes_max: int) -> bytes:
        """Return the content of a version, at most its first *bytes_max* bytes."""

    async def wait_beyond(self, seq: int) -> None:
        """Return once the log has an event beyond *seq*; sooner does no harm."""


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a version, at most so many of them as the indexer looks at; none when they could not be read."""

    change: Change
    data: bytes


class Extracting(Protocol):
    """Turns contents into extractions, wherever that is done; a content may do its worst, it never raises for one."""

    async def extract(self, contents: Sequence[Content]) -> Sequence[Extraction]:
        """Return what each content gave, in their order."""

    async def draw(self, data: bytes, page: int) -> Drawn:
        """Return a page of a PDF, counted from 1, as a picture.

        Raises:
            Unreadable: It cannot be drawn.
        """

    def sandbox(self) -> Sequence[str]:
        """Return the layers that stand between a hostile file and this process; nothing where none does."""


class FactStore(Protocol):
    """Where facts and index states are kept; disposable, for all of it can be extracted again."""

    async def progress(self) -> tuple[int, str]:
        """Return the seq up to which all is kept, and the fingerprint of the extractors that it was kept with."""

    async def extraction(self, key: str) -> Extraction | None:
        """Return what was once extracted under *key*, if it is still known."""

    async def said(self, key: str) -> tuple[str, Sequence[Passage]] | None:
        """Return the title and the passages of what was once extracted under *key*, if it is still known."""

    async def keep(self, found: Sequence[Indexed], *, progress: tuple[int, str] | None, anew: bool = False) -> None:
        """Make *found* the facts of its paths, all together and durable, and with them the new progress.

        What is found about a version that is no longer its file's head may be forgotten at once. What is kept under
        the same key already may stay as it is, unless it was made *anew*.
        """


class SearchIndex(Protocol):
    """A full-text index over passages. Blocks; one thread writes, one at a time queries."""

    def put(self, change: Change, title: str, passages: Sequence[Passage], *, goes_on: bool = False) -> None:
        """Make *passages* all that the index knows of the path, at the next commit.

        Args:
            goes_on: Add them to what it knows instead: a long file comes in parts, one at most in each commit.
        """

    def drop(self, path: str) -> None:
        """Forget the path, at the next commit."""

    def query(self, question: Question, *, path_prefix: str, paths: Sequence[str] = (), limit: int) -> Found:
        """Return the best passages of the files whose paths begin so; of *paths* alone when some are given.

        Raises:
            IndexDamaged: The index cannot be read.
        """

    def commit(self, cursor: int) -> None:
        """Make what was put and dropped searchable and durable, together with *cursor*."""

    def verify(self) -> int | None:
        """Return the cursor of the last commit, or None when the index is absent, damaged or of another form."""

    def reset(self) -> None:
        """Begin anew with an empty index."""

    def give_up(self) -> None:
        """Let a commit that is under way, and all later ones, change nothing: they can be repeated."""

    def close(self) -> None:
        """Close what is open, after a query that is under way; the index on disk stays."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The search index that answers.

    Attributes:
        cursor: The seq up to which it knows all.
        is_current: Whether it is what the present engine would make of the present extractors.
    """

    cursor: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Searchable:
    """What is to be found of a path from now on; nothing when the file is gone.

    Attributes:
        goes_on: Whether it is a further part of a long file, of which other parts were written before.
    """

    change: Change
    title: str = ""
    passages: Sequence[Passage] = ()
    goes_on: bool = False


class Searching(Protocol):
    """A search index in generations (`Generations`), worked wherever that is done: a thread, or another process."""

    async def run(self) -> None:
        """Work until cancelled; what is written then may be lost, and is written again from the cursor."""

    async def verify(self) -> Standing | None:
        """Return how far the index is that answers; None when there is none that can be believed."""

    async def begin(self, *, serve: bool) -> None:
        """Begin a new, empty index; the one that answers goes on answering, or goes at once without *serve*."""

    async def write(self, some: Sequence[Searchable], cursor: int, *, coming: bool) -> None:
        """Make *some* searchable and durable together with *cursor*: in the index that answers, or in the coming one.

        Raises:
            IndexDamaged: It could not be written.
            IndexAway: Whoever works the index has ended meanwhile.
        """

    async def finish(self) -> None:
        """Let the coming index take the place of the one that answers, which is removed."""

    async def query(self, question: Question, *, path_prefix: str, paths: Sequence[str] = (), limit: int) -> Found:
        """Return the best passages, of *paths* alone when some (`SCOPE_PATHS_MAX`) are given.

        ``cut`` and nothing when nobody can be asked in time.

        Raises:
            IndexDamaged: The index cannot be read.
        """


class IndexAway(Exception):
    """Whoever works the search index has ended; another one is on its way."""


class IndexDamaged(Exception):
    """The search index cannot be read; it has to be built again from the versions."""
