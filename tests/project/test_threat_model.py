"""Every threat that is written down has a defence, and a test that shows it."""

import re

import pytest

from tests.project.tree import ROOT, named_tests

MODEL = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its first two lines."""
    section = MODEL.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")
    ][2:]


THREATS = rows("Threats")
ACTORS = {cell for row in rows("Who") for cell in re.findall(r"\*\*(\w+)\*\*", row[0])}


@pytest.mark.parametrize("threat", THREATS, ids=lambda threat: threat[1])
def test_every_threat_has_a_defence_and_tests_that_are_there(threat: list[str]) -> None:
    who, what, defence, shown_by = threat
    tests = re.findall(r"`([\w/]+\.py)::(\w+)`", shown_by)

    assert who in ACTORS
    assert what
    assert defence
    assert tests
    assert [f"{file}::{name}" for file, name in tests if name not in named_tests(file)] == []
    assert re.sub(r"`[\w/]+\.py::\w+`", "", shown_by).strip(", ") == ""


def test_everybody_who_may_do_harm_is_thought_of() -> None:
    assert {threat[0] for threat in THREATS} == ACTORS
    assert len({threat[1] for threat in THREATS}) == len(THREATS)
