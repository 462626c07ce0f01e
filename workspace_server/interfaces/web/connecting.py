"""How clients connect: commands and snippets that work as they stand, the same that `client-config` prints."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import anyio
from starlette.responses import Response

from workspace_server.interfaces.snippets import CLIENTS, START_ONLY, TOKEN, Target, mcp_address, running_program
from workspace_server.interfaces.web.view import View

LABELS = {
    "claude-code": "Claude Code",
    "claude-desktop": "Claude Desktop",
    "cursor": "Cursor",
    "vscode": "VS Code",
    "python": "Python",
}
"""The clients that the page shows; `client-config` knows more."""
PLACES = {"claude-code": "Terminal", "python": "A program"}


@dataclass(frozen=True, slots=True)
class Way:
    """One client, and what to copy for it: pairs of where it goes and what it is."""

    client: str
    snippets: tuple[tuple[str, str], ...]
    note: str | None = None


async def connect(view: View) -> Response:
    """Show how clients connect, with the address that this page was reached at."""
    program = await anyio.to_thread.run_sync(running_program)
    with_token = view.engine.tokens.required
    found = ways(view.address, program, view.engine.root, with_token=with_token)
    return view.render("connect.html", title="Connect", active="connect", ways=found, with_token=with_token)


def first_step(view: View) -> tuple[str, str]:
    """Return what to copy where nobody is connected yet: where it goes, and what it is."""
    with_token = view.engine.tokens.required
    agent = None if with_token else "claude-code"
    url = mcp_address(view.address, agent)
    return "Connect Claude Code, in a terminal", CLIENTS["claude-code"][1](
        Target(program=[], folder=view.engine.root, agent=agent, url=url, with_token=with_token)
    )


def ways(base: str, program: list[str], folder: Path, *, with_token: bool) -> list[Way]:
    """Return all that the page shows, for the server at *base* and the program that owns *folder*.

    A token has a name of its own: where one is asked for, no snippet says another one.
    """
    caller = f'"Authorization: Bearer ${TOKEN}"' if with_token else "'X-Agent: script'"
    proof = f" -H {caller}" if with_token else ""

    def snippet(client: str, *, start: bool) -> tuple[str, str]:
        place, text = CLIENTS[client]
        agent = None if with_token else client
        url = None if start else mcp_address(base, agent)
        target = Target(program=program, folder=folder, agent=agent, url=url, with_token=with_token)
        return PLACES.get(client, place), text(target)

    needs = CLIENTS["python"][0]
    notes = {"python": needs[:1].upper() + needs[1:] + "."}
    return [
        *(
            Way(label, (snippet(client, start=client in START_ONLY),), notes.get(client))
            for client, label in LABELS.items()
        ),
        Way("Any MCP client", (_address(base, with_token=with_token),)),
        Way(
            "Claude Code over stdio",
            (snippet("claude-code", start=True),),
            "Needs no running server: the program finds the folder's own, or starts one.",
        ),
        Way(
            "Any program",
            (
                (
                    "Write a file",
                    f"echo 'Hello' | curl -T - -H {caller} {shlex.quote(base + '/api/v1/files/hello.md')}",
                ),
                (
                    "Follow every change",
                    f"curl -N -H 'Accept: text/event-stream'{proof} {shlex.quote(base + '/api/v1/events')}",
                ),
            ),
        ),
        Way(
            "A worker", (("For each job of the queue “editor”", _worker(program, folder)),), "A trigger makes the jobs."
        ),
    ]


def _address(base: str, *, with_token: bool) -> tuple[str, str]:
    if with_token:
        return "Its address; the token goes into the header Authorization", mcp_address(base, None)
    return "Its address, with the agent's name", mcp_address(base, "NAME")


def _worker(program: list[str], folder: Path) -> str:
    return shlex.join(
        [*program, "work", "--dir", str(folder), "editor", "--", "claude", "-p", "Do the job on standard input"]
    )
