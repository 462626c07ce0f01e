"""`undo`: take back what one agent did."""

import click

from workspace_server.cli import leave, show
from workspace_server.cli.api import Answer, Api
from workspace_server.cli.options import api_options, as_json_option

MOMENT = "SEQ|SPAN|TIME"


@click.command("undo")
@click.option("--agent", required=True, metavar="NAME", help="Whose work.")
@click.option("--since", required=True, metavar=MOMENT, help="What came after this seq, or since 30m, 1h, 2d, a time.")
@click.option("--until", metavar=MOMENT, help="Only up to here.  [default: now]")
@click.option("--path", help="Only these files: a path, `dir/` or a pattern.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option("--fire", is_flag=True, help="Let triggers take what comes back for new.")
@click.option("--message", help="Why, for the history.")
@api_options
@as_json_option
def undo_command(api: Api, *, as_json: bool, **asked: object) -> int:
    """Take back what an agent did, and keep what others did, in one commit that can itself be undone.

    A file that nobody has changed since gets the content from before. Where others have, the agent's part is merged out
    of it. What cannot be told apart, or is locked, stays as it is and is listed; the exit code is 1 then.
    """
    answer = api.post("/undo", asked)
    if as_json:
        show.as_json(answer)
    else:
        _print(answer)
    return leave.FAILED if answer["left"] else 0


def _print(answer: Answer) -> None:
    done = [one for one in answer["files"] if one["did"] != "nothing"]
    if done:
        show.table((_row(one) for one in done), head=("DONE", "PATH", "VERSION"))
    if answer["left"]:
        rows = (
            (one["path"], _version(one["version"]), _version(one["version_before"]), one["reason"])
            for one in answer["left"]
        )
        print("Left as it is, for you to look at:")
        show.table(rows, head=("PATH", "NOW", "BEFORE", "BECAUSE"))
    span = f"what {show.plain(answer['agent'])} did after seq {answer['since_seq']} up to {answer['until_seq']}"
    if answer.get("dry_run"):
        print(f"This is {span}. Nothing was changed.")
    elif done:
        print(f"Taken back: {span}, in {answer['commit']}, seq {answer['seq']}.")
    else:
        print(f"Nothing to take back of {span}.")


def _row(one: Answer) -> tuple[object, ...]:
    again = f" (again {one['restored_version']})" if "restored_version" in one else ""
    return one["did"], one["path"], f"{one['version']}{again}" if "version" in one else "-"


def _version(number: int | None) -> str:
    return "-" if number is None else str(number)
