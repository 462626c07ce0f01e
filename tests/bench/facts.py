"""Facts by the half million: how fast they are kept, replaced, and found."""

import itertools
import random
import tempfile
import time
from collections.abc import Awaitable, Iterator, Sequence
from pathlib import Path

from indexer.model import Change, Extraction, Fact, Indexed
from tests.bench.measure import HEADER, Figure, sequential
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files
from workspace_server.storage.tables.files import VersionRow

FACTS = 500_000
PER_FILE = 20
FILES_PER_BATCH = 500
CALLS = 300
LARGE = 4_000
"""Facts of the file that is replaced again and again."""
ROUNDS = 8
ANN = Caller(agent="ann")
WORDS = [
    "".join(parts)
    for parts in itertools.product(
        "ba ke li mo nu ra se to".split(),
        "lan mer tos rin".split(),
        "dex fin gor hal jun kos pel qua sim tav ulm wex yor zan".split(),
        ["", "a", "et", "is"],
    )
]


class Corpus:
    """Files of facts whose words are as common as words are: the n-th has an n-th of the places of the first."""

    def __init__(self) -> None:
        self.random = random.Random(4)
        self._words = self.random.sample(WORDS, len(WORDS))
        self._common = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(WORDS))))
        self._seqs = itertools.count(1)

    def words(self, count: int) -> str:
        """Return so many words, common ones often."""
        return " ".join(self.random.choices(self._words, cum_weights=self._common, k=count))

    def batches(self, count: int) -> Iterator[list[Indexed]]:
        """Yield files with *count* facts altogether."""
        for number in range(0, count // PER_FILE, FILES_PER_BATCH):
            paths = [f"d{one % 100}/{self.words(1)}-{one}.md" for one in range(number, number + FILES_PER_BATCH)]
            yield [self.file(path, PER_FILE) for path in paths]

    def file(self, path: str, count: int, version: int = 1) -> Indexed:
        """Return a file as it comes from its extraction."""
        subject, seq = self.words(2), next(self._seqs)
        facts = tuple(self._fact(subject) for _ in range(count))
        extraction = Extraction(state="ok", extractor="bench/1", facts=facts)
        return Indexed(change=Change(seq=seq, path=path, version=version), key=str(seq), extraction=extraction)

    def _fact(self, subject: str) -> Fact:
        key, value = self.words(2), f"{self.words(self.random.randint(1, 5))} {self.random.randint(1, 999)}"
        quote = f"- {key}: {value}"
        return Fact(
            kind=self.random.choice(("field", "field", "field", "cell", "quantity", "heading")),
            subject=subject, key=key, value=value, normal=value, quote=quote, start=0, end=len(quote), start_line=1,
            end_line=1,
        )  # fmt: skip


async def run() -> None:
    """Print the figures."""
    print(f"\n{FACTS:,} facts of {FACTS // PER_FILE:,} files")
    corpus = Corpus()
    with tempfile.TemporaryDirectory() as directory:
        async with Engine.open(Path(directory) / "w", settings=Settings(ignore=("*.md", "*.csv"))) as engine:
            await _fill(engine, corpus)
            await _replace(engine, corpus)
            print(HEADER)
            for figure in _questions(engine, corpus):
                print((await figure).line())
        size_bytes = (Path(directory) / "w" / ".workspace" / "workspace.db").stat().st_size
        print(f"  {'the database':<44}{size_bytes / 1e6:9.0f} MB")


async def _fill(engine: Engine, corpus: Corpus) -> None:
    spent_s, first_s = 0.0, 0.0
    for batch in corpus.batches(FACTS):
        await engine.db.write(lambda tx, batch=batch: _heads(tx, batch))  # type: ignore[misc]
        begun = time.perf_counter()
        await engine.indexing.store.keep(batch, progress=None)
        first_s = first_s or time.perf_counter() - begun
        spent_s += time.perf_counter() - begun
    per_batch = FILES_PER_BATCH * PER_FILE
    print(f"  {'kept, the first ten thousand':<44}{per_batch / first_s:9.0f} facts/s")
    print(f"  {'kept, all':<44}{FACTS / spent_s:9.0f} facts/s")


async def _replace(engine: Engine, corpus: Corpus) -> None:
    """Print how long a large file takes that is replaced again and again: deletes must not pile up."""
    times = []
    for version in range(1, ROUNDS + 1):
        one = corpus.file("large.csv", LARGE, version)
        await engine.db.write(lambda tx, one=one: _heads(tx, [one]))  # type: ignore[misc]
        begun = time.perf_counter()
        await engine.indexing.store.keep([one], progress=None)
        times.append(time.perf_counter() - begun)
    spelled = ", ".join(f"{seconds * 1e3:.0f}" for seconds in times)
    print(f"  {f'{LARGE:,} facts of one file, again and again':<44}{spelled} ms")


def _questions(engine: Engine, corpus: Corpus) -> Iterator[Awaitable[Figure]]:
    ask = engine.search.query_facts
    kinds: dict[str, Sequence[dict[str, object]]] = {
        "query_facts, two words": [{"query": corpus.words(2)} for _ in range(CALLS)],
        "the same, nine words": [{"query": corpus.words(9)} for _ in range(CALLS)],
        "the most common word of all": [{"query": corpus._words[0]} for _ in range(CALLS)],
        "subject and key": [{"subject": corpus.words(1), "key": corpus.words(1)} for _ in range(CALLS)],
        "two words below a directory": [{"query": corpus.words(2), "path": "d7/"} for _ in range(CALLS)],
        "two words of a kind": [{"query": corpus.words(2), "kind": "quantity"} for _ in range(CALLS)],
        "two words as of an earlier seq": [{"query": corpus.words(2), "as_of_seq": 9_000} for _ in range(CALLS)],
        "the newest of a kind": [{"kind": "cell"} for _ in range(CALLS)],
    }
    for name, asked in kinds.items():

        async def call(number: int, asked: Sequence[dict[str, object]] = asked) -> object:
            return await ask(ANN, **asked[number % CALLS])  # type: ignore[arg-type]

        yield sequential(name, call, count=CALLS - 50)


async def _heads(tx: Transaction, batch: Sequence[Indexed]) -> None:
    """Make versions of which the batch tells."""
    for one in batch:
        change = one.change
        assert change.version is not None
        sha256 = f"{change.seq:064x}"
        await tx.run("INSERT INTO contents (sha256, size_bytes, form, data) VALUES (?, 1, 'raw', '')", sha256)
        row = await files.by_path(tx, change.path)
        file_id = row.file_id if row else await files.insert(tx, change.path, change.path)
        await files.append_version(
            tx,
            VersionRow(
                file_id=file_id, version=change.version, seq=change.seq, op="write", at=0.0, agent="ann", message=None,
                sha256=sha256, size_bytes=1, media_type="text/markdown", sources=None, moved_from=None, commit_id=None,
            ),
        )  # fmt: skip
