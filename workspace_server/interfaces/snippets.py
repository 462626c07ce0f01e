"""What connects a client to a workspace: the same snippet on the command line and in the web view."""

import json
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = "workspace-server"
TOKEN = "WORKSPACE_TOKEN"  # noqa: S105  # the name of the variable
IN_PLACE = "wst_..."
"""What stands for the token where a client reads no variable of the environment."""
IN_BRACES = f"${{env:{TOKEN}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a snippet connects to.

    Attributes:
        program: The command that runs this program, as a list of arguments.
        folder: The workspace's folder.
        agent: The name to act under; None where the token has one.
        url: The MCP address with the agent's name, when the client shall speak HTTP instead of starting a process.
        with_token: Whether the client has to send the token that is in its environment.
    """

    program: list[str]
    folder: Path
    agent: str | None
    url: str | None
    with_token: bool = False

    @property
    def command(self) -> list[str]:
        """The command that speaks MCP over its standard input and output."""
        named = [] if self.agent is None else ["--agent", self.agent]
        return [*self.program, "stdio", str(self.folder), *named]

    def server(self, token: str, *, url: str = "url", **kind: str) -> dict[str, Any]:
        """Return the entry that most clients' files share.

        Args:
            token: How the client's file says which token to send.
            url: What the client calls an address.
            kind: What stands before.
        """
        if self.url is not None:
            proof = {"headers": {"Authorization": f"Bearer {token}"}}
            return {**kind, url: self.url, **(proof if self.with_token else {})}
        environment = {"env": {TOKEN: token}} if self.with_token else {}
        return {**kind, "command": self.command[0], "args": self.command[1:], **environment}


def _claude_code(target: Target) -> str:
    if target.url is not None:
        header = f' --header "Authorization: Bearer ${TOKEN}"' if target.with_token else ""
        return f"claude mcp add --transport http workspace {shlex.quote(target.url)}{header}"
    environment = f' --env {TOKEN}="${TOKEN}"' if target.with_token else ""
    return f"claude mcp add workspace{environment} -- {shlex.join(target.command)}"


def _mcp_servers(target: Target) -> str:
    return _json({"mcpServers": {"workspace": target.server(IN_PLACE)}})


def _cursor(target: Target) -> str:
    return _json({"mcpServers": {"workspace": target.server(IN_BRACES)}})


def _vscode(target: Target) -> str:
    return _json({"servers": {"workspace": target.server(IN_BRACES, type="stdio" if target.url is None else "http")}})


def _windsurf(target: Target) -> str:
    return _json({"mcpServers": {"workspace": target.server(IN_BRACES, url="serverUrl")}})


def _gemini(target: Target) -> str:
    return _json({"mcpServers": {"workspace": target.server(f"${TOKEN}", url="httpUrl")}})


def _codex(target: Target) -> str:
    # A JSON string, and a JSON list of strings, are TOML as well.
    if target.url is not None:
        token = f'\nbearer_token_env_var = "{TOKEN}"' if target.with_token else ""
        return f"[mcp_servers.workspace]\nurl = {json.dumps(target.url)}{token}"
    token = f'\nenv_vars = ["{TOKEN}"]' if target.with_token else ""
    command, *arguments = target.command
    return f"[mcp_servers.workspace]\ncommand = {json.dumps(command)}\nargs = {json.dumps(arguments)}{token}"


def _python(target: Target) -> str:
    where = f'"{target.url}"' if target.url is not None else "server"
    server = "" if target.url is not None else _stdio_parameters(target)
    named = "" if target.agent is None else f", agent={json.dumps(target.agent)}"  # a token it finds by itself
    return f"""\
import asyncio

from workspace_client import Workspace
{server}
async def main():
    async with Workspace({where}{named}) as workspace:
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
    "claude-desktop": ("claude_desktop_config.json", _mcp_servers),
    "cursor": (".cursor/mcp.json", _cursor),
    "vscode": (".vscode/mcp.json", _vscode),
    "windsurf": ("~/.codeium/windsurf/mcp_config.json", _windsurf),
    "codex": ("~/.codex/config.toml", _codex),
    "gemini": ("~/.gemini/settings.json", _gemini),
    "json": ("any client that reads mcpServers", _mcp_servers),
    "python": ("needs workspace-client: pip install ./clients/python", _python),
}
"""Where each client's snippet goes, and what makes it."""
START_ONLY = frozenset({"claude-desktop"})
"""Clients that start their servers themselves and take no address."""


EDITING_TOOLS = "Write|Edit|MultiEdit|NotebookEdit"
"""The tools of Claude Code that edit files."""
HOOK_TIMEOUT_S = 60


def claude_code_hooks(program: list[str], agent: str) -> str:
    """Return the settings with which Claude Code's own tools ask before they edit a file, and report after."""
    command = shlex.join([*program, "hook", "claude-code", "--agent", agent])
    hook = {"type": "command", "command": command, "timeout": HOOK_TIMEOUT_S}
    events = ("PreToolUse", "PostToolUse", "PostToolUseFailure")
    return _json({"hooks": {event: [{"matcher": EDITING_TOOLS, "hooks": [hook]}] for event in events}})


def mcp_address(base: str, agent: str | None) -> str:
    """Return where an agent speaks MCP to the server at *base*."""
    named = "" if agent is None else f"?agent={agent}"
    return f"{base.rstrip('/').removesuffix('/mcp')}/mcp{named}"


def running_program() -> list[str]:
    """Return how to run this program from anywhere: clients rarely have the user's PATH."""
    started = Path(sys.argv[0])
    if started.name == PROGRAM:
        found = shutil.which(sys.argv[0])
        return [str(Path(found or started).absolute())]
    beside = Path(sys.executable).with_name(PROGRAM)  # an owner in the background was started as a module
    return [str(beside)] if beside.is_file() else [sys.executable, "-m", "workspace_server.cli"]


def _json(value: object) -> str:
    return json.dumps(value, indent=2)
