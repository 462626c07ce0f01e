"""Every promise has a test, and every test that a promise names is there."""

import re

import pytest

from tests.project.tree import ROOT, named_tests
from tests.requirements import DELIVERED, LATER


@pytest.mark.parametrize("number", DELIVERED)
def test_every_promise_is_shown_by_a_test(number: str) -> None:
    assert DELIVERED[number].shown_by, DELIVERED[number].text


@pytest.mark.parametrize("number", DELIVERED)
def test_every_test_that_a_promise_names_is_there(number: str) -> None:
    for named in DELIVERED[number].shown_by:
        file, _, name = named.partition("::")
        assert name in named_tests(file), named


def test_the_readme_makes_exactly_the_promises_that_are_kept() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## What it promises")[1].split("\n## ")[0]
    numbers = {f"P{number}" for number in re.findall(r"^(\d+)\. \*\*", section, re.MULTILINE)}

    assert numbers == {number for number in DELIVERED if number.startswith("P")}
    assert not set(DELIVERED) & set(LATER)
