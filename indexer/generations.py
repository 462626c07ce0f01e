"""The search index on disk in generations: one answers while the next one is made, and then takes its place.

Each generation is an engine's own directory. A small file names the one that stands; replacing that file is the moment
of the change, so a crash leaves either the old one or the new one, never half of each.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from indexer.engines import open_engine
from indexer.model import Found
from indexer.ports import IndexAway, IndexDamaged, Searchable, SearchIndex, Standing
from indexer.questions import Question

_RECORD: Final = "standing.json"


class Generations:
    """The generation that stands and the one that is coming, under one directory, which they own and may empty.

    Blocks. One thread writes, one at a time queries; both may call at once.

    Args:
        engine: The name of the engine that new generations are made with.
        form: What the passages are made with: a generation of another form still answers, and is to be replaced.
    """

    def __init__(self, directory: Path, engine: str, *, form: str = "") -> None:
        self._directory = directory
        self._engine = engine
        self._form = form
        self._standing: SearchIndex | None = None
        self._coming: SearchIndex | None = None
        self._coming_name = ""
        self._given_up = False

    def verify(self) -> Standing | None:
        """Return how far the generation is that answers; None when there is none that can be believed."""
        record = self._record()
        if record is None:
            return None
        index = self._standing or self._opened(record["engine"], record["name"])
        cursor = None if index is None else index.verify()
        if cursor is None:
            self._standing = None  # so that nobody asks it before it is verified once more
            if index is not None:
                index.close()
            return None
        self._standing = index
        return Standing(cursor=cursor, is_current=(record["engine"], record["form"]) == (self._engine, self._form))

    def begin(self, *, serve: bool) -> None:
        """Begin a new, empty generation; the one that stands goes on answering, or goes at once without *serve*."""
        record = self._record()
        if not serve:
            self._close_standing()
            (self._directory / _RECORD).unlink(missing_ok=True)
        if self._coming is not None:
            self._coming.close()
        self._directory.mkdir(mode=0o700, exist_ok=True)
        self._directory.chmod(0o700)
        self._remove_all_but(record["name"] if serve and record else None)
        self._coming_name = str(int(record["name"]) + 1) if record else "1"
        self._coming = self._opened(self._engine, self._coming_name)
        if self._coming is None:
            raise IndexDamaged(self._engine)
        self._coming.reset()

    def write(self, some: Sequence[Searchable], cursor: int, *, coming: bool) -> None:
        """Make *some* searchable and durable together with *cursor*, in the generation that stands or in the next.

        Raises:
            IndexDamaged: It could not be written.
            IndexAway: It was neither verified nor begun here: whoever did that was replaced since.
        """
        index = self._coming if coming else self._standing
        if index is None:
            raise IndexAway
        for one in some:
            if one.change.version is None:
                index.drop(one.change.path)
            else:
                index.put(one.change, one.title, one.passages, goes_on=one.goes_on)
        index.commit(cursor)

    def finish(self) -> None:
        """Let the coming generation take the place of the one that stands, which is removed."""
        assert self._coming is not None, "finish follows begin"
        if self._given_up:
            return  # what was to be written was not
        record = {"name": self._coming_name, "engine": self._engine, "form": self._form}
        temporary = self._directory / (_RECORD + ".new")
        temporary.write_text(json.dumps(record), "utf-8")
        temporary.replace(self._directory / _RECORD)
        old, self._standing, self._coming = self._standing, self._coming, None
        if old is not None:
            old.close()
        self._remove_all_but(self._coming_name)

    def query(self, question: Question, *, path_prefix: str, paths: Sequence[str] = (), limit: int) -> Found:
        """Return the best passages of the generation that stands, which is verified before it is first asked.

        Raises:
            IndexDamaged: There is none, or it cannot be read.
        """
        index = self._standing or (self._standing if self.verify() is not None else None)
        if index is None:
            raise IndexDamaged("there is none")
        return index.query(question, path_prefix=path_prefix, paths=paths, limit=limit)

    def give_up(self) -> None:
        """Let a commit that is under way, and all later ones, change nothing: they can be repeated."""
        self._given_up = True
        for index in (self._standing, self._coming):
            if index is not None:
                index.give_up()

    def close(self) -> None:
        """Close what is open; what stands on disk stays."""
        self._close_standing()
        if self._coming is not None:
            self._coming.close()
            self._coming = None

    def _close_standing(self) -> None:
        index, self._standing = self._standing, None
        if index is not None:
            index.close()

    def _opened(self, engine: str, name: str) -> SearchIndex | None:
        """Return an engine over one generation; None when the engine is not there (any more)."""
        try:
            index = open_engine(engine, self._directory / name, form="")  # the form is ours to compare
        except (KeyError, ModuleNotFoundError):
            return None
        if self._given_up:
            index.give_up()
        return index

    def _record(self) -> dict[str, Any] | None:
        return _record_in(self._directory)

    def _remove_all_but(self, name: str | None) -> None:
        """Remove what an interrupted making, or an older program, left."""
        for path in self._directory.iterdir():
            if path.name in (name, _RECORD):
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def is_sound(directory: Path) -> bool:
    """Return whether the search index in *directory* is as it was written; reads all of it, and changes nothing."""
    record = _record_in(directory)
    if record is None:
        return False
    index = Generations(directory, record["engine"])
    try:
        return index.verify() is not None
    finally:
        index.close()


def _record_in(directory: Path) -> dict[str, Any] | None:
    """Return which generation stands; None when there is none, or that is not told as we would tell it."""
    try:
        record = json.loads((directory / _RECORD).read_text("utf-8"))
        whole = isinstance(record, dict) and all(isinstance(record[key], str) for key in ("name", "engine", "form"))
        return record if whole and record["name"].isdecimal() else None
    except (OSError, ValueError, KeyError):
        return None
