"""The index process: it owns the search index, does what it is told over its standard input, and ends with that.

Two threads besides the one that reads: one writes, at a lower priority, and one asks. They share an interpreter, but
not the server's: however long an engine holds this one's lock, nobody there waits for it.
"""

import contextlib
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

from indexer.generations import Generations
from indexer.limits import INDEX_NICENESS
from indexer.model import Change, Passage
from indexer.ports import IndexAway, IndexDamaged, Searchable
from indexer.processes.standing_back import thread_stands_back
from indexer.questions import Question
from indexer.remote.wire import HEAD_BYTES, framed, length_of, message_of, packed, unpacked

_LOG: Final = logging.getLogger(__name__)
_LAST_COMMIT_S: Final = 5.0
"""How long a commit that gives up may take to notice; what it leaves is recognised at the next start."""
Work = Callable[[], Any]
Say = Callable[[list[Any]], None]


class Served:
    """Does what messages ask for, each as `[number, name, *arguments]`, and answers `[number, outcome, value]`.

    ``gather`` is not answered; ``write`` commits what it gathered since ``start``.
    """

    def __init__(self, index: Generations, say: Say) -> None:
        self._index = index
        self._say = say
        self._writes: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._queries: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._passages: list[Passage] = []
        self._gathered: list[Searchable] = []

    def run(self, messages: Iterator[list[Any]]) -> None:
        """Do what *messages* ask for until there are no more; then give up what is under way, and close."""
        writer = threading.Thread(target=_work, args=(self._writes, INDEX_NICENESS), daemon=True)
        reader = threading.Thread(target=_work, args=(self._queries, 0), daemon=True)
        for thread in (writer, reader):
            thread.start()
        for number, name, *arguments in messages:
            getattr(self, f"_on_{name}")(number, *arguments)
        self._index.give_up()
        self._writes.put(self._index.close)
        for line in (self._writes, self._queries):
            line.put(None)
        writer.join(_LAST_COMMIT_S)

    def _on_start(self, _number: int) -> None:
        """Forget what was gathered: whoever began to say it was interrupted."""
        self._passages, self._gathered = [], []

    def _on_gather(self, _number: int, parts: list[Any]) -> None:
        """Take passages, of one file after the other; with the last ones of each comes what they are of."""
        for passages, of in parts:
            self._passages += unpacked(list[Passage], passages)
            if of is not None:
                change, title, goes_on = of
                self._gathered.append(Searchable(unpacked(Change, change), title, self._passages, goes_on))
                self._passages = []

    def _on_write(self, number: int, cursor: int, coming: bool) -> None:
        some, self._gathered = self._gathered, []
        self._later(self._writes, number, lambda: self._index.write(some, cursor, coming=coming))

    def _on_verify(self, number: int) -> None:
        self._later(self._writes, number, self._index.verify)

    def _on_begin(self, number: int, serve: bool) -> None:
        self._later(self._writes, number, lambda: self._index.begin(serve=serve))

    def _on_finish(self, number: int) -> None:
        self._later(self._writes, number, self._index.finish)

    def _on_query(self, number: int, question: list[Any], path_prefix: str, paths: list[str], limit: int) -> None:
        ask = partial(self._index.query, unpacked(Question, question))
        self._later(self._queries, number, lambda: ask(path_prefix=path_prefix, paths=paths, limit=limit))

    def _later(self, line: "queue.SimpleQueue[Work | None]", number: int, work: Work) -> None:
        def answer() -> None:
            try:
                self._say([number, "done", packed(work())])
            except IndexAway:
                self._say([number, "replaced", None])
            except IndexDamaged as damage:
                self._say([number, "damaged", str(damage)])
            except Exception as error:  # noqa: BLE001 (whoever asked is told, and the others go on)
                _LOG.exception("the search index failed")
                self._say([number, "failed", type(error).__name__])

        line.put(answer)


def _work(line: "queue.SimpleQueue[Work | None]", niceness: int) -> None:
    """Do one thing after the other, in a thread of that niceness."""
    thread_stands_back(niceness)
    while (work := line.get()) is not None:
        work()


def messages_from(pipe: BinaryIO) -> Iterator[list[Any]]:
    """Yield what is said, until whoever says it has ended."""
    while len(head := pipe.read(HEAD_BYTES)) == HEAD_BYTES:
        length = length_of(head)
        if len(body := pipe.read(length)) < length:
            return
        yield message_of(body)


def said_to(pipe: BinaryIO) -> Say:
    """Return what writes whole messages, one at a time; to nobody when the other end has gone."""
    one_at_a_time = threading.Lock()

    def say(message: list[Any]) -> None:
        with one_at_a_time, contextlib.suppress(BrokenPipeError):
            pipe.write(framed(message))
            pipe.flush()

    return say


def main() -> None:
    """Serve the index that the arguments name: its directory, engine and form."""
    # So that Ctrl-C in a terminal leaves it to the server to end this. In a session of its own the thread that writes
    # would not stand back for the server: where Linux shares the processor among sessions, niceness counts within one.
    os.setpgrp()
    directory, engine, form = sys.argv[1:]
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # nothing that is printed may stand among the answers
        index = Generations(Path(directory), engine, form=form)
        Served(index, said_to(answers)).run(messages_from(sys.stdin.buffer))


if __name__ == "__main__":
    main()
