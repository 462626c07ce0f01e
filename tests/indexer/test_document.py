"""Bytes as text, lines and places; limits and states of an extraction."""

import itertools
import time

import pytest

from indexer.collector import Collector
from indexer.document import Document, NotText, decode, file_name
from indexer.extraction import exact_facts, extract, extraction_key
from indexer.extractors import REGISTRY
from indexer.limits import EXTRACTION_S_MAX, FACTS_PER_FILE_MAX, INDEXED_BYTES_MAX
from indexer.model import Change
from tests.indexer.reading import facts, read, said


@pytest.mark.parametrize(
    ("data", "encoding", "note"),
    [
        ("ä: 1".encode(), "utf-8", ""),
        ("ä: 1".encode("utf-8-sig"), "utf-8", ""),
        ("ä: 1".encode("utf-16"), "utf-16", ""),
        ("ä: 1".encode("utf-16") + b"x", "utf-16", "not valid UTF-16 throughout"),
        ("ä: 1".encode("latin-1"), "latin-1", "not UTF-8: read as Latin-1"),
    ],
)
def test_text_is_decoded_and_says_how(data: bytes, encoding: str, note: str) -> None:
    document = decode(data, path="x.yaml")

    assert (document.text.rstrip("\ufffd"), document.encoding, document.note) == ("ä: 1", encoding, note)


def test_binary_is_no_text() -> None:
    with pytest.raises(NotText):
        decode(b"PK\x00\x01", path="x.zip")
    extraction = read(b"\x7fELF\x00\x00", "x.so")
    assert (extraction.state, extraction.reason) == ("limited", "not text: only name and type are known")


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("a", 1), ("a\n", 1), ("a\nb", 2), ("\n\n", 2), ("a\r\nb\u2028c\n", 2)]
)
def test_lines_are_counted_as_tools_count_them(text: str, count: int) -> None:
    document = Document(text, "x")

    assert document.line_count == count
    assert [line.number for line in document.lines()] == list(range(1, count + 1))
    assert all(text[line.start : line.end] == line.text for line in document.lines())


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("research/httpx/facts.md", "httpx"),
        ("README.md", "README"),
        ("relay.toml", "relay"),
        ("a/.env", "env"),
        ("a/_index.md", "a"),
        ("...", "..."),
    ],
)
def test_a_file_is_called_after_what_it_is_about(path: str, name: str) -> None:
    assert file_name(path) == name


@pytest.mark.parametrize(("data", "reason"), [(b"", "the file is empty"), (b" \n\t\n", "there are only blanks in it")])
def test_a_file_without_characters_is_empty_and_no_success(data: bytes, reason: str) -> None:
    extraction = read(data)

    assert (extraction.state, extraction.reason) == ("empty", reason)


def test_a_long_file_is_indexed_up_to_the_limit_even_inside_a_character() -> None:
    data = b"License: MIT\n\n" + b"x" * (INDEXED_BYTES_MAX - 15) + "ä".encode() + b"\nOwner: D"
    extraction = extract(data[:INDEXED_BYTES_MAX], path="x.txt", size_bytes=len(data))

    assert (extraction.state, extraction.encoding) == ("limited", "utf-8")
    assert extraction.reason.startswith(f"only the first {INDEXED_BYTES_MAX} bytes are indexed")
    assert said(extraction) == [("x", "License", "MIT")]


def test_a_file_gives_a_bounded_number_of_facts() -> None:
    extraction = read("".join(f"k{n} = {n}\n" for n in range(FACTS_PER_FILE_MAX + 10)), "x.toml")

    assert len(extraction.facts) == FACTS_PER_FILE_MAX
    assert extraction.reason == f"only the first {FACTS_PER_FILE_MAX} facts are kept"


def test_what_stands_beyond_the_last_fact_is_still_found_below_its_own_heading() -> None:
    table = "".join(f"| r{n} | {n} |\n" for n in range(FACTS_PER_FILE_MAX + 9))
    found = read(f"# Prices\n\n| Row | Price |\n|---|---|\n{table}\n# Zones\n\nOwner: Ada\n\nZone 13 is far.\n")

    assert len(found.facts) == FACTS_PER_FILE_MAX
    assert found.reason == f"only the first {FACTS_PER_FILE_MAX} facts are kept"
    assert [heading.title for heading in found.headings] == ["Prices", "Zones"]
    assert (found.passages[-1].heading, found.passages[-1].text[:7]) == ("Zones", "# Zones")


def test_extraction_ends_when_its_time_is_over_and_keeps_what_it_has() -> None:
    ticks = itertools.chain([0.0] * 6, itertools.repeat(EXTRACTION_S_MAX + 1))
    extraction = extract(b"Owner: Dana\n\nLicense: MIT\n\nPort: 80\n", path="x.md", clock=lambda: next(ticks))

    assert extraction.state == "limited"
    assert "took longer" in extraction.reason
    assert 0 < len(extraction.facts) < 3


def test_the_time_in_which_others_have_the_processor_is_nobodys_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.collector.EXTRACTION_S_MAX", 0.1)
    out = Collector(Document("Port: 80", "x"))
    time.sleep(0.3)

    out.tick()


def test_a_fact_whose_quote_does_not_stand_there_is_dropped_and_counted() -> None:
    out = Collector(Document("Port: 80", "x"))
    out.fact("field", key="Port", value="80", start=0, end=8, quote="Port: 80")
    out.fact("field", key="Port", value="81", start=0, end=8, quote="Port: 81")
    out.fact("field", key="Port", value="80", start=8, end=9)
    out.fact("field", key="Port", value=" ", start=0, end=8)

    assert ([f.value for f in out.facts], out.dropped) == (["80"], 2)
    assert list(exact_facts(out.facts, "Port: 81")) == []


def test_what_is_too_long_is_cut_and_still_exact() -> None:
    text = "Reason: " + "very " * 70 + "good\n"
    (fact,) = facts(read("- " + text))

    assert fact.value.endswith("…")
    assert fact.quote == text[: len(fact.quote)]
    assert read("# " + "x" * 500).headings[0].title == "x" * 160


def test_the_extractor_is_chosen_by_name_then_ending_then_type() -> None:
    chosen = [("a/README", ""), ("X.MD", ""), ("x", "text/csv; charset=utf-8"), ("x.zig", "")]

    assert [REGISTRY.choose(*each).name for each in chosen] == ["text", "markdown", "csv", "other"]


def test_the_key_of_an_extraction_is_all_that_it_depends_on() -> None:
    def key(path: str, sha256: str = "aa") -> str:
        return extraction_key(Change(seq=1, path=path, version=1, sha256=sha256))

    assert key("a/relay.md") == key("b/relay.md")
    assert len({key("a/relay.md"), key("a/other.md"), key("a/relay.txt"), key("a/relay.md", "bb")}) == 4
    assert all(f"{name}@" in REGISTRY.fingerprint for name in ("markdown", "csv", "other"))
