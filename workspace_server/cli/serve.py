"""`serve`: own a folder and serve it to everybody; and what `stdio --help` says."""

import functools
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workspace_server import config
from workspace_server.cli import leave, show
from workspace_server.cli.options import as_json_option
from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.errors import WorkspaceError

if TYPE_CHECKING:
    from workspace_server.services.tree.intake import Preview
    from workspace_server.storage.tree import Tree


@click.command("serve")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 is any free one.  [default: 8765, or the next free one]")
@click.option("--config", "file", type=click.Path(path_type=Path), help="The settings file to read.")
@click.option("--allow-loopback-webhooks", is_flag=True, help="Let webhooks go to this machine.")
@click.option("--dry-run", is_flag=True, help="Only show what of the folder would be taken in, and what not.")
@as_json_option
def serve_command(folder: Path, file: Path | None, *, dry_run: bool, as_json: bool, **flags: Any) -> None:
    """Own the folder DIR, which is made when it is not there, and serve it: MCP, HTTP API and web view.

    An existing folder is taken in as it is. Ends cleanly on SIGTERM or Ctrl-C.
    """
    folder = folder.resolve()
    flags["webhooks_allow_loopback"] = flags.pop("allow_loopback_webhooks") or None
    settings = config.load(folder, file=file, flags=flags)
    if dry_run:
        _show_scan(folder, settings, as_json=as_json)
        return
    from workspace_server.app import server
    from workspace_server.app.owner import Owned

    try:
        server.run(folder, settings, announce=lambda record: _announce(record.url, folder))
    except Owned as refusal:  # unlike other things that are away for a while: trying again later helps nobody
        leave.refused(refusal)
        click.get_current_context().exit(leave.FAILED)


@click.command("stdio")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--agent", help="The name to act under; by default the client's own with a number.")
def stdio_command(folder: Path, agent: str | None) -> None:
    """Speak MCP over standard input and output for one agent of the workspace DIR.

    This is what MCP clients start. Any number may run at once; they share the folder's server, and start one in the
    background when there is none.
    """
    raise AssertionError(f"main() runs stdio itself: {folder}, {agent}")


def _announce(url: str, folder: Path) -> None:
    click.echo(f"""\
Serving {folder}
  Web view   {url}/
  MCP        {url}/mcp?agent=NAME
  Connect    claude mcp add --transport http workspace "{url}/mcp?agent=claude"
             others: workspace-server client-config CLIENT --url {url}""")


def _show_scan(folder: Path, settings: config.Settings, *, as_json: bool) -> None:
    if not folder.is_dir():
        show.as_json({"files": 0, "bytes": 0, "left_out": {}}) if as_json else print(f"{folder} would be made.")
        return
    found = _scan(folder, settings)
    left_out = found.left_out
    if as_json:
        show.as_json({"files": found.files, "bytes": found.size_bytes, "left_out": left_out.as_dict()})
        return
    print(f"{found.files} files, {show.size(found.size_bytes)}, would be taken in.")
    for reason, count in left_out.counts.most_common():
        print(f"{count} left out: {reason}")
        for example in left_out.examples[reason]:
            print(f"    {show.plain(example)}")


def _scan(folder: Path, settings: config.Settings) -> "Preview":
    """Return what would be taken in, and what is left out; leaves the folder as it was."""
    from workspace_server.services.tree.intake import preview
    from workspace_server.storage.ignore import Ignore
    from workspace_server.storage.tree import Tree

    is_workspace = (folder / STATE_DIRECTORY).exists()
    tree = Tree(folder)
    try:
        return preview(tree, Ignore(settings.ignore, functools.partial(_control_file, tree)))
    finally:
        tree.close()
        if not is_workspace:
            shutil.rmtree(folder / STATE_DIRECTORY)


def _control_file(tree: "Tree", path: str) -> str | None:
    """Return the text of an ignore file; None for what is none."""
    from workspace_server.storage.ignore import CONTROL_BYTES_MAX

    try:
        reading = tree.open(path)
    except WorkspaceError:
        return None
    if reading is None:
        return None
    with reading:
        return reading.read(CONTROL_BYTES_MAX).decode(errors="replace")
