"""Pages of HTML as they are seen: each text stands on the line of its source."""

import pytest

from indexer.extraction import extract
from indexer.extractors.pages import VISIBLE
from indexer.limits import STRUCTURED_CHARS_MAX
from indexer.model import Extraction


def seen(data: bytes | str) -> Extraction:
    data = data.encode() if isinstance(data, str) else data
    return extract(data, path="page", media_type=VISIBLE)


def test_the_text_of_a_page_stands_on_the_lines_of_its_source() -> None:
    found = seen(
        "<head><title>T</title></head>\n<h1>Plan</h1>\n\n<p>Owner:\n<b>Ada &amp; Ben</b></p><p>end</p>\n<svg>x</svg>"
    )

    assert (found.state, found.text) == ("ok", "\nPlan\n\nOwner: Ada & Ben\nend\n\n")
    assert found.facts == ()


@pytest.mark.parametrize(
    ("data", "state", "reason"),
    [
        (b"<p>\0</p>", "failed", "not text: only name and type are known"),
        (b" " * (STRUCTURED_CHARS_MAX + 1), "failed", f"longer than {STRUCTURED_CHARS_MAX} characters"),
        (b"<p></p>", "empty", "no text in it"),
        (
            b"<p>x</p><!--" + b"y" * 600_000,
            "limited",
            "a construct is longer than 524288 characters; the rest was left out",
        ),
    ],
)
def test_a_page_that_cannot_be_shown_says_why(data: bytes, state: str, reason: str) -> None:
    found = seen(data)

    assert (found.state, found.reason) == (state, reason)
