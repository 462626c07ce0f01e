"""The servers on this machine: which there are, how to look at one, how to end one."""

import os
import signal
import time
import webbrowser
from pathlib import Path

import click

from workspace_server.app import owner
from workspace_server.cli import show
from workspace_server.cli.api import Api
from workspace_server.cli.options import as_json_option, folder_option
from workspace_server.cli.owner import reach, running
from workspace_server.errors import NotFound, Unavailable

STOP_S = 30.0
POLL_S = 0.05


@click.command("list")
@as_json_option
def list_command(as_json: bool) -> None:
    """List the folders of yours that are served on this machine."""
    servers = running()
    if as_json:
        rows = [
            {"folder": str(folder), "url": record.url, "kind": record.kind, "pid": record.pid}
            for folder, record in servers
        ]
        show.as_json({"servers": rows})
        return
    show.table(
        ((record.url, record.kind, record.pid, folder) for folder, record in servers),
        head=("ADDRESS", "KIND", "PROCESS", "FOLDER"),
        empty="no servers",
    )


@click.command("open")
@folder_option
@click.option("--print", "only_print", is_flag=True, help="Print the address instead of opening a browser.")
@as_json_option
def open_command(folder: Path, only_print: bool, as_json: bool) -> None:
    """Open the web view of the workspace; the address works once and lets the browser in as admin.

    With --json the address is only printed.
    """
    address = Api(lambda: reach(folder)).admission()
    if as_json:
        show.as_json({"url": address})
    elif only_print or not webbrowser.open(address):
        print(address)


@click.command("stop")
@folder_option
def stop_command(folder: Path) -> None:
    """End the server of the workspace, once it has done what it was doing.

    Clients that are still connected over stdio start a server in the background again, on another port.
    """
    record = owner.current(folder)
    if record is None:
        raise NotFound(f"Nobody serves {folder}.", hint="`workspace-server list` shows what is served.")
    os.kill(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while (now := owner.current(folder)) is not None and now.pid == record.pid:
        if time.monotonic() > deadline:
            raise Unavailable(f"Process {record.pid} has not ended within {STOP_S:g} s.", hint="Try again later.")
        time.sleep(POLL_S)
    print(f"stopped {record.url}")
