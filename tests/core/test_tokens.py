"""The estimate behind every token budget."""

import pytest

from workspace_server.core.tokens import compact, of_result, of_text


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("äöü", 2), ("😀", 1), ("\ud800", 1)]
)
def test_a_token_is_four_bytes_rounded_up(text: str, tokens: int) -> None:
    assert of_text(text) == tokens


def test_a_result_counts_as_it_goes_over_the_wire() -> None:
    result = {"path": "Übersicht.md", "lines": [1, 2]}
    assert compact(result) == '{"path":"Übersicht.md","lines":[1,2]}'
    assert of_result(result) == -(-len(compact(result).encode()) // 4)
