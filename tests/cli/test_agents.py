"""`agents`, `pause`, `resume`, `note`: what a person sees of agents in a terminal, and says to them."""

from collections.abc import Iterator

import pytest

from tests.processes import Serving, serving
from workspace_server.cli import commands
from workspace_server.cli.api import Address, Api


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("served")) as running:
        api = Api(lambda: Address(url=running.url), agent="ada")
        api.call_tool("write_file", {"path": "notes.md", "content": "one\n"})
        api.call_tool("lock_files", {"paths": ["notes.md"]})
        yield running


def told(server: Serving, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert commands.run([*arguments, "--dir", str(server.folder)]) in (0, None)
    return capsys.readouterr().out


def test_agents_are_listed_with_what_they_do_and_hold(server: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    head, row = told(server, capsys, "agents").splitlines()

    assert head.split() == ["AGENT", "SEEN", "DOES", "FILES", "VERSIONS", "24", "H", "TOKENS", "HOLDS"]
    assert row.split()[0] == "ada"
    assert "lock_files notes.md" in row
    assert row.split()[-1] == "L1"


def test_a_pause_and_a_note_are_said_and_shown(server: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(server, capsys, "pause", "ada", "--note", "wrong sources") == "ada is paused\n"
    assert told(server, capsys, "pause") == "the workspace is paused\n"
    assert told(server, capsys, "note", "ada", "Look \x1b[31mhere") == "N1 waits for ada\n"

    listed, shown = told(server, capsys, "agents"), told(server, capsys, "agents", "ada")

    assert "The workspace is paused by " in listed
    assert "wrong sources" in shown
    assert "waits" in shown
    assert "\x1b" not in shown
    assert told(server, capsys, "resume", "ada") == "ada goes on\n"
    assert told(server, capsys, "resume") == "the workspace goes on\n"
    assert '"paused": null' in told(server, capsys, "agents", "ada", "--json")
