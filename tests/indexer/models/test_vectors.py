"""Vectors: packed small without losing what they mean, and the nearest found among many by their sketches."""

import math
import random

import pytest

from indexer.limits import VECTOR_NUMBERS_MAX
from indexer.model import Hit, Passage
from indexer.models.fusion import fused
from indexer.models.ports import ModelFailed
from indexer.models.vectors import Sketches, closeness, nearest, packed, sketch, unpacked


def directions(count: int, numbers: int = 256) -> list[list[float]]:
    chance = random.Random(7)
    return [[chance.gauss(0, 1) for _ in range(numbers)] for _ in range(count)]


def hit(path: str, text: str = "x", score: float = 0.0) -> Hit:
    return Hit(path=path, version=1, passage=Passage(text=text, start_line=1, end_line=1), score=score)


def test_a_packed_vector_has_its_direction_and_length_one() -> None:
    one, other = directions(2)
    angle = (
        sum(a * b for a, b in zip(one, other, strict=True)) / math.dist(one, [0] * 256) / math.dist(other, [0] * 256)
    )

    assert closeness(unpacked(packed(one)), unpacked(packed([5 * number for number in one]))) == pytest.approx(
        1, abs=2e-3
    )
    assert closeness(unpacked(packed(one)), unpacked(packed(other))) == pytest.approx(angle, abs=2e-3)


@pytest.mark.parametrize(
    "wrong", [[], [0.0, 0.0], [math.nan, 1.0], [math.inf, 1.0], [1e308] * 9, [1.0] * (VECTOR_NUMBERS_MAX + 1)]
)
def test_what_has_no_direction_is_no_vector(wrong: list[float]) -> None:
    with pytest.raises(ModelFailed):
        packed(wrong)


def test_vectors_of_different_models_are_not_alike() -> None:
    assert closeness((1.0, 0.0), (1.0, 0.0, 0.0)) == 0


def test_a_sketch_tells_what_is_positive() -> None:
    assert sketch(packed([0.5, -0.5, 0.0, 3.0])) == 0b1001


def test_the_nearest_are_found_among_many() -> None:
    vectors = [packed(vector) for vector in directions(400)]
    known = Sketches()
    for number in range(40):
        known.put(f"{number % 2}/{number}.md", 3, f"k{number}", [sketch(one) for one in vectors[number * 10 :][:10]])
    asked = unpacked(vectors[123])
    like = packed([number + 0.3 * noise for number, noise in zip(asked, unpacked(vectors[7]), strict=True)])

    first, *others = nearest(known.within(""), sketch(like), 20)

    assert (first.path, first.version, first.key, first.number) == ("0/12.md", 3, "k12", 3)
    assert len(others) == 19
    assert {place.path[0] for place in nearest(known.within("1/"), sketch(like), 20)} == {"1"}
    assert {place.path for place in nearest(known.within("", ["1/1.md", "no.md"]), sketch(like), 20)} == {"1/1.md"}
    assert len(nearest(known.within(""), sketch(like), 1_000)) == 400
    assert nearest({}, sketch(like), 5) == []


def test_files_without_passages_have_nothing_near() -> None:
    known = Sketches()
    known.put("empty.md", 1, "k", [])

    assert nearest(known.within(""), 5, 3) == []
    assert (known.files, known.passages) == (1, 0)


def test_a_key_is_free_once_no_file_has_it() -> None:
    known = Sketches()

    assert known.put("a.md", 1, "k1", [1]) is None
    assert known.put("b.md", 1, "k1", [1]) is None
    assert known.put("a.md", 2, "k2", [2]) is None, "b.md has it"
    assert known.put("b.md", 2, "k1", [1]) is None, "it goes on having it"
    assert known.drop("b.md") == "k1"
    assert known.drop("b.md") is None


def test_what_both_lists_have_goes_before_what_one_has() -> None:
    words = [hit("a"), hit("b"), hit("c")]
    meaning = [hit("d"), hit("c"), hit("e")]

    found = fused(words, meaning)

    assert [one.path for one in found] == ["c", "a", "d", "b", "e"]
    assert found[1].score == 1.0
    assert fused([hit("a", "one"), hit("a", "two")], []) == [hit("a", "one", 1.0), hit("a", "two", 61 / 62)]
