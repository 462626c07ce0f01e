"""The estimate behind every token budget."""

import pytest

from workspace_server.core.tokens import bytes_of, bytes_said, compact, of_bytes


@pytest.mark.parametrize(("count", "tokens"), [(0, 0), (1, 1), (4, 1), (5, 2)])
def test_a_token_is_four_bytes_rounded_up(count: int, tokens: int) -> None:
    assert of_bytes(count) == tokens


@pytest.mark.parametrize(("text", "count"), [("a", 3), ("äöü", 8), ("😀", 6), ("\ud800", 5)])
def test_text_counts_in_utf_8_also_where_it_has_none(text: str, count: int) -> None:
    assert bytes_of(text) == count


def test_a_result_counts_as_it_goes_over_the_wire() -> None:
    result = {"path": "Übersicht.md", "lines": [1, 2]}
    assert compact(result) == '{"path":"Übersicht.md","lines":[1,2]}'
    assert bytes_of(result) == len(compact(result).encode())


def test_what_a_model_reads_is_counted_together() -> None:
    assert bytes_said(["abc", "äöü", "\ud800"]) == 3 + 6 + 1
