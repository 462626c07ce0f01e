"""Every promise has a test, and every test that a promise names is there."""

import ast
import re

import pytest

from tests.project.tree import ROOT
from tests.requirements import DELIVERED, LATER


def named_tests(file: str) -> set[str]:
    """Return the names of the tests in a file below `tests/`, those of state machines included."""
    path = ROOT / "tests" / file
    if not path.exists():
        return set()
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assigned = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {name for name in functions | assigned if name.lower().startswith("test")}


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
