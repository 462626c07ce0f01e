"""Which entries of the settings are commands."""

from typing import Any

import pytest

from workspace_server.core.commands import Command, command_of, parse_commands
from workspace_server.errors import InvalidArgument


def test_an_entry_says_what_runs_and_the_rest_has_defaults() -> None:
    commands = parse_commands({"editor": {"argv": ["claude", "-p"]}})
    assert commands == {"editor": Command(name="editor", argv=("claude", "-p"), agent="editor")}
    command = commands["editor"]
    assert (command.cwd, command.env, command.timeout_seconds, command.concurrency) == (".", {}, 1_800, 1)
    assert command_of(command.queue) == "editor"
    assert command_of("editor") is None


def test_several_runs_at_once_are_several_agents() -> None:
    table = {"argv": ["x"], "agent": "ed", "cwd": "/srv", "env": {"A": "b"}, "timeout_seconds": 60, "concurrency": 3}
    command = parse_commands({"editor": table})["editor"]
    assert command.agents == ("ed-1", "ed-2", "ed-3")
    assert parse_commands({"editor": {"argv": ["x"], "agent": "ed"}})["editor"].agents == ("ed",)
    assert (command.cwd, command.env, command.timeout_seconds) == ("/srv", {"A": "b"}, 60)


@pytest.mark.parametrize(
    ("table", "argument"),
    [
        ({}, "argv"),
        ({"argv": []}, "argv"),
        ({"argv": "claude -p"}, "argv"),
        ({"argv": ["claude", 3]}, "argv"),
        ({"argv": ["a\x00b"]}, "argv"),
        ({"argv": ["x"], "env": ["A=b"]}, "env"),
        ({"argv": ["x"], "env": {"A": 1}}, "env"),
        ({"argv": ["x"], "env": {"A=": "b"}}, "env"),
        ({"argv": ["x"], "env": {"": "b"}}, "env"),
        ({"argv": ["x"], "cwd": 3}, "cwd"),
        ({"argv": ["x"], "agent": "Server"}, "agent"),
        ({"argv": ["x"], "agent": "a b"}, "agent"),
        ({"argv": ["x"], "agent": "a" * 64}, "agent"),
        ({"argv": ["x"], "agent": 3}, "agent"),
        ({"argv": ["x"], "timeout_seconds": 0}, "timeout_seconds"),
        ({"argv": ["x"], "timeout_seconds": True}, "timeout_seconds"),
        ({"argv": ["x"], "timeout_seconds": 1.5}, "timeout_seconds"),
        ({"argv": ["x"], "concurrency": 17}, "concurrency"),
        ({"argv": ["x"], "shell": True}, "shell"),
    ],
)
def test_what_is_no_command_is_refused_by_its_key(table: dict[str, Any], argument: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_commands({"editor": table})
    assert caught.value.facts["argument"] == f"commands.editor.{argument}"


def test_a_name_that_no_trigger_could_give_and_too_many_entries_are_refused() -> None:
    for tables in ({"a b": {"argv": ["x"]}}, {f"c{number}": {"argv": ["x"]} for number in range(101)}):
        with pytest.raises(InvalidArgument):
            parse_commands(tables)
