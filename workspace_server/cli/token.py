"""Tokens in a terminal: make one, list them, revoke one."""

import functools

import click

from workspace_server.cli import show
from workspace_server.cli.api import Answer, Api, path_of
from workspace_server.cli.options import SPAN, api_options, as_json_option
from workspace_server.core.access_tokens import public_id
from workspace_server.core.scopes import VERBS

ALLOW = (
    "What it may do where, such as read,search:docs/**; give it again for more. By default all but admin, everywhere."
    f" The verbs are {', '.join(VERBS)}; all is each."
)
FROM_NOW_ON = (
    "# It is shown this once. Every caller has to bear a token from now on; for clients see:"
    " workspace-server client-config CLIENT --with-token"
)


@click.group("token")
def token_command() -> None:
    """Make, list and revoke tokens. Once there is one, every caller has to bear one."""


@token_command.command("create")
@click.option("--agent", help="The agent that acts by it.")
@click.option("--crew", help="Instead: a crew, whose members act as CREW/NAME by it.")
@click.option("--allow", multiple=True, metavar="VERBS:PATTERN", help=ALLOW)
@click.option("--expires", type=SPAN, help="For how long it counts, such as 12h or 30d; by default for ever.")
@click.option("--note", help="What it is for.")
@functools.partial(api_options, makes_workspace=True)
@as_json_option
def create_command(
    api: Api,
    *,
    as_json: bool,
    agent: str | None,
    crew: str | None,
    allow: tuple[str, ...],
    expires: int | None,
    note: str | None,
) -> None:
    """Make a token and print it; it is shown this once.

    The folder that --dir names need not be a workspace yet: a server for others has its first token before it starts.
    """
    if (agent is None) == (crew is None):
        raise click.UsageError("Give either --agent or --crew.")
    wanted = {"allow": list(allow), "expires_in_seconds": expires, "note": note}
    answer = api.post("/tokens", {"agent": agent or crew, "crew": crew is not None, **wanted})
    click.echo(FROM_NOW_ON, err=True)
    show.as_json(answer) if as_json else click.echo(_made(answer))


@token_command.command("list")
@api_options
@as_json_option
def list_command(api: Api, *, as_json: bool) -> None:
    """List tokens by their ids, newest first."""
    answer = api.get("/tokens")
    if as_json:
        show.as_json(answer)
        return
    show.table(
        (
            (
                one["id"],
                f"{one['agent']}/*" if one["crew"] else one["agent"],
                one["state"],
                " ".join(one["allow"]),
                show.when(one["expires_at"]) if "expires_at" in one else "never",
                show.when(one["used_at"]) if "used_at" in one else "never",
                one["by"],
                one.get("note", ""),
            )
            for one in answer["tokens"]
        ),
        head=("ID", "AGENT", "STATE", "ALLOW", "EXPIRES", "USED", "BY", "NOTE"),
        empty="no tokens",
    )


@token_command.command("revoke")
@click.argument("token_id", metavar="ID")
@api_options
@as_json_option
def revoke_command(api: Api, *, as_json: bool, token_id: str) -> None:
    """Let a token prove nothing from now on: the one with the id ID, or that is ID itself."""
    token_id = public_id(token_id) or token_id  # a token goes into no address
    answer = api.delete(f"/tokens/{path_of(token_id)}")
    show.as_json(answer) if as_json else click.echo(f"{show.plain(token_id)}: {answer['state']}")


def _made(answer: Answer) -> str:
    token = answer.get("token")
    if token is None:  # the connection broke after it was made, and it is kept nowhere
        return f"{answer['id']} was made, but the token was lost on the way: revoke it, and make another one."
    return str(token)
