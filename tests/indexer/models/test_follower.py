"""The models beside the facts: each file taken once, failures survived, and nothing asked twice about one content."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
import pytest

from indexer.follower import FactFollower
from indexer.limits import VECTORS_SPARED_MAX
from indexer.memory import MemoryFactStore
from indexer.model import Change, Fact
from indexer.models.embedding import Embedding
from indexer.models.finding import FactsByModel
from indexer.models.follower import ModelFollower
from indexer.models.ports import Embedded, Message, ModelFailed
from indexer.models.vectors import sketch
from tests.indexer.following import Log, running

pytestmark = pytest.mark.anyio

AWAY = ModelFailed("away", of_input=False)
STUMBLES = ModelFailed("stumbles", of_input=True)


class Model:
    """A `ModelClient` that fails as it is told, and tells of each text its number of letters and of words."""

    def __init__(self) -> None:
        self.failures: list[ModelFailed] = []
        self.asked: list[str] = []
        self.embedded: list[str] = []
        self.says: Callable[[str], str] = lambda _: "[]"
        self.vectors_short = 0

    async def complete(self, messages: Sequence[Message]) -> str:
        self.asked.append(messages[-1].text)
        if self.failures:
            raise self.failures.pop(0)
        return self.says(messages[-1].text)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if self.failures:
            raise self.failures.pop(0)
        self.embedded += texts
        vectors = [[len(text) - 20.0, text.count(" ") - 3.0, 1.0] for text in texts]
        return vectors[self.vectors_short :]


class Answers:
    """An `AnswerStore` in memory."""

    def __init__(self) -> None:
        self.by_key: dict[str, tuple[Fact, ...]] = {}
        self.settled: dict[str, tuple[int | None, str]] = {}
        self.facts: dict[str, list[Fact]] = {}
        self.kept = anyio.Event()

    async def is_settled(self, change: Change, key: str) -> bool:
        return self.settled.get(change.path) == (change.version, key)

    async def answer(self, key: str) -> tuple[Fact, ...] | None:
        return self.by_key.get(key)

    async def remember(self, change: Change, key: str, identity: str, facts: Sequence[Fact]) -> None:
        self.by_key[key] = tuple(facts)

    async def keep(self, change: Change, key: str, identity: str, facts: Sequence[Fact]) -> None:
        self.settled[change.path] = (change.version, key)
        self.facts[change.path] = list(facts)
        self.kept.set()


class Vectors:
    """A `VectorStore` in memory."""

    def __init__(self) -> None:
        self.by_key: dict[str, list[Embedded]] = {}

    async def sketches(self, key: str) -> list[int] | None:
        return [sketch(one.vector) for one in self.by_key[key]] if key in self.by_key else None

    async def keep(self, change: Change, key: str, embedded: Sequence[Embedded]) -> None:
        self.by_key[key] = list(embedded)

    async def read(self, wanted: Sequence[tuple[str, int]]) -> list[Embedded | None]:
        return [self.by_key[key][number] if key in self.by_key else None for key, number in wanted]

    async def forget(self, keys: Sequence[str]) -> None:
        for key in keys:
            del self.by_key[key]


class Beside:
    """Models that follow a log in memory."""

    def __init__(self) -> None:
        self.log = Log()
        self.store = MemoryFactStore()
        self.model = Model()
        self.answers = Answers()
        self.vectors = Vectors()
        self.facts = FactFollower(self.log, self.store, rhythm_s=0.0)
        self.finds = FactsByModel(self.log, self.store, self.answers, self.model, model="small", chars_max=9_000)
        self.embeds = Embedding(self.store, self.vectors, self.model, model="v", batch=2, passages_max=3)

    @asynccontextmanager
    async def follow(self, take: Callable[[Change], object]) -> AsyncIterator[ModelFollower]:
        follower = ModelFollower(self.log, self.facts, take, pause_s=(0.0, 0.0), rhythm_s=0.0)  # type: ignore[arg-type]  # one of the two above
        async with running(self.facts.run, follower.run):
            yield follower

    async def once(self, take: Callable[[Change], object], seq: int) -> None:
        async with self.follow(take) as follower:
            assert await follower.progress.reach(seq, timeout_s=10)


@pytest.fixture
def beside() -> Beside:
    return Beside()


def answer(key: str, value: str, quote: str, subject: str = "") -> str:
    return json.dumps({"facts": [{"subject": subject, "key": key, "value": value, "quote": quote}]})


async def test_every_file_is_taken_and_then_what_changes(beside: Beside) -> None:
    beside.model.says = lambda text: answer("port", "80", "port 80") if "port 80" in text else "no"
    beside.log.save("gate.md", "The gate has port 80.\n")
    beside.log.save("data.json", '{"port": 80}')
    async with beside.follow(beside.finds.take) as follower:
        assert await follower.progress.reach(2, timeout_s=10)
        [fact] = beside.answers.facts["gate.md"]
        assert (fact.subject, fact.key, fact.value, fact.start) == ("gate", "port", "80", 13)

        seq = beside.log.save("more.md", "# Pump\nIt has port 80, too.\n")
        beside.log.delete("gate.md")
        assert await follower.progress.reach(seq + 1, timeout_s=10)
        assert [fact.subject for fact in beside.answers.facts["more.md"]] == ["Pump"]

    assert beside.answers.facts["data.json"] == [], "of data, the structure says more"
    assert len(beside.model.asked) == 2


async def test_one_content_is_asked_about_once_whatever_its_name_is(beside: Beside) -> None:
    beside.model.says = lambda _: answer("port", "80", "port 80")
    for path in ("a.md", "copy/b.md"):
        seq = beside.log.save(path, "It has port 80.\n")
    async with beside.follow(beside.finds.take) as follower:
        assert await follower.progress.reach(seq, timeout_s=10)
        follower.look_again()
        seq = beside.log.save("c.md", "It has port 80.\n")
        assert await follower.progress.reach(seq, timeout_s=10)

    assert len(beside.model.asked) == 1
    assert {path: facts[0].subject for path, facts in beside.answers.facts.items()} == {
        "a.md": "a",
        "copy/b.md": "b",
        "c.md": "c",
    }


async def test_another_model_is_asked_anew(beside: Beside) -> None:
    seq = beside.log.save("a.md", "It has port 80.\n")
    await beside.once(beside.finds.take, seq)
    other = FactsByModel(beside.log, beside.store, beside.answers, beside.model, model="large", chars_max=9_000)
    await beside.once(other.take, seq)

    assert len(beside.model.asked) == 2


async def test_when_facts_are_made_anew_the_models_facts_come_back_unasked(beside: Beside) -> None:
    beside.model.says = lambda _: answer("port", "80", "port 80")
    seq = beside.log.save("a.md", "It has port 80.\n")
    async with beside.follow(beside.finds.take) as follower:
        assert await follower.progress.reach(seq, timeout_s=10)
        beside.answers.settled.clear()
        beside.answers.facts.clear()
        beside.answers.kept = anyio.Event()
        follower.look_again()
        await beside.answers.kept.wait()
        assert [fact.value for fact in beside.answers.facts["a.md"]] == ["80"]

    assert len(beside.model.asked) == 1


async def test_while_the_model_is_away_it_is_asked_until_it_answers(beside: Beside) -> None:
    seq = beside.log.save("a.md", "It has port 80.\n")
    beside.model.failures = [AWAY] * 7
    async with beside.follow(beside.finds.take) as follower:
        assert await follower.progress.reach(seq, timeout_s=10)

        assert (follower.left_out, follower.error) == (0, "")
    assert len(beside.model.asked) == 8


async def test_a_file_over_which_the_model_stumbles_does_not_keep_the_others_waiting(beside: Beside) -> None:
    beside.log.save("a.md", "It has port 80.\n")
    beside.model.failures = [STUMBLES] * 3
    async with beside.follow(beside.finds.take) as follower:
        assert await follower.progress.reach(1, timeout_s=10)
        assert (follower.left_out, follower.error) == (1, "stumbles")

        assert await follower.progress.reach(beside.log.save("b.md", "It has port 81.\n"), timeout_s=10)
        assert (follower.left_out, follower.error) == (1, "")

        beside.log.happen("a.md")
        assert await follower.progress.reach(beside.log.save("b.md", "It has port 82.\n"), timeout_s=10)
        assert "a.md" not in beside.answers.facts, "nobody is asked about the same again"

        assert await follower.progress.reach(beside.log.save("a.md", "It has port 83.\n"), timeout_s=10)
        assert follower.left_out == 0
    assert sorted(beside.answers.facts) == ["a.md", "b.md"]


async def test_a_failure_in_the_middle_of_a_file_costs_no_answer(beside: Beside) -> None:
    text = "".join(f"Line {number} of the report says little.\n" for number in range(200))
    beside.log.save("long.md", text)
    said: list[str] = []

    def says(asked: str) -> str:
        said.append(asked)
        if len(said) == 2:
            raise AWAY
        return "[]"

    beside.model.says = says
    await beside.once(beside.finds.take, 1)

    assert len(said) == len({*said}) + 1 == 3, "two parts, one of them asked twice"


async def test_what_cannot_be_read_or_is_of_an_older_version_is_left(beside: Beside) -> None:
    beside.log.save("gone.md", "It has port 80.\n")
    async with running(beside.facts.run):
        assert await beside.facts.progress.reach(1, timeout_s=10)
    beside.log.unreadable.add("gone.md")
    await beside.once(beside.finds.take, 1)
    unknown = Change(seq=9, path="never.md", version=4, sha256="00")
    await beside.finds.take(unknown)
    await beside.embeds.take(unknown)

    assert beside.answers.facts == {"gone.md": []}
    assert (beside.model.asked, beside.vectors.by_key) == ([], {})


async def test_documents_are_asked_about_by_what_they_say(beside: Beside) -> None:
    mail = "From: a@b.example\r\nSubject: Rent\r\nContent-Type: text/plain\r\n\r\nThe rent is 900 EUR.\r\n"
    beside.model.says = lambda _: answer("rent", "900 EUR", "The rent is 900 EUR.")
    await beside.once(beside.finds.take, beside.log.save("mail.eml", mail))

    extraction = next(iter(beside.store.indexed.values())).extraction
    assert extraction is not None
    [fact] = beside.answers.facts["mail.eml"]
    assert extraction.text[fact.start : fact.end] == "The rent is 900 EUR."


async def test_passages_have_vectors_as_long_as_a_file_has_them(beside: Beside) -> None:
    beside.log.save(
        "a.md", "# One\nshort\n\n# Two\nA somewhat longer passage stands here.\n\n# Three\nx\n\n# Four\ny\n"
    )
    async with beside.follow(beside.embeds.take) as follower:
        assert await follower.progress.reach(beside.log.save("b.md", "Alone."), timeout_s=10)
        assert (beside.embeds.sketches.files, beside.embeds.sketches.passages) == (2, 4)
        assert "Alone." in beside.model.embedded

        [first, *_] = await beside.embeds.near([20.0, 3.0, 1.0])
        assert (first.path, first.passage.heading) == ("a.md", "Two")
        assert {hit.path for hit in await beside.embeds.near([1.0, 1.0, 1.0], path_prefix="b")} <= {"b.md"}

        assert await follower.progress.reach(beside.log.delete("a.md"), timeout_s=10)
        assert {hit.path for hit in await beside.embeds.near([20.0, 3.0, 1.0])} <= {"b.md"}


async def test_what_is_not_kept_any_more_is_not_found(beside: Beside) -> None:
    await beside.once(beside.embeds.take, beside.log.save("a.md", "Alone."))
    beside.vectors.by_key.clear()

    assert await beside.embeds.near([1.0, 1.0, 1.0]) == []


async def test_a_model_that_gives_too_few_vectors_is_not_believed(beside: Beside) -> None:
    beside.model.vectors_short = 1
    async with beside.follow(beside.embeds.take) as follower:
        assert await follower.progress.reach(beside.log.save("a.md", "Alone."), timeout_s=10)
        assert follower.left_out == 1
    assert beside.vectors.by_key == {}


async def test_going_back_costs_no_vectors_and_old_ones_are_dropped_at_last(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.models.embedding.VECTORS_SPARED_MAX", 2)
    assert VECTORS_SPARED_MAX > 2
    async with beside.follow(beside.embeds.take) as follower:
        for text in ("one", "two", "one", "three", "four", "five"):
            assert await follower.progress.reach(beside.log.save("a.md", text), timeout_s=10)

    assert beside.model.embedded == ["one", "two", "three", "four", "five"]
    kept = [one.passage.text for some in beside.vectors.by_key.values() for one in some]
    assert sorted(kept) == ["five", "four", "three"], "one and two gave way: the longest unused go first"
