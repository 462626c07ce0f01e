"""A real engine over the files of the evaluation, and the answers that it gives."""

import base64
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.eval import reading
from tests.eval.questions import Question
from tests.eval.workspace import File
from workspace_server.config import Settings
from workspace_server.core import tokens
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine

Answer = dict[str, Any]
FACTS_TOKENS, SEARCH_TOKENS, LINES_TOKENS = 1_500, 2_000, 400
READY_S_MAX = 300.0
"""Seconds after which an index that has not taken the files in is given up."""
ASKER = Caller(agent="asker")


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of an answer: what it says, and the place that it cites."""

    text: str
    path: str
    version: int
    start_line: int
    end_line: int
    page: int | None
    tokens: int

    def answers(self, question: Question) -> bool:
        """Return whether the value stands in it and the right file is cited, and in a long file the right place."""
        cited = self.path in (question.path, *question.also)
        return cited and question.answered_by(self.text) and (not question.placed or self.is_at(question))

    def is_at(self, question: Question) -> bool:
        """Return whether it cites the very place: the line, or the page of a document."""
        if self.path != question.path:
            return False
        if question.page is not None:
            return self.page == question.page
        return self.start_line <= question.line <= self.end_line


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as rows, best first, with its size in tokens, and whether the index had all when it was asked."""

    rows: tuple[Row, ...]
    tokens: int
    complete: bool
    conflicts: tuple[Answer, ...] = ()

    def place_of(self, question: Question) -> int | None:
        """Return the index of the first row that answers the question."""
        return next((at for at, row in enumerate(self.rows) if row.answers(question)), None)

    def tokens_until(self, question: Question) -> int:
        """Return the tokens up to and including the first row that answers, or of all of it."""
        place = self.place_of(question)
        return self.tokens if place is None else sum(row.tokens for row in self.rows[: place + 1])


class Asker:
    """Asks one engine as an agent does."""

    def __init__(self, engine: Engine, seq: int) -> None:
        self.engine = engine
        self._seq = seq

    async def facts(self, query: str, *, max_tokens: int = FACTS_TOKENS) -> Reply:
        """Ask `query_facts`."""
        answer = await self.engine.search.query_facts(ASKER, query=query, max_tokens=max_tokens, min_seq=self._seq)
        rows = [_fact_row(one) for one in answer["facts"]] + [_passage_row(one) for one in answer["passages"]]
        return Reply(
            tuple(rows), tokens.of_bytes(tokens.bytes_of(answer)), answer["complete"], tuple(answer["conflicts"])
        )

    async def quotes(self, query: str) -> list[Row]:
        """Return what `query_facts` quotes, with its place, when it is asked for all details."""
        answer = await self.engine.search.query_facts(ASKER, query=query, detail="full", limit=10, max_tokens=4_000)
        return [_quote_row(one) for one in answer["facts"]]

    async def passages(self, query: str, *, max_tokens: int = SEARCH_TOKENS) -> Reply:
        """Ask `search`."""
        answer = await self.engine.search.search(ASKER, query=query, max_tokens=max_tokens, min_seq=self._seq)
        rows = tuple(_passage_row(one) for one in answer["hits"])
        return Reply(rows, tokens.of_bytes(tokens.bytes_of(answer)), answer["complete"])

    async def lines(self, code: str) -> Reply:
        """Ask `search` for the lines in which *code* stands, as agents do who know how a thing is called."""
        answer = await self.engine.search.search(ASKER, query=code, mode="exact", max_tokens=LINES_TOKENS)
        rows = tuple(_passage_row(one) for one in answer["hits"])
        return Reply(rows, tokens.of_bytes(tokens.bytes_of(answer)), answer["complete"])

    async def states(self, paths: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Return the index state of each file, with its reason."""
        told = {}
        for path in paths:
            answer = await self.engine.search.describe_file(ASKER, path=path)
            told[path] = answer["index_state"], answer.get("index_reason", "")
        return told


def _fact_row(one: Answer) -> Row:
    path, _, place = one["cite"].rpartition("@")
    version, _, line = place.partition(":")
    page = reading.page_of(path, int(line))  # a brief fact names its line alone
    return Row(one["fact"], path, int(version), int(line), int(line), page, _size(one))


def _quote_row(one: Answer) -> Row:
    place = one["path"], one["version"], one["start_line"], one["end_line"], one.get("page")
    return Row(one["quote"], *place, _size(one))


def _passage_row(one: Answer) -> Row:
    place = one["path"], one["version"], one["start_line"], one["end_line"], one.get("page")
    return Row(one["text"], *place, _size(one))


def _size(row: Answer) -> int:
    return tokens.of_bytes(tokens.bytes_of(row))


@asynccontextmanager
async def indexed_workspace(folder: Path, files: Iterable[File]) -> AsyncIterator[Asker]:
    """Open an engine on *folder*, let agents write *files*, and wait for the index.

    Raises:
        TimeoutError: The index did not take the files in.
    """
    async with Engine.open(folder, settings=Settings()) as engine:
        seq = 0
        for file in files:
            author = Caller(agent=file.path.partition("/")[0])
            content = base64.b64encode(file.content).decode()
            saved = await engine.files.write_file(author, path=file.path, content=content, encoding="base64")
            seq = int(saved["seq"])
        await _ready(engine, seq)
        yield Asker(engine, seq)


async def _ready(engine: Engine, seq: int) -> None:
    until = time.monotonic() + READY_S_MAX
    while time.monotonic() < until:
        told = [
            await engine.search.query_facts(ASKER, query="anything", min_seq=seq),
            await engine.search.search(ASKER, query="anything", min_seq=seq),
        ]
        if all(one["complete"] for one in told):
            return
    raise TimeoutError(f"the index did not reach {seq} within {READY_S_MAX:.0f} s")
