"""The gist of an extraction: as much of each list as a description tells, in the order in which it tells it."""

import json

from indexer.gist import gist_of, profiles, symbols, telling
from indexer.limits import GIST_FACTS_MAX, GIST_HEADINGS_MAX
from tests.indexer.reading import read


def test_of_a_small_file_all_that_is_told_is_there() -> None:
    whole = read("# Relay\n\n- Port: 80\n- Owner: Ada\n", "a.md")

    gist = gist_of(whole)

    assert (gist.headings, telling(gist.facts), gist.title) == (whole.headings, telling(whole.facts), whole.title)
    assert (gist.passages, gist.text) == ((), "")


def test_of_a_large_file_the_beginning_of_each_list_is_there_and_one_more() -> None:
    whole = read("".join(f"## Part {n}\n\n- Port: {n}\n- Owner: agent {n}\n" for n in range(1_000)), "a.md")
    code = read("".join(f"def f{n}(): pass\n" for n in range(400)), "a.py")
    rows = [{"name": f"n{n}", "size": n, "age": 2 * n, "cost": 3 * n, "rank": 4 * n} for n in range(4)]
    table = read(json.dumps({f"table {n}": rows for n in range(40)}), "a.json")

    gist = gist_of(whole)

    assert gist.headings == whole.headings[: GIST_HEADINGS_MAX + 1]
    assert telling(gist.facts) == telling(whole.facts)[: GIST_FACTS_MAX + 1]
    assert symbols(gist_of(code).facts) == symbols(code.facts)[: GIST_FACTS_MAX + 1]
    assert profiles(gist_of(table).facts) == profiles(table.facts)[: GIST_FACTS_MAX + 1]
    assert min(len(gist.headings), len(symbols(code.facts)), len(profiles(table.facts))) > GIST_FACTS_MAX


def test_every_subject_has_its_turn_before_one_has_a_second() -> None:
    long = "".join(f"- Key {n}: {n}\n" for n in range(8))
    facts = telling(read(f"# One\n\n{long}\n# Two\n\n- Port: 80\n", "a.md").facts)

    assert [fact.subject for fact in facts] == ["One"] * 5 + ["Two"] + ["One"] * 3
