"""What the code offers stands in the documents, and what stands in the documents the code offers."""

import re

import pytest

from scripts import reference
from tests.project.tree import ROOT
from workspace_server import config, errors
from workspace_server.core import events, limits


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def first_cells(name: str, like: str) -> list[str]:
    """Return the code spans like *like* that open a row of a table on a page."""
    return re.findall(rf"^\| `({like})`", page(name), re.MULTILINE)


@pytest.mark.parametrize("name", reference.TABLES)
def test_every_written_table_is_the_one_that_the_code_makes(name: str) -> None:
    document, make = reference.TABLES[name]

    assert page(document) == reference.renewed(page(document), name, make()), "run `make docs`"


def test_every_setting_is_documented() -> None:
    assert first_cells("settings.md", r"[\w.]+") == [row.key for row in config.table()]


def test_every_limit_is_documented_with_its_meaning() -> None:
    assert first_cells("limits.md", r"\w+") == [name for name, _ in limits.table()]


def test_every_error_is_documented_with_its_status() -> None:
    documented = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", page("errors.md"), re.MULTILINE)

    assert dict(documented) == {refusal.code: str(refusal.http_status) for refusal in errors.ALL}


def test_every_event_type_is_documented() -> None:
    assert set(first_cells("events.md", r"\w+\.\w+")) == set(events.EVENT_TYPES)
