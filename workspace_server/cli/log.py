"""`log`: what happened in the workspace, and what happens now."""

import time
from collections.abc import Iterator

import click

from workspace_server.cli import show
from workspace_server.cli.api import Answer, Api
from workspace_server.cli.options import api_options, as_json_option
from workspace_server.errors import Unavailable

PAGE = 1000


@click.command("log")
@click.option("--since", type=click.IntRange(0), help="Everything after this seq; by default the newest.")
@click.option("--limit", type=click.IntRange(1, PAGE), default=50, show_default=True, help="Most events.")
@click.option("--types", help="Only these types, with commas between.")
@click.option("--path", help="Only on these files: a path, `dir/` or a pattern.")
@click.option("--agent", "by", help="Only by this agent.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens next, until interrupted.")
@api_options
@as_json_option
def log_command(
    api: Api,
    *,
    as_json: bool,
    since: int | None,
    limit: int,
    types: str | None,
    path: str | None,
    by: str | None,
    follow: bool,
) -> None:
    """Show the events of the workspace, oldest first."""
    filters: dict[str, object] = {"types": types, "path": path, "agent": by}
    page = api.get("/events", since_seq=since, limit=limit, **filters)
    if not as_json:
        for event in page["events"]:
            print(_line(event))
    elif not follow:
        show.as_json(page)
    else:
        for event in page["events"]:
            show.as_json(event)
    if follow:
        for event in _following(api, page["next_seq"], filters):
            if as_json:
                show.as_json(event)
            else:
                print(_line(event), flush=True)


def _following(api: Api, seq: int, filters: dict[str, object]) -> Iterator[Answer]:
    """Yield every later event; a stream that breaks is taken up again where it was."""
    while True:
        try:
            for event in api.follow("/events", since_seq=seq, **filters):
                seq = event["seq"]
                yield event
        except (Unavailable, OSError):
            time.sleep(1)


def _line(event: Answer) -> str:
    data = event["data"]
    subject = data.get("path") or data.get("trigger") or ", ".join(data.get("paths", ())) or ""
    version = f"@{data['version']}" if data.get("version") is not None else ""
    agent = data.get("agent") or ""
    note = f"  {show.plain(data['message'])}" if data.get("message") else ""
    said = f"{show.plain(subject)}{version}"
    return f"{event['seq']:>6}  {show.when(event['at'])}  {event['type']:<16}  {show.plain(agent):<16}  {said}{note}"
