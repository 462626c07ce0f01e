"""`client-config`: the snippet that connects a client to a workspace."""

from pathlib import Path

import click

from workspace_server.cli.options import STATE, folder_option
from workspace_server.interfaces.snippets import (
    CLIENTS,
    START_ONLY,
    Target,
    claude_code_hooks,
    mcp_address,
    running_program,
)


@click.command("client-config")
@click.argument("client", type=click.Choice(list(CLIENTS)))
@folder_option
@click.option("--agent", help="The name to act under; by default the client's.")
@click.option("--url", help="Speak HTTP to a running server, such as http://127.0.0.1:8765.")
@click.option("--with-token", is_flag=True, help="Send the token in WORKSPACE_TOKEN; the name is that of the token.")
@click.option("--hooks", is_flag=True, help="For claude-code: have its own edit tools ask before and report after.")
def client_config_command(
    client: str, folder: Path, agent: str | None, url: str | None, *, with_token: bool, hooks: bool
) -> None:
    """Print the snippet that connects CLIENT to the workspace.

    The snippet alone goes to standard output, and where to put it to standard error.
    """
    name = agent or (None if with_token else client)
    if hooks:
        if client != "claude-code" or url is not None:
            raise click.UsageError("--hooks is for claude-code, on the machine where the folder is.")
        click.echo("# .claude/settings.json, beside what it holds already", err=True)
        print(claude_code_hooks(running_program(), agent or client))
        return
    if url is not None and client in START_ONLY:
        raise click.UsageError(f"{client} starts its servers itself; leave --url out.")
    address = None if url is None else mcp_address(url, name)
    place, snippet = CLIENTS[client]
    click.echo(f"# {place}", err=True)
    if url is None and not (folder / STATE).is_dir():
        click.echo(
            f"# for {folder}, which the client will make a workspace; run this inside the one you mean", err=True
        )
    print(snippet(Target(program=running_program(), folder=folder, agent=name, url=address, with_token=with_token)))
