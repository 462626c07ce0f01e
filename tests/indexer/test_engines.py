"""The search index: ranking, bounds, durability, and damage that is noticed."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.engines.whoosh_engine import WhooshIndex
from indexer.model import Change
from indexer.ports import IndexDamaged
from indexer.questions import parse_question
from tests.indexer.reading import read

TEXTS = {
    "relay.md": "# Relay\n\n## Retries\n\nThe relay retries failed deliveries with max_retries attempts.\n",
    "notes/other.md": "# Other\n\nNothing about deliveries here, only a running total.\n",
    "日本.md": "# 東京\n\n東京タワーは高い。\n",
    "code.py": "def openConnection(): pass\n",
}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[WhooshIndex]:
    index = WhooshIndex(tmp_path / "index", form="1")
    index.reset()
    for seq, (path, text) in enumerate(TEXTS.items(), 1):
        put(index, path, text, version=1, seq=seq)
    index.commit(4)
    yield index
    index.close()


def put(index: WhooshIndex, path: str, text: str, *, version: int = 1, seq: int = 1) -> None:
    extraction = read(text, path)
    index.put(Change(seq=seq, path=path, version=version), extraction.title, extraction.passages)


def paths(index: WhooshIndex, text: str, path_prefix: str = "", limit: int = 10) -> list[str]:
    return [hit.path for hit in index.query(parse_question(text), path_prefix=path_prefix, limit=limit).hits]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("retry delivery", ["relay.md", "notes/other.md"]),
        ("deliveries run", ["notes/other.md", "relay.md"]),
        ('"failed deliveries"', ["relay.md"]),
        ('"deliveries failed"', []),
        ('"deliveries the"', ["notes/other.md", "relay.md"]),
        ("retr*", ["relay.md"]),
        ("zzz*", []),
        ("max_retries", ["relay.md"]),
        ("connection", ["code.py"]),
        ("東京", ["日本.md"]),
        ('"京タワ"', ["日本.md"]),
        ('"東京 高い"', ["日本.md"]),
        ("notes", ["notes/other.md"]),
        ("nowhere", []),
        ("***", []),
    ],
)
def test_what_is_asked_for_is_found(index: WhooshIndex, text: str, expected: list[str]) -> None:
    assert sorted(paths(index, text)) == sorted(expected)


def test_hits_with_every_word_come_before_hits_with_some(index: WhooshIndex) -> None:
    found = index.query(parse_question("relay deliveries"), limit=10)

    assert [hit.path for hit in found.hits] == ["relay.md", "notes/other.md"]
    assert found.hits[0].score > found.hits[1].score
    assert (found.hits[0].version, found.hits[0].passage.heading, found.hits[0].passage.start_line) == (
        1,
        "Relay > Retries",
        1,
    )


def test_a_search_may_be_bound_to_a_directory(index: WhooshIndex) -> None:
    assert paths(index, "deliveries", path_prefix="notes/") == ["notes/other.md"]


def test_a_prefix_stands_for_a_bounded_number_of_words(index: WhooshIndex) -> None:
    put(index, "words.txt", " ".join(f"prefixed{number:03}" for number in range(200)))
    index.commit(5)

    assert paths(index, "prefixed*") == ["words.txt"]
    assert paths(index, "prefixed199") == ["words.txt"]


def test_what_is_put_again_replaces_and_what_is_dropped_goes_at_the_next_commit(index: WhooshIndex) -> None:
    put(index, "relay.md", "Something else.\n", version=2)
    index.drop("code.py")
    assert paths(index, "retries") == ["relay.md"]

    index.commit(9)

    assert paths(index, "retries") == []
    assert paths(index, "connection") == []
    assert [(h.path, h.version) for h in index.query(parse_question("something")).hits] == [("relay.md", 2)]


def test_a_commit_outlives_the_process_and_one_without_changes_moves_the_cursor(
    tmp_path: Path, index: WhooshIndex
) -> None:
    index.commit(7)
    again = WhooshIndex(tmp_path / "index", form="1")

    assert again.verify() == 7
    assert paths(again, "retries") == ["relay.md"]
    assert stat.S_IMODE((tmp_path / "index").stat().st_mode) == 0o700
    again.close()


def test_an_index_that_is_absent_or_of_another_form_asks_to_be_built(tmp_path: Path, index: WhooshIndex) -> None:
    assert WhooshIndex(tmp_path / "nowhere", form="1").verify() is None
    assert WhooshIndex(tmp_path / "index", form="other extractors").verify() is None


@pytest.mark.parametrize("suffix", [".seg", ".toc"])
@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_a_damaged_file_is_noticed_before_it_is_read(
    tmp_path: Path, index: WhooshIndex, suffix: str, harm: str
) -> None:
    file = next(path for path in (tmp_path / "index").iterdir() if path.suffix == suffix)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    if harm == "remove":
        file.unlink()
    else:
        file.write_bytes(data if harm == "flip" else data[: len(data) // 2])

    again = WhooshIndex(tmp_path / "index", form="1")
    assert again.verify() is None
    again.reset()
    assert (again.verify(), paths(again, "retries")) == (0, [])
    again.close()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"form": 1}', "nope"])
def test_a_manifest_that_says_nothing_is_not_believed(tmp_path: Path, index: WhooshIndex, text: str) -> None:
    (tmp_path / "index" / "manifest.json").write_text(text)

    assert index.verify() is None


def test_a_crash_before_the_manifest_replays_from_the_older_cursor(tmp_path: Path, index: WhooshIndex) -> None:
    manifest = tmp_path / "index" / "manifest.json"
    before = manifest.read_text()
    put(index, "relay.md", "Something else.\n", version=2)
    index.commit(9)
    manifest.write_text(before)

    again = WhooshIndex(tmp_path / "index", form="1")
    assert again.verify() == 4
    assert paths(again, "something") == ["relay.md"]
    again.close()


def test_a_directory_that_vanishes_is_damage(tmp_path: Path, index: WhooshIndex) -> None:
    index.close()
    for file in (tmp_path / "index").iterdir():
        file.unlink()

    with pytest.raises(IndexDamaged):
        index.query(parse_question("retries"))
    put(index, "a.md", "x\n")
    with pytest.raises(IndexDamaged):
        index.commit(9)


def test_a_commit_that_fails_half_way_changes_nothing(index: WhooshIndex) -> None:
    extraction = read(TEXTS["relay.md"])
    index.put(Change(seq=9, path="relay.md", version=-1), "", extraction.passages)  # a version that cannot be

    with pytest.raises(IndexDamaged):
        index.commit(9)

    assert paths(index, "retries") == ["relay.md"]
    assert index.verify() == 4


@pytest.mark.parametrize(
    "text", ["*", "(" * 5_000, "a" * 5_000, " ".join(f"w{n}" for n in range(10_000)), "a* b* c* de* fg*"]
)
def test_a_hostile_query_is_only_a_small_one(index: WhooshIndex, text: str) -> None:
    assert not index.query(parse_question(text)).cut


def test_a_query_that_runs_out_of_time_says_so(tmp_path: Path) -> None:
    times = iter([0.0, 100.0])
    index = WhooshIndex(tmp_path / "slow", form="1", clock=lambda: next(times, 200.0))
    index.reset()
    for number in range(300):
        index.put(Change(seq=1, path=f"{number}.txt", version=1), "", read("common words " * 5, "x.txt").passages)
    index.commit(1)

    assert index.query(parse_question("common words rare"), limit=5).cut
    index.close()


def test_a_commit_that_is_given_up_changes_nothing(index: WhooshIndex, tmp_path: Path) -> None:
    put(index, "relay.md", "Replaced.\n", version=2, seq=5)
    index.give_up()
    index.commit(5)
    index.close()
    again = WhooshIndex(tmp_path / "index", form="1")
    assert again.verify() == 4
    assert paths(again, "retries") == ["relay.md"]
    again.close()
