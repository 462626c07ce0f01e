"""What needs a person, in a terminal: the list, and the decisions."""

import click

from workspace_server.cli import show
from workspace_server.cli.api import Answer, Api, path_of
from workspace_server.cli.options import api_options, as_json_option

_note = click.option("--note", help="What to say with it; it stands in the log.")


@click.command("attention")
@click.option("--kind", help="Only entries of this kind.")
@click.option("--trigger", help="Only entries about this trigger, or set off by it.")
@click.option("--ended", is_flag=True, help="What is over instead, and how it ended.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="Most entries.")
@api_options
@as_json_option
def attention_command(
    api: Api, *, as_json: bool, kind: str | None, trigger: str | None, ended: bool, limit: int
) -> None:
    """Show what needs a person, and what can be done about it, newest first."""
    answer = api.get("/attention", kind=kind, trigger=trigger, ended=ended, limit=limit)
    if as_json:
        show.as_json(answer)
        return
    show.table(
        (
            (
                one["attention"],
                one["kind"],
                show.when(one["at"]),
                f"{one['outcome']} by {one['ended_by']}" if ended else ", ".join(one["actions"]),
                _told(one),
            )
            for one in answer["attention"]
        ),
        head=("ENTRY", "KIND", "SINCE", "OUTCOME" if ended else "ACTIONS", "WHAT"),
        empty="nothing needs a person",
    )


@click.command("approve")
@click.argument("entry", metavar="ID")
@click.option("--stale", is_flag=True, help="Approve the versions that were asked about, though a file has moved on.")
@_note
@api_options
@as_json_option
def approve_command(api: Api, *, as_json: bool, entry: str, stale: bool, note: str | None) -> None:
    """Let the flow of entry ID go on, or the trigger fire that waits for it."""
    _decide(api, entry, "approve", {"note": note, "stale": stale}, as_json=as_json)


@click.command("deny")
@click.argument("entry", metavar="ID")
@_note
@api_options
@as_json_option
def deny_command(api: Api, *, as_json: bool, entry: str, note: str | None) -> None:
    """Say no to the flow of entry ID, or to the trigger, which is deleted then."""
    _decide(api, entry, "deny", {"note": note}, as_json=as_json)


@click.command("reply")
@click.argument("entry", metavar="ID")
@click.argument("text")
@api_options
@as_json_option
def reply_command(api: Api, *, as_json: bool, entry: str, text: str) -> None:
    """Answer the blocked job of entry ID with TEXT: it goes back to its queue with that."""
    _decide(api, entry, "reply", {"reply": text}, as_json=as_json)


@click.command("retry")
@click.argument("entry", metavar="ID")
@api_options
@as_json_option
def retry_command(api: Api, *, as_json: bool, entry: str) -> None:
    """Try again what entry ID says was given up."""
    _decide(api, entry, "retry", {}, as_json=as_json)


@click.command("dismiss")
@click.argument("entry", metavar="ID")
@_note
@api_options
@as_json_option
def dismiss_command(api: Api, *, as_json: bool, entry: str, note: str | None) -> None:
    """Take entry ID off the list, whatever became of its cause."""
    _decide(api, entry, "dismiss", {"note": note}, as_json=as_json)


def _decide(api: Api, entry: str, action: str, said: dict[str, object], *, as_json: bool) -> None:
    answer = api.post(f"/attention/{path_of(entry)}:{action}", said)
    show.as_json(answer) if as_json else click.echo(f"{show.plain(entry)}: {answer['outcome']}")


def _told(one: Answer) -> str:
    """Return what an entry says, which versions it is about, and what has moved on since."""
    inputs = ", ".join(f"{each['path']}@{each['version']}" for each in one["about"].get("inputs", []))
    moved = ", ".join(f"{each['path']} is at {each['now'] or 'nothing'} now" for each in one.get("stale", []))
    parts = [one["summary"], f"({inputs})" if inputs else "", one.get("url", ""), f"STALE: {moved}" if moved else ""]
    return " ".join(part for part in parts if part)
