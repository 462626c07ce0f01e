"""Passages: where a text is cut, and what each piece knows of its place."""

from indexer.limits import (
    ERRORS_PER_LOG_MAX,
    NUMBERS_PER_FILE_MAX,
    NUMBERS_PER_TABLE_MAX,
    PASSAGE_CHARS,
    PASSAGE_CHARS_MAX,
    PASSAGES_PER_FILE_MAX,
    PASSAGES_PER_TABLE_MAX,
)
from indexer.questions import words_of
from tests.indexer.reading import read


def test_a_heading_begins_a_passage_and_names_those_above() -> None:
    passages = read("top\n\n# A\n\none\n\n## B\n\ntwo\n\n# C\nthree\n").passages

    assert [(p.heading, p.start_line, p.end_line) for p in passages] == [
        ("", 1, 1),
        ("A", 3, 5),
        ("A > B", 7, 9),
        ("C", 11, 12),
    ]


def test_headings_alone_go_with_the_text_below_them() -> None:
    passages = read("# A\n\n## B\n\ntext\n\nC\n===\n\n# D\nend\n").passages

    assert [(p.heading, p.start_line, p.end_line) for p in passages] == [("A > B", 1, 5), ("D", 7, 11)]


def test_a_long_section_is_cut_between_paragraphs() -> None:
    paragraph = "word " * 60
    passages = read("\n\n".join([paragraph] * 12), "x.txt").passages

    assert len(passages) > 2
    assert all(len(p.text) <= PASSAGE_CHARS_MAX for p in passages)
    assert all(p.text.strip() == p.text.strip("\n").strip() and p.text.startswith("word") for p in passages)


def test_a_line_of_millions_of_characters_is_cut_too() -> None:
    passages = read("word " * 1_000_000, "x.txt").passages

    assert all(len(p.text) <= PASSAGE_CHARS for p in passages)
    assert {(p.start_line, p.end_line) for p in passages} == {(1, 1)}
    assert sum(len(p.text) for p in passages) >= 4_999_999
    assert read("x" * 5_000, "x.txt").passages[0].text == "x" * PASSAGE_CHARS


def test_a_file_gives_a_bounded_number_of_passages() -> None:
    extraction = read(("y" * (PASSAGE_CHARS - 1) + "\n") * (PASSAGES_PER_FILE_MAX + 1), "x.log")

    assert len(extraction.passages) == PASSAGES_PER_FILE_MAX
    assert extraction.reason == f"only the first {PASSAGES_PER_FILE_MAX} passages are searchable by rank"


def test_a_table_of_many_numbers_is_searchable_by_rank_as_far_as_its_first_ones_go() -> None:
    extraction = read("".join(f"{row},{row % 97},n{row}\n" for row in range(40_000)), "data.csv")
    numbers = {word for passage in extraction.passages for word in passage.text.replace("\n", ",").split(",")}

    assert NUMBERS_PER_TABLE_MAX <= len(numbers) < NUMBERS_PER_TABLE_MAX + PASSAGE_CHARS_MAX
    assert extraction.state == "limited"
    assert f"only the first {len(extraction.passages)} passages are searchable by rank" in extraction.reason


def test_a_log_of_many_ids_has_few_facts_and_is_searchable_by_rank_as_far_as_its_first_ids_go() -> None:
    lines = NUMBERS_PER_FILE_MAX + 20_000
    extraction = read("".join(f"ERROR request id{n:07x} of node {n % 7} was refused\n" for n in range(lines)), "x.log")
    ids = {word for passage in extraction.passages for word in words_of(passage.text) if not word.isalpha()}

    assert NUMBERS_PER_FILE_MAX <= len(ids) < NUMBERS_PER_FILE_MAX + PASSAGE_CHARS_MAX
    assert 0 < len(extraction.facts) <= 3 * ERRORS_PER_LOG_MAX
    assert f"only the first {len(extraction.passages)} passages are searchable by rank" in extraction.reason


def test_a_table_of_few_numbers_gives_as_many_passages_as_a_table_may() -> None:
    row = "harbour,town,7\n"
    extraction = read(row * (2 * PASSAGE_CHARS_MAX * PASSAGES_PER_TABLE_MAX // len(row)), "data.csv")

    assert len(extraction.passages) == PASSAGES_PER_TABLE_MAX
    assert f"only the first {PASSAGES_PER_TABLE_MAX} passages are searchable by rank" in extraction.reason
