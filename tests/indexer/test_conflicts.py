"""Which facts contradict each other, and which only differ."""

from dataclasses import replace

import pytest

from indexer.conflicts import conflicts_among
from indexer.model import LiveFact
from tests.indexer.reading import read


def live(path: str, text: str) -> list[LiveFact]:
    return [
        LiveFact(fact=fact, path=path, version=1, seq=1, agent="rita", at_s=0.0)
        for fact in read(text, path).facts
        if fact.kind != "heading"
    ]


def told(*texts: str) -> list[list[str]]:
    facts = [fact for number, text in enumerate(texts) for fact in live(f"f{number}.md", text)]
    return [[one.fact.value for one in conflict.facts] for conflict in conflicts_among(facts)]


def test_two_files_that_say_different_things_of_one_thing_contradict_each_other() -> None:
    assert told("# httpx\n\nMinimum Python: 3.8\n", "# HTTPX\n\n- minimum python: 3.9\n") == [["3.8", "3.9"]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("# httpx\nLicense: MIT\n", "# httpx\nLicense: mit.\n"),
        ("# httpx\nLicense: BSD\n", "# httpx\nLicense: BSD-3-Clause\n"),
        ("# httpx\nLicense: BSD-3-Clause\n", "# httpx\nLicense: BSD\n"),
        ("# httpx\nStatus: open\n", "# httpx\nStatus: done\n"),
        ("# httpx\nRelease date: May\n", "# httpx\nRelease date: June\n"),
        ("# Overview\nLicense: MIT\n", "# Overview\nLicense: BSD\n"),
        ("# httpx\nLimit: 5 MB\n", "# httpx\nLimit: 5 s\n"),
        ("# httpx\nLicense: MIT\n", "# aiohttp\nLicense: BSD\n"),
        ("# httpx\n- Host: a\n- Host: b\n", "# httpx\nHost: c\n"),
        ("# httpx\nIt ran 5 ms.\n", "# httpx\nIt ran 6 ms.\n"),
        ("# httpx\nReason: " + "long " * 30, "# httpx\nReason: " + "other " * 30),
        ("# httpx\nLicense: MIT\n# httpx\nLicense: BSD\n", ""),
        ("# httpx\nDecision: MIT\n", "# httpx\nDecision: BSD\n"),
        ("# httpx\nMinimum Python: 3.9\n", "# httpx\nMinimum Python: 3.87\n"),
        ("# httpx\nMinimum Python: 3.87\n", "# httpx\nMinimum Python: 3.9\n"),
        ("# httpx\nSeats: ~20\n", "# httpx\nSeats: 20.4\n"),
        ("# httpx\nSeats: <=20\n", "# httpx\nSeats: 20\n"),
        ("# httpx\nHTTP/2: yes\n", "# httpx\nHTTP/2: enabled\n"),
        ("# httpx\nHTTP/2: TBD\n", "# httpx\nHTTP/2: yes\n"),
        ("# httpx\nBackends: asyncio, trio\n", "# httpx\nBackends: trio and asyncio\n"),
        ("# httpx\nScope: all of the calls that we make\n", "# httpx\nScope: only what is sent to other firms\n"),
        ("# httpx\n- [idea] pool of threads\n", "# httpx\n- [idea] pool of processes\n"),
        ("| run | score |\n|---|---|\n| Run 1 | 5 |\n", "| run | score |\n|---|---|\n| Run 1 | 6 |\n"),
        ("| Plan | Price |\n|---|---|\n| Basic | $5 |\n", "| plan | price |\n|---|---|\n| basic | $6 |\n"),
        (
            "| size | rate |\n|---|---|\n| 64 KB, one topic | 5 |\n",
            "| size | rate |\n|---|---|\n| 64 KB, one topic | 6 |\n",
        ),
        ("# httpx\nPrice: 5 EUR\n", "| product | price |\n|---|---|\n| httpx | 6 |\n"),
        ("# httpx\nPrice: 5 EUR\n", "# httpx\nPrice: 6 USD\n"),
        ("# httpx\nTotal: 5\n", "# httpx\nTotal: 6\n"),
        ("# httpx\nOwner: @ivo\n", "# httpx\nOwner: Ivo Brandt\n"),
        ("# httpx\nOwner: Ivo Brandt\n", "# httpx\nOwner: I. Brandt\n"),
        ("# httpx\nDocument owner: Ivo\n", "# httpx\nDocument owner: Ann\n"),
        ("# Overview\nOwner: Ivo\n", "# Overview\nOwner: Ann\n"),
        ("# httpx\n- Wait: 5 s, then 7 s\n", "# httpx\n- Wait: 6 s\n"),
        ("# httpx\n- Wait: 5 parts, more or less\n", "# httpx\n- Wait: 5 parts\n"),
        ("# What we found\nSeats: 5\n", "# What we found\nSeats: 6\n"),
        ("# Glossary\n\nSeats\n: five\n", "# Glossary\n\nSeats\n: six\n"),
        ("| month | sold |\n|---|---|\n| March 2026 | 5 |\n", "| month | sold |\n|---|---|\n| March 2026 | 6 |\n"),
    ],
)
def test_what_may_rightly_differ_is_no_contradiction(one: str, other: str) -> None:
    assert told(one, other) == []


def test_those_of_the_first_facts_go_first_with_one_fact_of_each_value() -> None:
    ports = ["# a\nPort: 1\nHost: x\nZone: p\nRack: 1\n", "# a\nPort: 2\nHost: y\nZone: q\nRack: 2\n", "# a\nPort: 2\n"]

    assert told(*ports) == [["1", "2"], ["x", "y"], ["p", "q"], ["1", "2"]]


def test_places_in_a_file_are_no_entities() -> None:
    first = live("a.yaml", "pool:\n  timeout: 5\n")
    second = live("b.yaml", "pool:\n  timeout: 6\n")

    assert conflicts_among([*first, *second]) == []
    assert conflicts_among([replace(one, fact=replace(one.fact, entity=True)) for one in [*first, *second]]) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("# httpx\nSeats: 20\n", "# httpx\nSeats: 20.4\n"),
        ("# httpx\nSeats: ~20\n", "# httpx\nSeats: ~25\n"),
        ("# httpx\nHTTP/2: yes\n", "# httpx\nHTTP/2: off\n"),
        ("# httpx\n- [price] 20 EUR\n", "# httpx\n- [price] 25 EUR\n"),
        ("# httpx\nLicense: MIT\n", "# httpx\nLicense: BSD-3-Clause\n"),
        ("| Plan | Price |\n|---|---|\n| Street | $5 |\n", "| plan | price |\n|---|---|\n| street | $6 |\n"),
        ("# httpx\nPrice per month: 5 EUR\n", "# httpx\nPrice per month: 6 EUR\n"),
        ("# httpx\n## Summary\nSeats: 5\n", "# httpx\nSeats: 6\n"),
        ("# Relay\nMaximum payload: 512 KiB\n", "# Relay\n## Limits\nMaximum payload: 256 KiB\n"),
        ("# httpx\nOwner: Ivo Brandt\n", "# httpx\n- Owner: Ann\n"),
        ("# Desks: what we recommend\n## Bell\n- Seats: 5\n", "# Bell\n## What is in it\nSeats: 6\n"),
        ("# httpx\n\nTrial\n: 21 days, without a card\n", "# httpx\nTrial: 14 days\n"),
    ],
)
def test_what_excludes_each_other_is_a_contradiction(one: str, other: str) -> None:
    assert len(told(one, other)) == 1


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("reports/2026-03.md", "reports/2026-04.md", 0),
        ("reports/march.md", "reports/april.md", 0),
        ("week-11/notes.md", "week-12/notes.md", 0),
        ("agent-1/notes.md", "agent-2/notes.md", 1),
        ("sales/march.md", "stock/march.md", 1),
    ],
)
def test_issues_of_one_report_speak_of_different_times(one: str, other: str, count: int) -> None:
    said = [*live(one, "# relay\nSeats: 20\n"), *live(other, "# relay\nSeats: 25\n")]

    assert len(conflicts_among(said)) == count


def test_a_number_that_goes_on_in_words_is_dismissed_with_the_number_itself() -> None:
    files = (
        live("a.md", "# x\nTrial: 21 days, free\n"),
        live("b.md", "# x\nTrial: 21 days\n"),
        live("c.md", "# x\nTrial: 5 days\n"),
    )
    (one,) = conflicts_among([*files[0], *files[1], *files[2]])
    (other,) = conflicts_among([*files[1], *files[0], *files[2]])

    assert one.mark == other.mark


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.md", "# Desk\n\nTrial\n: 21 days\n"),
        ("a.rst", "Desk\n====\n\nTrial\n  21 days\n"),
        ("a.html", "<h1>Desk</h1><dl><dt>Trial</dt><dd>21 days</dd></dl>"),
    ],
)
def test_a_definition_is_of_the_heading_above_it(path: str, text: str) -> None:
    assert [fact.entity for fact in read(text, path).facts if fact.key == "Trial"] == [True]


def test_a_mark_is_of_the_subject_the_key_and_the_values() -> None:
    def mark(*texts: str) -> str:
        facts = [fact for number, text in enumerate(texts) for fact in live(f"{number}.md", text)]
        [conflict] = conflicts_among(facts)
        return conflict.mark

    one, other = "# Relay\nPort: 80\n", "# relay\n- port: 81\n"
    assert mark(one, other) == mark(other, one) == mark(one, one, other)
    assert len({mark(one, other), mark(one, "# relay\nPort: 82\n"), mark("# x\nPort: 80\n", "# x\nPort: 81\n")}) == 3
