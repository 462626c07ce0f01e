"""The evaluation is sound: its answers stand where it says, and what is cited stands where the citation says."""

import json
from collections import Counter
from pathlib import Path

import pytest

from indexer.model import FACT_KINDS
from tests.eval import precision
from tests.eval.asking import Row, indexed_workspace
from tests.eval.baselines import grep_with_slices
from tests.eval.citations import stands
from tests.eval.contradictions import pairs
from tests.eval.questions import Question, questions
from tests.eval.workspace import workspace

FEW = (
    "config/gateway.toml",
    "config/scheduler.yaml",
    "finance/budget-2026.xlsx",
    "incidents/2026-01-19-checkout-outage.md",
    "incidents/postmortem-slides.pptx",
    "lab/week-7.ipynb",
    "legal/master-services-agreement.pdf",
    "people/training.rst",
    "product/roadmap.html",
    "research/queues/kestrelmq.md",
    "research/queues/summary.md",
)
"""Files of several types, few enough to be asked about whenever the tests run."""


def test_there_are_files_and_questions_of_every_type() -> None:
    types = Counter(file.kind for file in workspace().values())

    assert len(workspace()) >= 110
    assert len(questions()) >= 600
    assert {"md", "txt", "html", "rst", "csv", "tsv", "json", "jsonl", "yaml", "toml", "xml", "ipynb"} <= set(types)
    assert {"pdf", "docx", "xlsx", "pptx", "eml", "png", "log", "py", "go", "rs", "java", "ts", "c"} <= set(types)
    assert {one.path for one in questions()} == set(workspace())
    assert [text for text, times in Counter(one.text for one in questions()).items() if times > 1] == []


def test_every_answer_stands_at_its_line() -> None:
    astray = []
    for one in questions():
        lines = workspace()[one.path].text.split("\n")
        if not one.answered_by(" ".join(lines[one.line - 1 : one.line + 1])):  # a sentence may go over two lines
            astray.append((one.path, one.line, one.gold))

    assert astray == []
    assert [one for one in questions() if not all(one.answered_by(workspace()[path].text) for path in one.also)] == []


def test_every_answer_in_a_document_stands_on_its_page() -> None:
    documents = [one for one in questions() if workspace()[one.path].is_document]

    assert [one for one in questions() if (one.page is None) == (one in documents)] == []
    assert [one for one in documents if not one.answered_by(workspace()[one.path].pages[(one.page or 0) - 1])] == []


def test_both_sides_of_every_pair_are_said_by_their_files() -> None:
    sides = [(pair.subject, value, path) for pair in pairs() for value, path in pair.sides]

    assert sum(pair.planted for pair in pairs()) >= 15
    assert sum(not pair.planted for pair in pairs()) >= 15
    assert [
        side for side in sides if not Question("", (side[1],), "", 0, "").answered_by(workspace()[side[2]].text)
    ] == []


def test_a_value_is_no_part_of_a_longer_number() -> None:
    asked = Question("", ("150 EUR", "4.2"), "", 0, "")

    assert [text for text in ("it costs 1,150 EUR", "4.25", "14.2", "44.2") if asked.answered_by(text)] == []
    assert [text for text in ("**150\nEUR**", "release 4.2.", "a,4.2,b") if not asked.answered_by(text)] == []


def test_a_code_in_a_question_is_seen() -> None:
    coded = {
        "Who carried N014510?": "N014510",
        "What does NK-093 run on?": "NK-093",
        "Who asked for delay_reefer_at_gate by shift?": "delay_reefer_at_gate",
        "How often may /trailers/audit be called?": "/trailers/audit",
        "What was paid in 2025, and by 40 people?": None,
    }

    assert {text: Question(text, ("x",), "", 0, "").code for text in coded} == coded


def test_grep_finds_what_is_asked_in_the_words_of_the_text() -> None:
    known = next(one for one in questions() if one.path == "config/gateway.toml")
    copied = Question("Which connections are reserved_for_health at the gateway?", ("8",), known.path, 1, "field")

    assert grep_with_slices(copied).found
    assert not grep_with_slices(Question("Which walrus?", ("8",), known.path, 1, "field")).found


def test_every_verdict_is_one_and_says_why_when_a_fact_is_junk() -> None:
    places = sorted(precision.VERDICTS.glob("*.jsonl"))
    rows = [json.loads(line) for place in places for line in place.read_text(encoding="utf-8").splitlines()]
    wrong = [row for row in rows if row["verdict"] != "good" and not (row["verdict"] == "junk" and row.get("why"))]

    assert {place.stem for place in places} <= set(FACT_KINDS)
    assert wrong == []


@pytest.mark.anyio
async def test_what_is_cited_stands_at_its_place(tmp_path: Path) -> None:
    asked = [one for path in FEW for one in [each for each in questions() if each.path == path][::4]]
    async with indexed_workspace(tmp_path / "w", [workspace()[path] for path in FEW]) as asker:
        rows = [row for one in asked for row in await asker.quotes(one.text)]
        rows += [row for one in asked for row in (await asker.passages(one.text)).rows]
        found = [one for one in asked if (await asker.facts(one.text)).place_of(one) is not None]

    assert len({row.path for row in rows}) == len(FEW)
    assert [row for row in rows if not stands(row)] == []
    assert len(found) > len(asked) / 2


def test_a_citation_that_leads_astray_is_noticed() -> None:
    row = Row("- License: Apache-2.0", "research/queues/kestrelmq.md", 1, 13, 13, None, 9)

    assert stands(row)
    assert not stands(Row(row.text, row.path, 1, 14, 14, None, 9))
    assert not stands(Row(row.text, row.path, 2, 13, 13, None, 9))
