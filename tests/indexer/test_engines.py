"""What every search engine has to pass: ranking, bounds, durability, and damage that is noticed."""

import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from indexer.engines import ENGINES, is_installed, open_engine, weighing, whoosh_engine, whoosh_ranking, whoosh_segments
from indexer.engines.on_disk import OnDisk
from indexer.engines.tantivy_engine import TantivyIndex
from indexer.engines.whoosh_engine import WhooshIndex
from indexer.limits import QUERY_TERMS_MAX
from indexer.model import Change, Passage
from indexer.ports import IndexDamaged
from indexer.questions import parse_question
from tests.indexer.reading import read

TEXTS = {
    "relay.md": "# Relay\n\n## Retries\n\nThe relay retries failed deliveries with max_retries attempts.\n",
    "notes/other.md": "# Other\n\nNothing about deliveries here, only a running total.\n",
    "日本.md": "# 東京\n\n東京タワーは高い。\n",
    "code.py": "def openConnection(): pass\n",
}
KINDS: dict[str, Any] = {"whoosh": WhooshIndex, "tantivy": TantivyIndex}


@pytest.fixture(params=ENGINES, scope="module")
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def index(tmp_path: Path, name: str) -> Iterator[OnDisk]:
    index = filled(name, tmp_path)
    yield index
    index.close()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[OnDisk]:
    """Return an index for tests that only ask."""
    index = filled(name, tmp_path_factory.mktemp(name))
    yield index
    index.close()


def filled(name: str, folder: Path) -> OnDisk:
    index = opened(name, folder)
    index.reset()
    for seq, (path, text) in enumerate(TEXTS.items(), 1):
        put(index, path, text, version=1, seq=seq)
    index.commit(4)
    return index


def opened(name: str, folder: Path, form: str = "1") -> OnDisk:
    return cast("OnDisk", open_engine(name, folder / "index", form=form))


def put(index: OnDisk, path: str, text: str, *, version: int = 1, seq: int = 1) -> None:
    extraction = read(text, path)
    index.put(Change(seq=seq, path=path, version=version), extraction.title, extraction.passages)


def paths(index: OnDisk, text: str, path_prefix: str = "", limit: int = 10) -> list[str]:
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
        ("attempted", ["relay.md"]),
        ("max", ["relay.md"]),
        ("openconnection", ["code.py"]),
        ("retries*", ["relay.md"]),
        ("runn*", ["notes/other.md"]),
        ("conn*", ["code.py"]),
        ("dleiveries~", ["relay.md", "notes/other.md"]),
        ("retires~", ["relay.md"]),
        ("zetries~", []),
        ("title:relay", ["relay.md"]),
        ("title:deliveries", []),
        ("title:deliveries relay", []),
        ("title:relay running", []),
        ("title:relay running retries", ["relay.md"]),
        ("heading:retries relay deliveries", ["relay.md"]),
        ("heading:retr*", ["relay.md"]),
        ("heading:relai~", ["relay.md"]),
        ('heading:"relay retries"', ["relay.md"]),
        ('title:"failed deliveries"', []),
        ("path:notes total", ["notes/other.md"]),
        ("in:code.py", ["code.py"]),
        ("title:東京", ["日本.md"]),
        ("日本", ["日本.md"]),
        ("deliveries -relay", ["notes/other.md"]),
        ("deliveries -path:notes", ["relay.md"]),
        ('deliveries -"failed deliveries"', ["notes/other.md"]),
        ("nowhere", []),
        ("the", []),
        ("***", []),
    ],
)
def test_what_is_asked_for_is_found(asked: OnDisk, text: str, expected: list[str]) -> None:
    assert sorted(paths(asked, text)) == sorted(expected)


def test_hits_with_every_word_come_before_hits_with_some(asked: OnDisk) -> None:
    found = asked.query(parse_question("relay deliveries"), limit=10)

    assert [hit.path for hit in found.hits] == ["relay.md", "notes/other.md"]
    assert found.hits[0].score > found.hits[1].score
    assert (found.hits[0].version, found.hits[0].passage.heading, found.hits[0].passage.start_line) == (
        1,
        "Relay > Retries",
        1,
    )


def test_hits_with_some_words_score_below_those_with_all_even_when_they_say_more_of_them(index: OnDisk) -> None:
    put(index, "much.md", "relay relay relay relay relay\n")
    index.commit(5)

    hits = index.query(parse_question("relay deliveries"), limit=10).hits

    assert hits[0].path == "relay.md"
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0].score > hits[1].score > 0


def test_a_title_says_more_than_a_line_of_text(index: OnDisk) -> None:
    put(index, "text.md", "# Something\n\nA kestrel, among other things that are told here.\n")
    put(index, "title.md", "# Kestrel\n\nA bird, among other things that are told here.\n")
    index.commit(5)

    assert paths(index, "kestrel") == ["title.md", "text.md"]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("notes/", ["notes/other.md"]),
        ("note", ["notes/other.md"]),
        ("notes/other.md", ["notes/other.md"]),
        ("rel", ["relay.md"]),
        ("other/", []),
        ("日", []),
        ("", ["relay.md", "notes/other.md"]),
    ],
)
def test_a_search_may_be_bound_to_a_part_of_the_workspace(asked: OnDisk, prefix: str, expected: list[str]) -> None:
    assert sorted(paths(asked, "deliveries", path_prefix=prefix)) == sorted(expected)


def test_a_search_may_be_bound_to_some_files(asked: OnDisk) -> None:
    for some, expected in (
        (["notes/other.md", "code.py"], ["notes/other.md"]),
        (["notes/other.md", "relay.md"], ["notes/other.md", "relay.md"]),
        (["notes/oth", "relay", "absent.md"], []),
    ):
        for text in ("deliveries", "deliveries connection harbour"):
            found = asked.query(parse_question(text), paths=some, limit=10).hits
            within = {hit.path for hit in found} - {"code.py"}

            assert within == set(expected), (some, text)


def test_a_few_files_among_many_that_say_more_of_it_are_found(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whoosh_ranking, "CANDIDATES_MAX", 4)
    index = opened(name, tmp_path)
    index.reset()
    put(index, "few/one.md", "Of all the words in this long line the common one comes last of all: common\n")
    for number in range(40):
        put(index, f"{number}.md", "# common\n\ncommon\n")
    index.commit(1)

    for scope in ({"paths": ["few/one.md"]}, {"path_prefix": "few/"}, {"path_prefix": "few/one"}):
        found = index.query(parse_question("common absent"), limit=3, **scope).hits

        assert [hit.path for hit in found] == ["few/one.md"]
    index.close()


def test_no_more_than_the_limit_is_found(asked: OnDisk) -> None:
    assert paths(asked, "relay deliveries", limit=1) == ["relay.md"]
    assert paths(asked, "deliveries", limit=1) in (["relay.md"], ["notes/other.md"])


def test_words_are_found_by_their_beginning_however_few_of_them_are_remembered_while_they_are_written(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weighing, "WORDS_KEPT", 3)
    index = opened(name, tmp_path)
    index.reset()
    for number, text in enumerate(["Crossings and landings.", "Landings and moorings.", "Moorings and crossings."]):
        put(index, f"{number}.txt", text)
    index.commit(1)

    assert [sorted(paths(index, text)) for text in ("crossin*", "landin*", "moorin*")] == [
        ["0.txt", "2.txt"],
        ["0.txt", "1.txt"],
        ["1.txt", "2.txt"],
    ]
    index.close()


def test_a_prefix_stands_for_a_bounded_number_of_words(index: OnDisk) -> None:
    put(index, "words.txt", " ".join(f"prefixed{number:03}" for number in range(200)))
    index.commit(5)

    assert set(paths(index, "prefixed*")) == {"words.txt"}
    assert set(paths(index, "prefixed199")) == {"words.txt"}


def test_what_is_put_again_replaces_and_what_is_dropped_goes_at_the_next_commit(index: OnDisk) -> None:
    put(index, "relay.md", "Something else.\n", version=2)
    index.drop("code.py")
    assert paths(index, "retries") == ["relay.md"]

    index.commit(9)

    assert paths(index, "retries") == []
    assert paths(index, "connection") == []
    assert [(h.path, h.version) for h in index.query(parse_question("something")).hits] == [("relay.md", 2)]


def test_a_commit_outlives_the_process_and_one_without_changes_moves_the_cursor(
    tmp_path: Path, name: str, index: OnDisk
) -> None:
    index.commit(7)
    again = opened(name, tmp_path)

    assert again.verify() == 7
    assert paths(again, "retries") == ["relay.md"]
    assert stat.S_IMODE((tmp_path / "index").stat().st_mode) == 0o700
    again.close()


def test_an_index_that_is_absent_or_of_another_form_asks_to_be_built(tmp_path: Path, name: str, index: OnDisk) -> None:
    assert opened(name, tmp_path / "nowhere").verify() is None
    assert opened(name, tmp_path, "other extractors").verify() is None


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_a_damaged_file_is_noticed_before_it_is_read(tmp_path: Path, name: str, index: OnDisk, harm: str) -> None:
    index.close()
    manifest = (tmp_path / "index" / "manifest.json").read_text()
    files = [path for path in (tmp_path / "index").iterdir() if f'"{path.name}"' in manifest]
    assert files
    for file in files:
        data = file.read_bytes()
        harmed = bytearray(data)
        harmed[len(data) // 2] ^= 0xFF
        if harm == "remove":
            file.unlink()
        else:
            file.write_bytes(harmed if harm == "flip" else data[: len(data) // 2])
        assert opened(name, tmp_path).verify() is None, file.name
        file.write_bytes(data)
    again = opened(name, tmp_path)
    assert again.verify() == 4
    again.reset()
    assert (again.verify(), paths(again, "retries")) == (0, [])
    again.close()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"form": 1}', '{"form": 1, "crc": 0}', "nope"])
def test_a_manifest_that_says_nothing_is_not_believed(tmp_path: Path, index: OnDisk, text: str) -> None:
    (tmp_path / "index" / "manifest.json").write_text(text)

    assert index.verify() is None


def test_a_crash_before_the_manifest_replays_from_the_older_cursor(tmp_path: Path, name: str, index: OnDisk) -> None:
    manifest = tmp_path / "index" / "manifest.json"
    index._manifest.open()  # as a commit does before it writes anything
    before = manifest.read_text()
    put(index, "relay.md", "Something else.\n", version=2)
    index.commit(9)
    manifest.write_text(before)

    again = opened(name, tmp_path)
    assert again.verify() == 4
    assert paths(again, "something") == ["relay.md"]
    again.close()


def test_a_directory_that_vanishes_is_damage(tmp_path: Path, index: OnDisk) -> None:
    index.close()
    for file in (tmp_path / "index").iterdir():
        file.unlink()

    with pytest.raises(IndexDamaged):
        index.query(parse_question("retries"))
    put(index, "a.md", "x\n")
    with pytest.raises(IndexDamaged):
        index.commit(9)
    assert index.verify() is None


def test_a_commit_that_fails_half_way_changes_nothing(index: OnDisk) -> None:
    extraction = read(TEXTS["relay.md"])
    index.put(Change(seq=9, path="relay.md", version=2), cast("str", None), extraction.passages)  # no title at all

    with pytest.raises(IndexDamaged):
        index.commit(9)

    assert paths(index, "retries") == ["relay.md"]
    assert index.verify() == 4


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "~",
        "(" * 5_000,
        "a" * 1_000_000,
        "relay " * 200_000,
        " ".join(f"w{n}" for n in range(10_000)),
        " ".join(f"-word{n}" for n in range(10_000)),
        "a* b* c* de* fg*",
        "relay~ deliveries~ retries~ attempts~ running~",
        '"' + "relay " * 10_000 + '"',
        "title:" * 1_000,
    ],
    ids=lambda text: f"{text[:12]} of {len(text)}",
)
def test_a_hostile_query_is_only_a_small_one(asked: OnDisk, text: str) -> None:
    question = parse_question(text)

    assert len(question.terms) + len(question.without) <= 2 * QUERY_TERMS_MAX
    assert not asked.query(question).cut


@pytest.mark.parametrize("looks", [0, 1])
def test_a_query_that_runs_out_of_time_says_so(tmp_path: Path, name: str, looks: int) -> None:
    times = iter([0.0] * (1 + looks))
    index = KINDS[name](tmp_path / "index", form="1", clock=lambda: next(times, 100.0))
    index.reset()
    for number in range(300):
        put(index, f"{number}.txt", "common words " * 5)
    index.commit(1)

    assert index.query(parse_question("common words rare fuz~ com*"), limit=500).cut
    index.close()


def test_a_commit_that_is_given_up_changes_nothing(index: OnDisk, name: str, tmp_path: Path) -> None:
    put(index, "relay.md", "Replaced.\n", version=2, seq=5)
    index.give_up()
    index.commit(5)
    index.close()
    again = opened(name, tmp_path)
    assert again.verify() == 4
    assert paths(again, "retries") == ["relay.md"]
    again.close()


def test_many_commits_are_merged_and_what_was_replaced_is_gone_for_good(
    tmp_path: Path, name: str, index: OnDisk
) -> None:
    for number in range(30):
        put(index, f"many/{number}.md", f"# Many\n\nThe shared word and the lone word{number} of Gruyère.\n")
        put(index, "relay.md", f"Now revision{number}.\n", version=number + 2)
        index.commit(5 + number)

    found = index.query(parse_question("shared"), limit=100)
    assert len(found.hits) == 30
    assert (paths(index, "word7"), paths(index, "revision29"), paths(index, "revision3")) == (
        ["many/7.md"],
        ["relay.md"],
        [],
    )
    assert len(paths(index, "gruyère", path_prefix="many/", limit=100)) == 30
    assert len(list((tmp_path / "index").iterdir())) < 200
    for number in range(30):
        index.drop(f"many/{number}.md")
    index.commit(40)
    assert paths(index, "shared") == []
    assert opened(name, tmp_path).verify() == 40


def test_a_word_may_be_as_long_as_a_passage_and_hold_any_character(index: OnDisk) -> None:
    put(index, "long.txt", "x" * 1_500 + " na\u0308ive \U0001f600 ok\n")
    put(index, "odd [x](*)\\.{/\u202e.txt", "oddly named\n")
    index.commit(5)

    assert paths(index, "x" * 900 + "*") == ["long.txt"]
    assert paths(index, "ok") == ["long.txt"]
    assert paths(index, "oddly", path_prefix="odd [x](*)\\.{") == ["odd [x](*)\\.{/\u202e.txt"]


def test_a_commit_of_many_passages_is_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whoosh_engine, "COMMIT_PASSAGES", 3)
    monkeypatch.setattr(whoosh_segments, "SEGMENT_PASSAGES_MAX", 20)
    index = opened("whoosh", tmp_path)
    index.reset()
    for number in range(60):
        put(index, f"{number}.md", f"word{number} shared\n")
    index.commit(1)

    assert len(paths(index, "shared", limit=100)) == 60
    assert opened("whoosh", tmp_path).verify() == 1
    index.close()


@pytest.mark.parametrize(("terms_max", "segments"), [(1_000, 1), (150, 4), (20, 9)])
def test_what_has_many_terms_is_written_in_segments_of_some_and_merged_as_far_as_these_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terms_max: int, segments: int
) -> None:
    monkeypatch.setattr(whoosh_engine, "COMMIT_TERMS", 10)
    monkeypatch.setattr(whoosh_segments, "SEGMENT_TERMS_MAX", terms_max)
    index = opened("whoosh", tmp_path)
    index.reset()
    for number in range(9):
        put(index, f"{number}.md", " ".join(f"w{number}n{word}" for word in range(12)))
    index.commit(1)

    assert len(list((tmp_path / "index").glob("*.seg"))) == segments
    assert [paths(index, f"w{number}n11") for number in range(9)] == [[f"{number}.md"] for number in range(9)]
    index.close()


def test_a_long_file_comes_in_parts_and_the_first_of_another_version_takes_their_place(index: OnDisk) -> None:
    long = Change(seq=5, path="long.md", version=1)
    for goes_on, text in ((False, "harbour"), (True, "town")):
        index.put(long, "", [Passage(text=text, start_line=1, end_line=1)], goes_on=goes_on)
        index.commit(4)
    assert (paths(index, "harbour"), paths(index, "town")) == (["long.md"], ["long.md"])

    put(index, "long.md", "market\n", version=2)
    index.commit(6)

    assert (paths(index, "harbour"), paths(index, "town"), paths(index, "market")) == ([], [], ["long.md"])


def test_files_that_are_as_recorded_and_yet_no_index_ask_for_a_reset(tmp_path: Path, name: str, index: OnDisk) -> None:
    index.close()
    for file in (tmp_path / "index").iterdir():
        if file.name != "manifest.json":
            file.unlink()
    index._manifest.close(4)

    assert opened(name, tmp_path).verify() is None


def test_beyond_so_many_candidates_a_common_word_brings_up_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whoosh_ranking, "CANDIDATES_MAX", 4)
    index = opened("whoosh", tmp_path)
    index.reset()
    for number in range(40):
        put(index, f"{number}.md", "common " + ("rare" if number == 7 else "other") + "\n")
    put(index, "lonely.md", "lonely\n")
    index.commit(1)

    assert sorted(paths(index, "common rare lonely", limit=2)) == ["7.md", "lonely.md"]
    assert len(paths(index, "common rare lonely", limit=3)) == 3
    assert len(paths(index, "common rare lonely", limit=30)) == 4
    assert paths(index, "common rare", limit=1) == ["7.md"]
    index.close()


def test_a_commit_that_is_given_up_half_way_is_not_finished(tmp_path: Path, name: str, index: OnDisk) -> None:
    class Ending(Change):
        def __getattribute__(self, attribute: str) -> Any:
            if attribute == "version":  # asked for when its passages are written
                index.give_up()
            return super().__getattribute__(attribute)

    extraction = read(TEXTS["relay.md"])
    index.put(Ending(seq=5, path="new.md", version=1), "", extraction.passages * 3)
    index.commit(5)

    assert (index.verify(), paths(index, "path:new.md")) == (4, [])


def test_an_engine_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        open_engine("lucene", tmp_path)


def test_an_engine_whose_package_is_absent_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [is_installed(name) for name in ENGINES] == [True, True]

    monkeypatch.setitem(sys.modules, "tantivy", None)

    assert not is_installed("tantivy")
