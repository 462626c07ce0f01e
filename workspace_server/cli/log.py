"""`log`: what happened in the workspace, and what happens now."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from workspace_server.cli import audit, show
from workspace_server.cli.api import Answer, Api
from workspace_server.cli.options import as_json_option, folder_option, locator
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
@click.option(
    "--verify",
    is_flag=False,
    flag_value=audit.HERE,
    metavar="[FILE]",
    type=click.Path(path_type=Path),
    help="Check the chain of the audit log instead, or that of an exported FILE; needs no server.",
)
@click.option("--head", help="With --verify: where it ended at an earlier time, as --verify printed it then.")
@click.option("--export", is_flag=True, help="Print the audit log instead, as lines of JSON with their digests.")
@folder_option
@click.option("--url", envvar="WORKSPACE_URL", help="A server's address, instead of the folder's own.")
@as_json_option
def log_command(
    *,
    folder: Path,
    url: str | None,
    as_json: bool,
    verify: Path | None,
    head: str | None,
    export: bool,
    since: int | None,
    limit: int,
    types: str | None,
    path: str | None,
    by: str | None,
    follow: bool,
) -> int:
    """Show the events of the workspace, oldest first.

    What the index says of itself is shown with --json, or when --types asks for it.
    """
    if verify is not None:
        return audit.verify(folder, verify, head, as_json=as_json)
    if export:
        return audit.export(folder)
    api = Api(locator(folder, url))
    # The server leaves them out, not we: --limit counts the lines that are shown.
    wanted = types if types is not None or as_json else SHOWN
    filters: dict[str, object] = {"types": wanted, "path": path, "agent": by}
    page = (
        _newest(api, limit, filters) if since is None else api.get("/events", since_seq=since, limit=limit, **filters)
    )
    if page["truncated"]:
        click.echo("Of what came after that, some is kept no longer: see [retention] events_days.", err=True)
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
    return 0


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
    said = _said(event)
    note = f"  {show.plain(said)}" if said else ""
    who, when = show.plain(event["agent"]), show.when(event["at"])
    return f"{event['seq']:>6}  {when}  {event['type']:<16}  {who:<16}  {show.plain(subject)}{version}{note}"


def _said(event: Answer) -> str | None:
    """Return what else a person wants to know: why, or which trigger it was that a file has set off."""
    if event["type"] == "lock.broken":
        return _broken(event)
    said = event.get("message") or event.get("summary") or event.get("note")
    return said or (event.get("trigger") if "path" in event else None)


def _broken(event: Answer) -> str:
    """Return who ended a lock of somebody else, and why."""
    by = f"broken by {event.get('by', 'an edit on disk')}"
    return f"{by}: {event['note']}" if event.get("note") else by
