"""`log`: what happened in the workspace, and what happens now."""

import time
from collections import deque
from collections.abc import Iterable, Iterator

import click

from workspace_server.cli import show
from workspace_server.cli.api import Answer, Api
from workspace_server.cli.options import api_options, as_json_option
from workspace_server.core.events import EVENT_TYPES
from workspace_server.errors import Unavailable

PAGE = 1000
SHOWN = ",".join(kind for kind in EVENT_TYPES if kind != "file.indexed")


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
    """Show the events of the workspace, oldest first.

    What the index says of itself is shown with --json, or when --types asks for it.
    """
    # The server leaves them out, not we: --limit counts the lines that are shown.
    wanted = types if types is not None or as_json else SHOWN
    filters: dict[str, object] = {"types": wanted, "path": path, "agent": by}
    page = (
        _newest(api, limit, filters) if since is None else api.get("/events", since_seq=since, limit=limit, **filters)
    )
    if not as_json:
        _print(page["events"])
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
                _print([event])


def _newest(api: Api, limit: int, filters: dict[str, object]) -> Answer:
    """Return the newest events that pass the filters; looks further and further back until there are enough."""
    page = api.get("/events", limit=limit, **filters)  # those among the newest `limit` of all
    head = page["next_seq"]
    looked_at = limit
    while len(page["events"]) < limit and looked_at < head:
        looked_at *= 8
        seq = max(0, head - looked_at)
        newest: deque[Answer] = deque(maxlen=limit)
        while seq < head:
            page = api.get("/events", since_seq=seq, limit=PAGE, **filters)
            newest.extend(page["events"])
            seq = page["next_seq"]
        page["events"] = list(newest)
    return page


def _following(api: Api, seq: int, filters: dict[str, object]) -> Iterator[Answer]:
    """Yield every later event; a stream that breaks is taken up again where it was."""
    while True:
        try:
            for event in api.follow("/events", since_seq=seq, **filters):
                seq = event["seq"]
                yield event
        except (Unavailable, OSError):
            time.sleep(1)


def _print(events: Iterable[Answer]) -> None:
    for event in events:
        print(_line(event), flush=True)


def _line(event: Answer) -> str:
    subject = event.get("path") or event.get("trigger") or ", ".join(event.get("paths", ())) or ""
    version = f"@{event['version']}" if event.get("version") is not None else ""
    note = f"  {show.plain(event['message'])}" if event.get("message") else ""
    who, when = show.plain(event["agent"]), show.when(event["at"])
    return f"{event['seq']:>6}  {when}  {event['type']:<16}  {who:<16}  {show.plain(subject)}{version}{note}"
