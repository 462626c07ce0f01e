"""What a person wants to see in a terminal: status, locks, history, triggers."""

from collections.abc import Mapping

import click

from workspace_server.cli import show
from workspace_server.cli.api import Answer, Api, path_of
from workspace_server.cli.options import api_options, as_json_option


@click.command("status")
@api_options
@as_json_option
def status_command(api: Api, *, as_json: bool) -> None:
    """Show how the workspace is: what it holds, how far the index is, what is due, what needs a look."""
    answer = api.get("/status")
    if as_json:
        show.as_json(answer)
    else:
        stored = {
            one["agent"]: f"{show.size(one['bytes'])} in {one['versions']} versions"
            for one in answer.pop("stored_by", [])
        }
        print(f"{show.plain(answer.pop('workspace'))} at {api.url}: {_held(answer)}.")
        answer.pop("url")
        if answer:
            show.pairs(_readable(answer | {"stored_by": stored}))


@click.command("locks")
@click.option("--path", help="Only locks that cover this path.")
@click.option("--break", "broken", metavar="L42", help="End this lock, whoever holds it.")
@click.option("--note", help="Why it is broken, for the log.")
@api_options
@as_json_option
def locks_command(api: Api, *, as_json: bool, path: str | None, broken: str | None, note: str | None) -> None:
    """Show the live locks and who waits for one; or break one: its holder's next write is refused."""
    if broken is not None:
        # A name stands for the lock to everybody; of a handle, that is what stands before its random part.
        ended = api.delete(f"/locks/{path_of(broken.partition('-')[0])}", note=note)
        show.as_json(ended) if as_json else click.echo(f"broken: {', '.join(ended['released'])}")
        return
    answer = api.get("/locks", path=path)
    if as_json:
        show.as_json(answer)
        return
    show.table(
        (_lock_row(lock["name"], lock, f"{lock['expires_in_seconds']} s") for lock in answer["locks"]),
        head=("LOCK", "PATHS", "MODE", "AGENT", "EXPIRES IN", "PURPOSE"),
        empty="no locks",
    )
    if answer["waiting"]:
        show.table(
            (_lock_row(place, one, f"{one['waiting_seconds']} s") for place, one in enumerate(answer["waiting"], 1)),
            head=("PLACE", "PATHS", "MODE", "AGENT", "WAITS FOR", "PURPOSE"),
        )


@click.command("history")
@click.argument("path")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Most versions.")
@click.option("--diff", nargs=2, type=int, metavar="FROM TO", help="Compare two versions instead.")
@click.option("--blame", is_flag=True, help="Show who wrote each line instead.")
@api_options
@as_json_option
def history_command(
    api: Api, *, as_json: bool, path: str, limit: int, diff: tuple[int, int] | None, blame: bool
) -> None:
    """Show the versions of the file PATH, newest first."""
    if diff is not None:
        answer = api.get(f"/files/{path_of(path)}:diff", **{"from": diff[0], "to": diff[1]})
        show.as_json(answer) if as_json else click.echo(_printable(answer["diff"] or "no difference"))
        return
    if blame:
        _show_blame(api.get(f"/files/{path_of(path)}:blame"), as_json=as_json)
        return
    answer = api.get(f"/files/{path_of(path)}:history", limit=limit)
    if as_json:
        show.as_json(answer)
        return
    show.table(
        (
            (
                version["version"],
                show.when(version["at"]),
                version["by"],
                version["op"] + (f", {version['gone']}" if "gone" in version else ""),
                show.size(version["size_bytes"]) if "size_bytes" in version else "-",
                version["message"] or "",
            )
            for version in answer["versions"]
        ),
        head=("VERSION", "WHEN", "BY", "HOW", "SIZE", "MESSAGE"),
    )


def _show_blame(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        show.as_json(answer)
        return
    show.table(
        (
            (
                f"{one['start_line']}-{one['end_line']}",
                one["by"],
                show.when(one["at"]),
                f"{one['path']}@{one['version']}" + (" or before" if "or_before" in one else ""),
                one["message"] or "",
            )
            for one in answer["stretches"]
        ),
        head=("LINES", "BY", "WHEN", "VERSION", "MESSAGE"),
        empty="no lines",
    )


def _held(answer: Answer) -> str:
    """Take out of a status what the workspace holds, and say it; who may not read all is told where it stands only."""
    seq = f"at seq {answer.pop('seq')}"
    if "files" not in answer:
        return f"{seq}; the rest takes a token that reads the whole workspace"
    return f"{answer.pop('files')} files, {show.size(answer.pop('bytes'))}, {seq}, {answer.pop('locks')} locks"


def _readable(answer: Mapping[str, object]) -> dict[str, object]:
    """Return names and values for people: words without underscores, sizes with a unit."""
    found: dict[str, object] = {}
    for name, value in answer.items():
        if isinstance(value, Mapping):
            # The names below it are those of agents and queues.
            found[name.replace("_", " ")] = dict(value) if name == "stored_by" else _readable(value)
        elif isinstance(value, int) and not isinstance(value, bool) and name.endswith("bytes"):
            found[name.removesuffix("bytes").rstrip("_").replace("_", " ") or "size"] = show.size(value)
        else:
            found[name.replace("_", " ")] = value
    return found


def _lock_row(name: object, row: Answer, time: str) -> tuple[object, ...]:
    return name, ", ".join(row["paths"]), row["mode"], row["agent"], time, row["purpose"]


def _printable(text: str) -> str:
    return "\n".join(show.plain(line) for line in text.split("\n"))
