"""`agents`, `pause`, `resume`, `note`: who works here, and a person's word with them."""

from urllib.parse import quote

import click

from workspace_server.cli import show
from workspace_server.cli.api import Answer, Api
from workspace_server.cli.options import api_options, as_json_option


@click.command("agents")
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Most agents.")
@api_options
@as_json_option
def agents_command(api: Api, *, as_json: bool, name: str | None, limit: int) -> None:
    """Show who works here: what each agent does, has written, and was served in tokens; or all about the agent NAME."""
    answer = api.get("/agents", limit=limit) if name is None else api.get(f"/agents/{_part(name)}")
    if as_json:
        show.as_json(answer)
    elif name is None:
        _list(answer)
    else:
        _all_about(answer)


@click.command("pause")
@click.argument("name", required=False)
@click.option("--note", help="Why: the agent is told with each refusal, and it stands in the log.")
@api_options
@as_json_option
def pause_command(api: Api, *, as_json: bool, name: str | None, note: str | None) -> None:
    """Hold up what the agent NAME changes; without NAME what anybody changes, and what triggers would start.

    Reading goes on, and so does what hands something back. Holds until `resume`, also over restarts.
    """
    answer = api.post(f"{_whom(name)}:pause", {"note": note})
    show.as_json(answer) if as_json else click.echo(f"{name or 'the workspace'} is paused")


@click.command("resume")
@click.argument("name", required=False)
@api_options
@as_json_option
def resume_command(api: Api, *, as_json: bool, name: str | None) -> None:
    """Let the agent NAME go on; without NAME the workspace."""
    answer = api.post(f"{_whom(name)}:resume")
    show.as_json(answer) if as_json else click.echo(f"{name or 'the workspace'} goes on")


@click.command("note")
@click.argument("name")
@click.argument("text")
@click.option("--acknowledge", is_flag=True, help="It changes nothing until it has said that it read this.")
@api_options
@as_json_option
def note_command(api: Api, *, as_json: bool, name: str, text: str, acknowledge: bool) -> None:
    """Tell the agent NAME something: TEXT rides once in its next result, whatever that is."""
    answer = api.post(f"/agents/{_part(name)}:note", {"text": text, "acknowledge": acknowledge})
    show.as_json(answer) if as_json else click.echo(f"{answer['note']} waits for {name}")


def _part(name: str) -> str:
    """Return a name as one part of an address."""
    return quote(name, safe="")


def _whom(name: str | None) -> str:
    return "/workspace" if name is None else f"/agents/{_part(name)}"


def _list(answer: Answer) -> None:
    show.table(
        map(_row, answer["agents"]),
        head=("AGENT", "SEEN", "DOES", "FILES", "VERSIONS", "24 H", "TOKENS", "HOLDS"),
        empty="nobody has worked here yet",
    )
    if answer["paused"] is not None:
        print(f"The workspace is paused by {_pause(answer['paused'])}")


def _row(one: Answer) -> tuple[object, ...]:
    written = one["written"]  # None where the caller sees a part only, of which nothing is counted
    seen = show.when(one["last_seen"])
    held = [lock["name"] for lock in one["locks"]] + [job["job"] for job in one["jobs"]]
    counts = (
        ("-",) * 4
        if written is None
        else (written["files"], written["versions"], written["day"]["versions"], one["served"]["tokens"])
    )
    return one["agent"], seen, _does(one), *counts, " ".join(held)


def _does(one: Answer) -> str:
    """Return in a few words what an agent does now, or did last."""
    if one["paused"] is not None:
        return "paused"
    call = next(iter(one["waiting"]), one["last_call"])
    if call is None:
        return "-"
    return f"{'in ' if one['waiting'] else ''}{call['tool']}" + (f" {call['about']}" if call["about"] else "")


def _pause(pause: Answer) -> str:
    return f"{show.plain(pause['by'])} since {show.when(pause['at'])}" + (
        f": {show.plain(pause['note'])}" if pause["note"] else ""
    )


def _all_about(one: Answer) -> None:
    _list({"agents": [one], "paused": None})
    if one["paused"] is not None:
        print(f"Paused by {_pause(one['paused'])}")
    if one["tools"]:
        rows = ((tool["tool"], tool["calls"], tool["tokens"]) for tool in one["tools"])
        show.table(rows, head=("SERVED BY", "CALLS", "TOKENS"))
    if one["notes"]:
        show.table(map(_note, one["notes"]), head=("NOTE", "FROM", "WHEN", "STATE", "TEXT"))
    if one["files"]:
        rows = ((file["path"], file["versions"], show.when(file["at"])) for file in one["files"])
        show.table(rows, head=("WROTE", "VERSIONS", "WHEN"))


def _note(note: Answer) -> tuple[object, ...]:
    if note["acknowledged_at"] is not None:
        state = f"acknowledged {show.when(note['acknowledged_at'])}" + (f": {note['words']}" if note["words"] else "")
    elif note["shown_at"] is not None:
        state = f"shown {show.when(note['shown_at'])}"
    else:
        state = "waits"
    return note["note"], note["by"], show.when(note["at"]), state, note["text"]
