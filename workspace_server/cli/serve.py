"""`serve`: own a folder and serve it to everybody; and what `stdio --help` says."""

import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workspace_server import config
from workspace_server.cli import leave
from workspace_server.cli.api import Address, Api
from workspace_server.cli.options import as_json_option
from workspace_server.core.peers import is_loopback
from workspace_server.errors import WorkspaceError

if TYPE_CHECKING:
    from workspace_server.app.owner import OwnerRecord


@click.command("serve")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 is any free one.  [default: 8765, or the next free one]")
@click.option("--config", "file", type=click.Path(path_type=Path), help="The settings file to read.")
@click.option("--tls-cert", "tls_certificate", help="File of the certificate to answer https by.")
@click.option("--tls-key", help="File of its private key.")
@click.option("--allow-plain-text", is_flag=True, help="Answer other machines without TLS.")
@click.option("--allow-loopback-webhooks", is_flag=True, help="Let webhooks go to this machine.")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="What the log says at least."
)
@click.option("--log-format", type=click.Choice(["text", "json"]), help="How the log says it.  [default: text]")
@click.option("--dry-run", is_flag=True, help="Only show what of the folder would be taken in, and what not.")
@as_json_option
def serve_command(folder: Path, file: Path | None, *, dry_run: bool, as_json: bool, **flags: Any) -> None:
    """Own the folder DIR, which is made when it is not there, and serve it: MCP, HTTP API and web view.

    An existing folder is taken in as it is. Ends cleanly on SIGTERM or Ctrl-C.
    """
    folder = folder.resolve()
    flags["webhooks_allow_loopback"] = flags.pop("allow_loopback_webhooks") or None
    flags["allow_plain_text"] = flags["allow_plain_text"] or None
    settings = config.load(folder, file=file, flags=flags)
    if dry_run:
        from workspace_server.cli.dry_run import show_plan

        show_plan(folder, settings.ignore, as_json=as_json)
        return
    from workspace_server.app import server
    from workspace_server.app.owner import Owned

    try:
        server.run(folder, settings, announce=lambda record, url: _announce(record, url, folder, settings))
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


def _announce(record: "OwnerRecord", url: str, folder: Path, settings: config.Settings) -> None:
    used = int(record.url.rpartition(":")[2])
    if (
        is_loopback(settings.host)
        and settings.tls_certificate is None
        and settings.origin("port") == "default"
        and used != settings.port
    ):
        click.echo(f"Port {settings.port} is taken by another server, using {used}.")
    click.echo(f"""\
Serving {folder}
  Web view   {url}/
  MCP        {url}/mcp?agent=NAME
  Connect    claude mcp add --transport http workspace "{url}/mcp?agent=claude"
             others: workspace-server client-config CLIENT --url {url}""")
    # The server answers on the thread that we are on: it is asked from another one.
    threading.Thread(target=_say_how_it_is, args=(record, folder), daemon=True).start()


def _say_how_it_is(record: "OwnerRecord", folder: Path) -> None:
    """Say what is in, and whether the database is damaged: what works with sound pages is served all the same."""
    from workspace_server.storage.upkeep.integrity import is_seen_damaged

    _say_what_is_in(record)
    if is_seen_damaged(folder):
        click.echo(
            "  DAMAGED    A part of the database cannot be read. `workspace-server verify` names what;"
            " `workspace-server restore FILE NEWDIR` makes a folder from a backup."
        )


def _say_what_is_in(record: "OwnerRecord") -> None:
    """Say how many files there are, how many were left out, and who may call; nothing when the server ends already."""
    with contextlib.suppress(WorkspaceError, OSError):
        api = Api(lambda: Address(url=record.url, key=record.admin_key))
        click.echo(f"  Files      {_counted(api.get('/status'))}")
        if api.get("/tokens")["tokens"]:
            click.echo(
                "  Tokens     asked of everybody: `workspace-server client-config CLIENT --with-token` sends one"
            )


def _counted(status: Mapping[str, Any]) -> str:
    left_out = {reason: some["count"] for reason, some in status.get("folder", {}).get("left_out", {}).items()}
    said = f"{status['files']:,}"
    if left_out:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())
        said += f"; left out: {reasons} (`workspace-server status` names some)"
    return said
