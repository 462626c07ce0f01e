"""Passages by rank: what each engine takes to fill an index of 40,000, to answer from it, and to take in one change."""

import itertools
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from indexer.engines import ENGINES, open_engine
from indexer.model import Change, Passage
from indexer.ports import SearchIndex
from indexer.questions import parse_question, words_of
from tests.bench.measure import HEADER, Figure, figure

PASSAGES = 40_000
PER_FILE = 10
WORDS_EACH = 80
FILES_PER_COMMIT = 512
VOCABULARY = 30_000
NOT_ASKED_FOR = 100
"""The commonest words, which in a language are those that no index keeps and nobody asks for."""
QUERIES = 400
CHANGES = 40
LIMIT = 50
QUERY_WORDS = {"two words": 2, "nine words": 9}
SYLLABLES = [
    first + second
    for first in "b c d f g h j k l m n p r s t v w z br cr st tr pl gr".split()
    for second in "a e i o u ai ou".split()
]
ENDINGS = ["", "n", "r", "s", "t", "l", "ing", "ed", "er", "ion", "ment", "ly"]
Put = tuple[Change, str, Sequence[Passage]]


class Corpus:
    """Files of passages whose words are as common as words are: the n-th has an n-th of the places of the first."""

    def __init__(self) -> None:
        self.random = random.Random(4)
        words: dict[str, None] = {}
        while len(words) < VOCABULARY:
            syllables = self.random.choices(SYLLABLES, k=self.random.choice((1, 2, 2, 2, 3)))
            words["".join(syllables) + self.random.choice(ENDINGS)] = None
        self._words = list(words)
        self._common = list(itertools.accumulate(1 / (rank + 3) for rank in range(VOCABULARY)))

    def words(self, count: int) -> str:
        """Return so many words, common ones often."""
        return " ".join(self.random.choices(self._words, cum_weights=self._common, k=count))

    def question(self, count: int) -> str:
        """Return so many words, common ones often, but not the commonest."""
        common = [1 / (rank + 3) for rank in range(NOT_ASKED_FOR, VOCABULARY)]
        return " ".join(self.random.choices(self._words[NOT_ASKED_FOR:], common, k=count))

    def file(self, number: int, version: int = 1) -> Put:
        """Return what is told of one file."""
        change = Change(seq=number + 1, path=f"area{number % 40}/{number}.md", version=version)
        passages = [
            Passage(text=self.words(WORDS_EACH), start_line=line, end_line=line, heading=self.words(2))
            for line in range(1, PER_FILE + 1)
        ]
        return change, self.words(3), passages


class WordSets:
    """The floor: passages by their words in memory, neither stemmed nor ranked nor kept anywhere."""

    def __init__(self) -> None:
        self._passages: dict[str, set[int]] = {}
        self._count = itertools.count()

    def put(self, _: Change, __: str, passages: Sequence[Passage]) -> None:
        for passage in passages:
            number = next(self._count)
            for word in set(words_of(passage.text)):
                self._passages.setdefault(word, set()).add(number)

    def query(self, text: str) -> set[int]:
        return set.intersection(*(self._passages.get(word, set()) for word in words_of(text)))


async def run() -> None:
    """Print the figures of every engine."""
    print(f"\n{PASSAGES:,} passages of {WORDS_EACH} words in {PASSAGES // PER_FILE:,} files, {LIMIT} hits asked for")
    corpus = Corpus()
    files = [corpus.file(number) for number in range(PASSAGES // PER_FILE)]
    questions = {name: [corpus.question(count) for _ in range(QUERIES)] for name, count in QUERY_WORDS.items()}
    floor = WordSets()
    filling_floor = _filled("words in sets in memory (floor)", files, floor.put)
    print(f"  {'bulk':<44}{'passages/s':>12}{'per CPU s':>12}  {'floor':>7}\n{filling_floor.line()}")
    floors = {name: _asked(f"{name}, sets (floor)", texts, floor.query) for name, texts in questions.items()}
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as directory:
            index = open_engine(engine, Path(directory) / "index")
            index.reset()
            print(_filled(f"{engine}: fill and commit", files, index.put, index.commit).line(filling_floor))
            print(HEADER)
            for name, texts in questions.items():
                by_clock, on_processor = _asked(f"{engine}: {name}", texts, _asking(index))
                floor_by_clock, floor_on_processor = floors[name]
                print(f"{floor_by_clock.line()}\n{by_clock.line(floor_by_clock)}")
                print(on_processor.line(floor_on_processor))
            print(_changed(engine, index, corpus).line())
            index.close()


class Filling:
    """How fast passages went in: by the clock, and by the processor time of all threads."""

    def __init__(self, name: str, wall_s: float, processor_s: float) -> None:
        self._name = name
        self.per_second = PASSAGES / wall_s
        self._per_processor_second = PASSAGES / processor_s

    def line(self, floor: "Filling | None" = None) -> str:
        """Return the figure as a row, with its ratio to *floor*."""
        ratio = f"{floor.per_second / self.per_second:6.2f}×" if floor else ""
        return f"  {self._name:<44}{self.per_second:12,.0f}{self._per_processor_second:12,.0f}  {ratio}"


def _filled(
    name: str,
    files: Sequence[Put],
    put: Callable[[Change, str, Sequence[Passage]], None],
    commit: Callable[[int], None] = lambda _: None,
) -> Filling:
    began, began_processor = time.perf_counter(), time.process_time()
    for batch in _batches(files):
        for each in batch:
            put(*each)
        commit(batch[-1][0].seq)
    return Filling(name, time.perf_counter() - began, time.process_time() - began_processor)


def _batches(files: Sequence[Put]) -> Iterator[Sequence[Put]]:
    for first in range(0, len(files), FILES_PER_COMMIT):
        yield files[first : first + FILES_PER_COMMIT]


def _asking(index: SearchIndex) -> Callable[[str], object]:
    return lambda text: index.query(parse_question(text), path_prefix="", limit=LIMIT)


def _asked(name: str, texts: Sequence[str], ask: Callable[[str], object]) -> tuple[Figure, Figure]:
    """Return what answers take by the clock, and in processor time, which others do not slow down as much."""
    for text in texts[: QUERIES // 10]:
        ask(text)
    times, processor_times = [], []
    for text in texts:
        begun, begun_processor = time.perf_counter(), time.thread_time()
        ask(text)
        times.append(time.perf_counter() - begun)
        processor_times.append(time.thread_time() - begun_processor)
    on_processor = figure("  of it processor time", processor_times, sum(processor_times))
    return figure(name, times, sum(times)), on_processor


def _changed(engine: str, index: SearchIndex, corpus: Corpus) -> Figure:
    """Return what it takes from a changed file to the first answer with it."""
    times = []
    for number in range(CHANGES):
        change, _, passages = corpus.file(number, version=2)
        begun = time.perf_counter()
        index.put(change, f"mark{number}", passages)
        index.commit(PASSAGES + number)
        found = index.query(parse_question(f"mark{number}"), path_prefix="", limit=LIMIT)
        times.append(time.perf_counter() - begun)
        assert {hit.path for hit in found.hits} == {change.path}
    return figure(f"{engine}: a changed file until it is found", times, sum(times))
