"""Generations of the search index: which one answers, what a crash leaves, and what is not believed."""

from pathlib import Path

import pytest

from indexer import engines
from indexer.generations import Generations, is_sound
from indexer.model import Change, Passage
from indexer.ports import IndexAway, IndexDamaged, Searchable, Standing
from indexer.questions import parse_question


def searchable(path: str, text: str) -> Searchable:
    return Searchable(Change(seq=1, path=path, version=1), "", [Passage(text=text, start_line=1, end_line=1)])


def found(index: Generations, text: str) -> list[str]:
    return sorted(hit.path for hit in index.query(parse_question(text), path_prefix="", limit=9).hits)


def filled(directory: Path, *, form: str = "1") -> Generations:
    index = Generations(directory, "whoosh", form=form)
    index.begin(serve=False)
    index.finish()
    index.write([searchable("a.md", "harbour")], 7, coming=False)
    return index


def test_the_coming_generation_answers_only_once_it_is_finished(tmp_path: Path) -> None:
    index = filled(tmp_path / "index")
    index.begin(serve=True)
    index.write([searchable("b.md", "harbour")], 8, coming=True)
    assert found(index, "harbour") == ["a.md"]
    index.write([Searchable(Change(seq=9, path="a.md", version=None))], 9, coming=False)
    assert found(index, "harbour") == []

    index.finish()

    assert found(index, "harbour") == ["b.md"]
    assert index.verify() == Standing(8, is_current=True)
    index.close()
    assert [path.name for path in (tmp_path / "index").iterdir() if path.is_dir()] == ["2"]


def test_a_generation_that_was_not_finished_leaves_the_old_one(tmp_path: Path) -> None:
    index = filled(tmp_path / "index")
    index.begin(serve=True)
    index.write([searchable("b.md", "harbour")], 8, coming=True)
    index.close()

    again = Generations(tmp_path / "index", "whoosh", form="1")

    assert again.verify() == Standing(7, is_current=True)
    assert found(again, "harbour") == ["a.md"]
    again.begin(serve=True)
    again.begin(serve=True)
    again.finish()
    assert found(again, "harbour") == []
    again.close()


def test_a_generation_of_another_form_or_engine_answers_and_is_known_to_be_old(tmp_path: Path) -> None:
    filled(tmp_path / "index").close()

    for index in (
        Generations(tmp_path / "index", "whoosh", form="2"),
        Generations(tmp_path / "index", "another", form="1"),
    ):
        assert index.verify() == Standing(7, is_current=False)
        assert found(index, "harbour") == ["a.md"]
        index.close()


def test_an_engine_that_is_not_there_answers_nothing_and_cannot_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path / "index").close()
    monkeypatch.setattr(engines, "ENGINES", {"lost": "indexer.engines.lost_engine"})

    assert Generations(tmp_path / "index", "lost").verify() is None
    assert not is_sound(tmp_path / "index")
    with pytest.raises(IndexDamaged):
        Generations(tmp_path / "index", "lost").begin(serve=False)


def test_what_is_to_answer_no_more_is_gone_from_the_disk_at_once(tmp_path: Path) -> None:
    index = filled(tmp_path / "index")
    (tmp_path / "index" / "_MAIN_1.toc").write_text("of an older program")
    index.begin(serve=False)

    assert index.verify() is None
    with pytest.raises(IndexDamaged):
        found(index, "harbour")
    with pytest.raises(IndexAway):
        index.write([], 1, coming=False)
    assert [path.name for path in (tmp_path / "index").iterdir()] == ["2"]
    index.close()


def test_the_first_query_verifies_what_it_asks(tmp_path: Path) -> None:
    filled(tmp_path / "index").close()
    index = Generations(tmp_path / "index", "whoosh", form="1")
    assert found(index, "harbour") == ["a.md"]
    index.close()
    [segment] = (tmp_path / "index").rglob("*.seg")
    segment.write_bytes(segment.read_bytes()[:-3] + b"xyz")

    again = Generations(tmp_path / "index", "whoosh", form="1")
    for _ in range(2):
        with pytest.raises(IndexDamaged):
            found(again, "harbour")
    assert not is_sound(tmp_path / "index")


@pytest.mark.parametrize(
    "record",
    ["", "[]", "{}", '{"name": 1, "engine": "whoosh", "form": ""}', '{"name": "..", "engine": "whoosh", "form": ""}'],
)
def test_a_record_that_is_not_as_it_was_written_names_no_generation(tmp_path: Path, record: str) -> None:
    filled(tmp_path / "index").close()
    assert is_sound(tmp_path / "index")
    (tmp_path / "index" / "standing.json").write_text(record)

    assert Generations(tmp_path / "index", "whoosh").verify() is None
    assert not is_sound(tmp_path / "index")


def test_what_has_given_up_changes_nothing_any_more(tmp_path: Path) -> None:
    index = filled(tmp_path / "index")
    index.begin(serve=True)
    index.give_up()
    index.write([searchable("b.md", "harbour")], 8, coming=True)
    index.finish()
    index.begin(serve=True)
    index.write([searchable("c.md", "harbour")], 8, coming=False)
    index.close()

    again = Generations(tmp_path / "index", "whoosh", form="1")
    assert again.verify() == Standing(7, is_current=True)
    assert found(again, "harbour") == ["a.md"]
    again.close()


def test_an_index_whose_folder_has_been_moved_away_makes_none_in_its_place(tmp_path: Path) -> None:
    index = Generations(tmp_path / "moved" / "index", "whoosh", form="1")
    with pytest.raises(FileNotFoundError):
        index.begin(serve=False)
    assert list(tmp_path.iterdir()) == []
