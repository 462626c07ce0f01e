"""`client-config`: the snippet that connects a client to a workspace."""

import json
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from workspace_server.cli.options import STATE, folder_option


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a snippet connects to.

    Attributes:
        program: The command that runs this program, as a list of arguments.
        folder: The workspace's folder.
        url: The MCP address with the agent's name, when the client shall speak HTTP instead of starting a process.
    """

    program: list[str]
    folder: Path
    agent: str
    url: str | None

    @property
    def command(self) -> list[str]:
        """The command that speaks MCP over its standard input and output."""
        return [*self.program, "stdio", str(self.folder), "--agent", self.agent]

    def server(self, **kind: str) -> dict[str, Any]:
        """Return the entry that most clients' files share."""
        if self.url is not None:
            return {**kind, "url": self.url}
        return {**kind, "command": self.command[0], "args": self.command[1:]}


def _claude_code(target: Target) -> str:
    if target.url is not None:
        return f"claude mcp add --transport http workspace {shlex.quote(target.url)}"
    return "claude mcp add workspace -- " + shlex.join(target.command)


def _mcp_servers(target: Target) -> str:
    return _json({"mcpServers": {"workspace": target.server()}})


def _claude_desktop(target: Target) -> str:
    if target.url is not None:
        raise click.UsageError("Claude Desktop starts its servers itself; leave --url out.")
    return _mcp_servers(target)


def _vscode(target: Target) -> str:
    return _json({"servers": {"workspace": target.server(type="stdio" if target.url is None else "http")}})


def _windsurf(target: Target) -> str:
    entry = target.server() if target.url is None else {"serverUrl": target.url}
    return _json({"mcpServers": {"workspace": entry}})


def _gemini(target: Target) -> str:
    entry = target.server() if target.url is None else {"httpUrl": target.url}
    return _json({"mcpServers": {"workspace": entry}})


def _codex(target: Target) -> str:
    # A JSON string, and a JSON list of strings, are TOML as well.
    if target.url is not None:
        return f"[mcp_servers.workspace]\nurl = {json.dumps(target.url)}"
    return (
        f"[mcp_servers.workspace]\ncommand = {json.dumps(target.command[0])}\nargs = {json.dumps(target.command[1:])}"
    )


def _python(target: Target) -> str:
    where = f'"{target.url}"' if target.url is not None else "server"
    server = "" if target.url is not None else _stdio_parameters(target)
    return f"""\
import asyncio

from workspace_client import Workspace
{server}
async def main():
    async with Workspace({where}, agent={json.dumps(target.agent)}) as workspace:
        await workspace.write_file("hello.md", "# Hello\\n", overwrite=True)
        print((await workspace.read_file("hello.md")).text)

asyncio.run(main())"""


def _stdio_parameters(target: Target) -> str:
    return f"""from mcp import StdioServerParameters

server = StdioServerParameters(
    command={json.dumps(target.command[0])},
    args={json.dumps(target.command[1:])},
)
"""


CLIENTS: dict[str, tuple[str, Callable[[Target], str]]] = {
    "claude-code": ("run this", _claude_code),
    "claude-desktop": ("claude_desktop_config.json", _claude_desktop),
    "cursor": (".cursor/mcp.json", _mcp_servers),
    "vscode": (".vscode/mcp.json", _vscode),
    "windsurf": ("~/.codeium/windsurf/mcp_config.json", _windsurf),
    "codex": ("~/.codex/config.toml", _codex),
    "gemini": ("~/.gemini/settings.json", _gemini),
    "json": ("any client that reads mcpServers", _mcp_servers),
    "python": ("needs workspace-client: pip install ./clients/python", _python),
}
"""Where each client's snippet goes, and what makes it."""


@click.command("client-config")
@click.argument("client", type=click.Choice(list(CLIENTS)))
@folder_option
@click.option("--agent", help="The name to act under; by default the client's.")
@click.option("--url", help="Speak HTTP to a running server, such as http://127.0.0.1:8765.")
def client_config_command(client: str, folder: Path, agent: str | None, url: str | None) -> None:
    """Print the snippet that connects CLIENT to the workspace.

    The snippet alone goes to standard output, and where to put it to standard error.
    """
    name = agent or client
    address = None if url is None else f"{url.rstrip('/').removesuffix('/mcp')}/mcp?agent={name}"
    place, snippet = CLIENTS[client]
    click.echo(f"# {place}", err=True)
    if url is None and not (folder / STATE).is_dir():
        click.echo(
            f"# for {folder}, which the client will make a workspace; run this inside the one you mean", err=True
        )
    print(snippet(Target(program=_program(), folder=folder, agent=name, url=address)))


def _program() -> list[str]:
    """Return how to run this program from anywhere: clients rarely have the user's PATH."""
    started = Path(sys.argv[0])
    if started.name == "workspace-server":
        found = shutil.which(sys.argv[0])
        return [str(Path(found or started).absolute())]
    return [sys.executable, "-m", "workspace_server.cli"]


def _json(value: object) -> str:
    return json.dumps(value, indent=2)
