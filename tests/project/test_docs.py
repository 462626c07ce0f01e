"""What the code offers stands in the documents, and what stands in the documents the code offers."""

import re

import click
import pytest

from indexer.model import FACT_KINDS
from scripts import reference
from tests.project.tree import ROOT
from workspace_server import config, errors
from workspace_server.cli import commands, leave
from workspace_server.core import events, limits
from workspace_server.interfaces import snippets
from workspace_server.interfaces.mcp.events import catalogue
from workspace_server.interfaces.mcp.registry import ToolSpec
from workspace_server.interfaces.mcp.tools import TOOLS

SHARED_OPTIONS = {"--json", "--dir", "--url"}
"""What the page on the command line explains once."""


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


def test_every_error_is_documented_with_its_status_and_exit_code() -> None:
    documented = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \|", page("errors.md"), re.MULTILINE)

    assert {code: (int(status), int(exits)) for code, status, exits in documented} == {
        refusal.code: (refusal.http_status, leave.exit_code(refusal.code)) for refusal in errors.ALL
    }


def test_every_event_type_is_documented() -> None:
    assert set(first_cells("events.md", r"\w+\.\w+")) == set(events.EVENT_TYPES)


def test_every_event_type_is_described_to_clients_of_mcp_events() -> None:
    assert [kind for kind in events.EVENT_TYPES if kind not in catalogue.DESCRIPTIONS] == []


def test_every_command_is_documented_with_its_options() -> None:
    text = page("cli.md")
    context = click.Context(commands.commands)
    undocumented = set(commands.COMMANDS) - set(re.findall(r"^### `([\w-]+)", text, re.MULTILINE))
    for name in commands.COMMANDS:
        command = commands.commands.get_command(context, name)
        assert command is not None
        section = re.search(rf"^### `{name}[ `].*?(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
        options = {option for one in command.params for option in one.opts if option.startswith("--")}
        shown = section.group() if section else ""
        undocumented |= {f"{name} {one}" for one in options - SHARED_OPTIONS if not re.search(rf"`.*{one}\b", shown)}

    assert undocumented == set()


def test_every_client_that_can_be_configured_is_documented() -> None:
    assert set(snippets.CLIENTS) <= set(re.findall(r"`([\w-]+)`", page("clients.md")))


def signature(tool: ToolSpec) -> str:
    """Return a tool as the page writes it: its parameters in order, with their defaults."""
    required = tool.schema.get("required", [])
    parts = [
        name if name in required else f"{name}={default(one.get('default'))}"
        for name, one in tool.schema["properties"].items()
    ]
    return f"{'● ' if tool.core else ''}`{tool.name}({', '.join(parts)})`"


def default(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def test_every_tool_is_documented_with_its_parameters() -> None:
    headings = re.findall(r"^### (.*\(.*)$", page("tools.md"), re.MULTILINE)

    assert sorted(headings) == sorted(signature(tool) for tool in TOOLS)


def test_the_readme_names_every_tool() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [tool.name for tool in TOOLS if f"`{tool.name}`" not in readme] == []


def test_every_kind_of_fact_is_documented() -> None:
    assert [kind for kind in FACT_KINDS if f"`{kind}`" not in page("facts.md")] == []
