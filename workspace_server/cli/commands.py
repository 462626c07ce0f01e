"""Which command lives where, and how a refusal ends it."""

from collections.abc import Sequence
from importlib import import_module

import click

from workspace_server import __version__
from workspace_server.cli import leave
from workspace_server.errors import WorkspaceError

COMMANDS = {
    "serve": "serve",
    "stdio": "serve",
    "demo": "demo",
    "work": "work",
    "wait": "wait",
    "call": "call",
    "status": "look",
    "log": "log",
    "locks": "look",
    "search": "ask",
    "facts": "ask",
    "history": "look",
    "triggers": "triggers",
    "runs": "runs",
    "deliveries": "deliveries",
    "subscriptions": "subscriptions",
    "jobs": "jobs",
    "agents": "agents",
    "pause": "agents",
    "resume": "agents",
    "note": "agents",
    "attention": "attention",
    "approve": "attention",
    "deny": "attention",
    "reply": "attention",
    "retry": "attention",
    "dismiss": "attention",
    "links": "links",
    "token": "token",
    "list": "servers",
    "open": "servers",
    "stop": "servers",
    "undo": "undo",
    "verify": "verify",
    "backup": "archive",
    "restore": "archive",
    "reindex": "upkeep",
    "gc": "upkeep",
    "purge": "upkeep",
    "fork": "fork",
    "compare": "fork",
    "config": "config",
    "client-config": "connect",
    "hook": "hook",
}
"""The module of each command, in the order of `--help`. Only the one that is called is imported."""


class _Commands(click.Group):
    """Commands that are imported when they are called, so that `--help` and short commands start at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's too
        """Return a command by its name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"workspace_server.cli.{COMMANDS[cmd_name]}")
        command = getattr(module, cmd_name.replace("-", "_") + "_command")
        assert isinstance(command, click.Command)
        return command


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="workspace-server")
def commands() -> None:
    """A shared workspace for AI agents: files with locks, facts, triggers and a web view, over MCP."""


def run(arguments: Sequence[str]) -> int:
    """Run the command that *arguments* name and return its exit code."""
    try:
        return commands.main(list(arguments), prog_name="workspace-server", standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except WorkspaceError as error:
        return leave.refused(error)
    except (KeyboardInterrupt, click.Abort):
        return leave.INTERRUPTED
    except BrokenPipeError:
        return leave.quietly()
