"""Share links in a terminal: list them, make one, revoke one."""

import click

from workspace_server.cli import show
from workspace_server.cli.api import Answer, Api, path_of
from workspace_server.cli.options import SPAN, api_options, as_json_option


@click.command("links")
@click.argument("path", required=False)
@click.option("--version", type=int, help="Pin the link to this version of the file.")
@click.option("--as-of", "as_of_seq", type=int, metavar="SEQ", help="Pin the link to the directory as of this change.")
@click.option("--expires", type=SPAN, help="Until when it leads there, such as 12h or 30d; 7d unless given.")
@click.option("--note", help="What it is for, for the log.")
@click.option("--revoke", metavar="S3", help="Let this link lead nowhere from now on.")
@api_options
@as_json_option
def links_command(
    api: Api,
    *,
    as_json: bool,
    path: str | None,
    version: int | None,
    as_of_seq: int | None,
    expires: int | None,
    note: str | None,
    revoke: str | None,
) -> None:
    """List the share links; or share PATH, a file or a directory, by a new one, whose address is shown this once."""
    if revoke is not None:
        answer = api.delete(f"/links/{path_of(revoke)}")
        show.as_json(answer) if as_json else click.echo(f"{show.plain(revoke)}: {answer['state']}")
    elif path is not None:
        wanted = {"version": version, "as_of_seq": as_of_seq, "expires_in_seconds": expires, "note": note}
        answer = api.post("/links", {"path": path, **wanted})
        show.as_json(answer) if as_json else click.echo(_made(answer))
    else:
        answer = api.get("/links", limit=1000)
        show.as_json(answer) if as_json else _list(answer)


def _made(answer: Answer) -> str:
    url = answer.get("url")
    if url is None:  # the connection broke after the link was made, and its address is kept nowhere
        return f"{answer['link']} was made, but its address was lost on the way: revoke it, and make another one."
    return f"{url}\n{answer['link']}, until {show.when(answer['expires_at'])}"


def _list(answer: Answer) -> None:
    show.table(
        (
            (
                one["link"],
                one["path"] or "/",
                one.get("version") or (f"as of {one['as_of_seq']}" if "as_of_seq" in one else "newest"),
                one["state"],
                show.when(one["expires_at"]),
                one["opened"],
                one["by"],
                one.get("note", ""),
            )
            for one in answer["links"]
        ),
        head=("LINK", "PATH", "VERSION", "STATE", "EXPIRES", "OPENED", "BY", "NOTE"),
        empty="no links",
    )
