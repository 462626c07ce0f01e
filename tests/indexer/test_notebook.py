"""Notebooks: the statements of their Markdown cells, quoted from the JSON that is stored."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.extraction import extract
from indexer.limits import OUTPUT_CHARS_MAX
from tests.indexer.reading import facts, read, said


def stored(*cells: dict[str, Any], **dumping: Any) -> str:
    metadata = {"language_info": {"name": "python"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4}, **dumping)


def markdown(*lines: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": list(lines)}


CODE = {
    "source": ["# Owner: nobody\n", "df.mean()"],
    "outputs": [
        {"output_type": "stream", "text": ["first line\n", "second line\n"]},
        {"output_type": "execute_result", "data": {"text/plain": "0.0423", "image/png": "iVBORw0KGgo"}},
        {"output_type": "error", "ename": "KeyError", "evalue": "no such column"},
        {"output_type": "stream", "text": "x" * 3 * OUTPUT_CHARS_MAX},
        {"output_type": "stream", "text": "never seen"},
    ],
    "cell_type": "code",
}
CHURN = (
    markdown(
        "# Churn\n", "\n", "Owner: Ida\n", "\n", "| Part | Share |\n", "|---|---|\n", "| caf\u00e9 \U0001f600 | 6% |\n"
    ),
    CODE,
    {"cell_type": "markdown", "source": 'We keep\nthe "small" plan.\n\nDecision: keep\nthe "small" plan.'},
    {"cell_type": "raw", "source": "Owner: raw"},
    {"cell_type": "markdown", "source": ""},
)


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_markdown_of_a_notebook_is_read_like_any_other(indent: int | None, ascii_only: bool) -> None:
    text = stored(*CHURN, indent=indent, ensure_ascii=ascii_only)
    extraction = read(text, "churn.ipynb")

    assert said(extraction) == [
        ("Churn", "Owner", "Ida"),
        ("caf\u00e9 \U0001f600", "Share", "6%"),
        ("Churn", "decision", 'keep the "small" plan.'),
        ("churn", "language", "python"),
    ]
    assert [f.quote for f in facts(extraction)] == [
        "Owner: Ida",
        "6%",
        r"keep\nthe \"small\" plan.",
        '"name": "python"',
    ]
    assert (extraction.title, extraction.dropped) == ("Churn", 0)
    assert [h.title for h in extraction.headings] == ["Churn"]


def test_code_and_the_beginning_of_its_output_are_searched_and_pictures_are_not() -> None:
    shown = "\n".join(p.text for p in read(stored(*CHURN, indent=1), "churn.ipynb").passages)

    assert "# Owner: nobody\ndf.mean()\nfirst line\nsecond line\n0.0423\nno such column" in shown
    assert "iVBOR" not in shown
    assert "never seen" not in shown
    assert shown.count("x") < OUTPUT_CHARS_MAX


def test_a_statement_over_two_lines_is_quoted_with_what_stands_between_them() -> None:
    text = stored(markdown("- Reason: it was\n", "  cheap"), indent=1)
    (reason, _language) = facts(read(text, "x.ipynb"))

    assert reason.value == "it was cheap"
    assert text[reason.start : reason.end] == reason.quote
    assert (reason.quote.startswith("Reason: it was"), reason.quote.endswith("cheap")) == (True, True)


def test_json_that_is_no_notebook_is_read_as_json() -> None:
    assert said(read('{"cells": "none", "port": 80}', "x.ipynb")) == [("x", "cells", "none"), ("x", "port", "80")]
    assert said(read('{"cells": [["a", "b"]]}', "x.ipynb")) == [("x", "cells", "a"), ("x", "cells", "b")]
    assert read("{", "x.ipynb").reason.startswith("not valid JSON")


def test_a_notebook_that_takes_too_long_says_so() -> None:
    text = stored(markdown(*("Owner: Ida\n\n" for _ in range(2_000))))
    looks = iter(range(10**6))
    extraction = extract(text.encode(), path="x.ipynb", clock=lambda: next(looks) * 0.0005)

    assert "took longer" in extraction.reason


def test_half_a_pair_of_surrogates_is_no_character() -> None:
    (fact, _language) = facts(read(stored(markdown("Owner: Ida \ud83d x")), "x.ipynb"))

    assert (fact.value, fact.quote) == ("Ida ? x", r"Owner: Ida \ud83d x")


LINES = st.lists(
    st.sampled_from(["Owner: I\u00e9\n", "Port: \U0001f600\n", 'Note "a": \\b\n', "\n", "# T\\\n", "", "- a: 5 ms"])
)


@given(st.lists(LINES, min_size=1, max_size=3), st.booleans(), st.booleans())
def test_what_is_said_is_what_the_quote_says_without_its_escapes(
    cells: list[list[str]], ascii_only: bool, as_lines: bool
) -> None:
    sources = [markdown(*lines) if as_lines else {"cell_type": "markdown", "source": "".join(lines)} for lines in cells]
    text = stored(*sources, ensure_ascii=ascii_only)
    plain = read("\n\n".join("".join(lines) for lines in cells) + "\n\n", "x.md")
    extraction = read(text, "x.ipynb")

    assert extraction.dropped == 0
    found, written_plainly = list(extraction.facts)[:-1], facts(plain, "field", "heading", "quantity")
    assert [(f.kind, f.subject, f.key, f.value) for f in found] == [
        (f.kind, f.subject, f.key, f.value) for f in written_plainly
    ]
    for ours, written in zip(found, written_plainly, strict=True):
        if '", "' not in ours.quote:
            assert json.loads(f'"{ours.quote}"') == written.quote
