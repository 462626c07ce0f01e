"""Properties with values drawn for them, and what the hostile among those are made of."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

EXAMPLES = 60
"""How many values a property meets in `make test`; the same ones each time, so that none fails by chance."""
HOSTILE_PATHS: Final = [
    entry["path"]
    for entry in json.loads((Path(__file__).parents[1] / "data" / "hostile_paths.json").read_text("utf-8"))["paths"]
]

Property = Callable[..., None]
DRAWN: Final[list[tuple[Property, dict[str, SearchStrategy[Any]]]]] = []
"""Every property with what is drawn for it: the soak draws other values, for as long as it lasts."""


def fuzzed(**drawn: SearchStrategy[Any]) -> Callable[[Property], Callable[[], None]]:
    """Make a property a test over values drawn for its arguments."""

    def test(shown: Property) -> Callable[[], None]:
        DRAWN.append((shown, drawn))
        short = settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None)
        return short(given(**drawn)(shown))

    return test


def meet(shown: Property, drawn: dict[str, SearchStrategy[Any]], *, examples: int) -> None:
    """Let a property meet so many values that nobody knows beforehand."""
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    long = settings(max_examples=examples, database=None, deadline=None, suppress_health_check=slow)
    long(given(**drawn)(shown))()


ANY_TEXT: Final = st.text(st.characters(exclude_categories=()), max_size=40)
"""Text of any code points, lone surrogates included."""
_NAMES: Final = st.sampled_from(
    "a b.md .. . .git .workspace Git~1 CON com¹ nul.txt %2e%2e %2f %252e %00 %c0%ae ~ - a%20 caf\u00e9 cafe\u0301 "
    "\u202e \ufeff \uff0e\uff0e \u2044 \ud800 \\ C: \uff43on \U0001f600 \u2764\ufe0f *.md a?b [x] {y} x. $HOME".split()
)
PATHS: Final = st.one_of(
    st.lists(st.one_of(_NAMES, ANY_TEXT), max_size=6).map("/".join),
    st.sampled_from(HOSTILE_PATHS),
    st.builds("".join, st.lists(st.one_of(_NAMES, st.sampled_from(["/", "//", "./", " "])), max_size=8)),
    st.integers(1, 300).map(lambda times: "é" * times),
    st.integers(1, 60).map(lambda times: "d/" * times + "f"),
)
"""What somebody may send as a path."""
LATIN: Final = st.text(st.characters(max_codepoint=255), max_size=60)
"""What a header may hold, as web servers hand it on."""
