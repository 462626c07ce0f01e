"""`triggers`: what starts the next agent, how it stands, and how to hold it back or try it."""

from collections.abc import Iterator

import click

from workspace_server.cli import show
from workspace_server.cli.api import Answer, Api, path_of
from workspace_server.cli.options import api_options, as_json_option


@click.command("triggers")
@click.argument("name", required=False)
@click.option("--pause", "act", flag_value="pause", help="Let NAME fire no more; what is saved meanwhile waits in it.")
@click.option("--resume", "act", flag_value="resume", help="Let NAME go on.")
@click.option("--test", "act", flag_value="test", help="Show what NAME would have fired for; nothing is fired.")
@click.option("--delete", "act", flag_value="delete", help="Delete NAME; what it has set off goes on.")
@click.option("--reload", "act", flag_value="reload", help="Read the file of triggers again.")
@click.option("--note", help="With --pause: why.")
@click.option("--since-seq", type=click.IntRange(0), help="With --test: from which event on; else the newest ones.")
@api_options
@as_json_option
def triggers_command(
    api: Api, *, as_json: bool, name: str | None, act: str | None, note: str | None, since_seq: int | None
) -> None:
    """Show the triggers, or all about one: what is in, what is missing and why, what fired last."""
    if act is not None and (name is None) != (act == "reload"):
        raise click.UsageError("name the trigger, as in: triggers editor-on-draft --pause; only --reload takes no name")
    if act is None:
        _show_one(api, name, as_json) if name is not None else _show_all(api, as_json)
        return
    answer = _done(api, act, name, note, since_seq)
    if as_json:
        show.as_json(answer)
    elif act == "test":
        _show_rehearsal(answer)
    elif act == "reload":
        show.pairs({what: ", ".join(names) or "none" for what, names in answer.items()})
    else:
        click.echo(f"{name}: {'deleted' if act == 'delete' else 'paused' if answer['paused'] else 'active'}")


def _done(api: Api, act: str, name: str | None, note: str | None, since_seq: int | None) -> Answer:
    if name is None:
        return api.post("/triggers:reload")
    place = f"/triggers/{path_of(name)}"
    if act == "delete":
        return api.delete(place)
    given: dict[str, dict[str, object]] = {"pause": {"note": note}, "test": {"since_seq": since_seq}}
    return api.post(f"{place}:{act}", given.get(act))


def _show_one(api: Api, name: str, as_json: bool) -> None:
    one = api.get(f"/triggers/{path_of(name)}")
    if as_json:
        show.as_json(one)
        return
    rows = [row for key in one.pop("keys", ()) for row in _waiting(key)]
    show.pairs(one)
    click.echo()
    show.table(rows, head=("KEY", "FILE", "FOR THE NEXT FIRING"), empty="nothing waits for the next firing")


def _waiting(key: Answer) -> Iterator[tuple[object, ...]]:
    """Yield what is in for the next firing of a key, and what is missing and why."""
    for one in key["in"]:
        yield _listed(key["key"]), f"{one['path']}@{one['version']}", f"in, by {one['by']}"
    for one in key["missing"]:
        facts = [f"{name} {_listing(value)}" for name, value in one.items() if name not in {"path", "reason"}]
        yield _listed(key["key"]), one.get("path"), ", ".join([f"missing: {one['reason']}", *facts])


def _show_all(api: Api, as_json: bool) -> None:
    answer = api.get("/triggers")
    if as_json:
        show.as_json(answer)
        return
    show.table(
        (_row(trigger) for trigger in answer["triggers"]),
        head=("TRIGGER", "STATE", "MODE", "TARGET", "FIRED", "PENDING", "FAILED", "FILES"),
        empty="no triggers",
    )


def _row(row: Answer) -> tuple[object, ...]:
    files = ", ".join(entry if isinstance(entry, str) else entry["path"] for entry in row["files"])
    kind = next(kind for kind in ("url", "queue", "command", "approval") if kind in row)
    target = row["url"] if kind == "url" else f"{kind} {row[kind]}"
    when = f"{row['schedule']} {row['timezone']}" if "schedule" in row else ""
    shown = " at ".join(part for part in (files, when) if part)
    return row["trigger"], row["state"], row["mode"], target, row["fired"], row["pending"], row["failures"], shown


def _show_rehearsal(answer: Answer) -> None:
    rows = [("fired", one) for one in answer["firings"]]
    rows += [("held back", one) for one in answer["suppressed"]]
    rows += [("timed out", one) for one in answer["timed_out"]]
    show.table(
        (
            (one["at"], one["seq"], what, _listed(one["key"]), _files(one))
            for what, one in sorted(rows, key=lambda row: row[1]["seq"])
        ),
        head=("AT", "SEQ", "WHAT", "KEY", "FILES"),
        empty="it would not have fired",
    )
    more = "; later events were not looked at" if answer["more"] else ""
    click.echo(f"{answer['fired']} firings in the events from {answer['from_seq'] + 1} to {answer['to_seq']}{more}")


def _listed(key: Answer) -> str:
    return ", ".join(f"{name}={value}" for name, value in key.items())


def _listing(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def _files(one: Answer) -> str:
    shown = (f"{each['path']}@{each['version']}" if "version" in each else each["path"] for each in one["inputs"])
    return ", ".join(shown)
