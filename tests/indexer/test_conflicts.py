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
    ],
)
def test_what_may_rightly_differ_is_no_contradiction(one: str, other: str) -> None:
    assert told(one, other) == []


def test_at_most_three_are_told_and_one_fact_of_each_value() -> None:
    ports = ["# a\nPort: 1\nHost: x\nZone: p\nRack: 1\n", "# a\nPort: 2\nHost: y\nZone: q\nRack: 2\n", "# a\nPort: 2\n"]

    assert told(*ports) == [["1", "2"], ["x", "y"], ["p", "q"]]


def test_places_in_a_file_are_no_entities() -> None:
    first = live("a.yaml", "limits:\n  timeout: 5\n")
    second = live("b.yaml", "limits:\n  timeout: 6\n")

    assert conflicts_among([*first, *second]) == []
    assert conflicts_among([replace(one, fact=replace(one.fact, entity=True)) for one in [*first, *second]]) != []
