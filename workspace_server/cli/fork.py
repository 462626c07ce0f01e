"""`fork` and `compare`: a second workspace from any moment of a first one, and two of them side by side."""

from pathlib import Path

import click

from workspace_server.cli import show
from workspace_server.cli.options import as_json_option, folder_option
from workspace_server.cli.progress import Shown

DIFFERENT = 1
LINES_MAX = 1_000
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("fork")
@click.argument("target", metavar="NEWDIR", type=_FOLDER)
@click.option("--at-seq", type=click.IntRange(0), help="As it was once this change was made.  [default: now]")
@folder_option
@as_json_option
def fork_command(target: Path, at_seq: int | None, folder: Path, as_json: bool) -> None:
    """Make NEWDIR a workspace of its own, as this one was at some moment; a server may be running on this one.

    It has the history up to then, the triggers and the settings. No webhook is sent from it until the line
    `deliveries = false` is taken out of its settings, and no job comes along.
    """
    from workspace_server.app.filling import fill
    from workspace_server.storage.upkeep.fork import fork

    target = target.resolve()
    done = fork(folder, target, at_seq=at_seq, progress=Shown())
    fill(target)
    if as_json:
        show.as_json({"folder": str(target), "seq": done.seq, "files": done.files, "missing": done.missing})
    else:
        print(
            f"{target} is a workspace now, as {folder} was at seq {done.seq}: {done.files} files. Deliveries are off."
        )
        for path in done.missing:
            print(f"  without {show.plain(path)}: its bytes of that time are not kept any more")
        print(f"  workspace-server serve {target}")


@click.command("compare")
@click.argument("a", type=_FOLDER)
@click.argument("b", type=_FOLDER)
@as_json_option
def compare_command(a: Path, b: Path, as_json: bool) -> int:
    """Show which files and facts the workspaces A and B do not have alike; exits with 1 when there are any.

    Servers may be running on them.
    """
    from workspace_server.storage.upkeep.comparison import compare

    found = compare(a.resolve(), b.resolve())
    if as_json:
        show.as_json(found.as_dict())
        return 0 if found.same else DIFFERENT
    rows: list[tuple[str, ...]] = [
        (_mark(one.a, one.b), "file", one.subject["path"], _file(one.a), _file(one.b)) for one in found.files
    ]
    rows += [
        (_mark(one.a, one.b), "fact", f"{one.subject['path']}: {_about(one.subject)}", _fact(one.a), _fact(one.b))
        for one in found.facts
    ]
    if rows:
        show.table(rows[:LINES_MAX], head=("", "", "WHAT", "IN A", "IN B"))
    if len(rows) > LINES_MAX:
        print(f"and {len(rows) - LINES_MAX} more; --json shows all")
    print(f"{found.files_alike} files and {found.facts_alike} facts are alike.")
    for name, unread in (("A", found.unread_a), ("B", found.unread_b)):
        if unread:
            click.echo(
                f"The facts of {unread} files of {name} are not known yet: its server has to read them.", err=True
            )
    return 0 if found.same else DIFFERENT


def _mark(a: object, b: object) -> str:
    if a is None:
        return "+"
    return "-" if b is None else "~"


def _file(side: dict[str, int] | None) -> str:
    return "-" if side is None else f"version {side['version']}, {show.size(side['size_bytes'])}"


def _about(subject: dict[str, str]) -> str:
    return " · ".join(part for part in (subject["subject"], subject["key"]) if part) or subject["kind"]


def _fact(side: list[str] | None) -> str:
    return "-" if side is None else ", ".join(side)
