"""`backup` and `restore`: a whole workspace in one file, and a workspace from such a file."""

from pathlib import Path

import click

from workspace_server.cli import show
from workspace_server.cli.options import as_json_option, folder_option
from workspace_server.cli.progress import Shown

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("backup")
@click.argument("file", type=_FILE)
@click.option("--force", is_flag=True, help="Replace FILE when it is there.")
@folder_option
@as_json_option
def backup_command(file: Path, force: bool, folder: Path, as_json: bool) -> None:
    """Write the whole workspace to FILE, as it is at this moment; a server may be running on it.

    FILE holds all versions, the log, triggers and settings. Edits on disk that were not taken in yet are not in it.
    """
    from workspace_server.storage.upkeep.archive import backup

    done = backup(folder, file.absolute(), force=force, progress=Shown())
    if as_json:
        show.as_json({"file": str(file), "seq": done.seq, "audit_head": done.audit_head})
    else:
        print(f"{file} holds the workspace as it was at seq {done.seq}, {show.size(file.stat().st_size)}.")
        print(f"  its audit log ends at {done.audit_head}")


@click.command("restore")
@click.argument("file", type=_FILE)
@click.argument("target", metavar="DIR", type=_FOLDER)
@as_json_option
def restore_command(file: Path, target: Path, as_json: bool) -> None:
    """Make DIR, which is empty or not there yet, a workspace of the backup FILE.

    Nothing is used before all of FILE was found to be what was written. Locks of that time are ended, and the log goes
    on with higher numbers than it ever had.
    """
    from workspace_server.app.filling import fill
    from workspace_server.storage.clock import SystemClock
    from workspace_server.storage.upkeep.restoring import restore

    target = target.resolve()
    done = restore(file, target, clock=SystemClock(), progress=Shown())
    fill(target)
    if as_json:
        show.as_json({"folder": str(target), "seq": done.seq, "audit_head": done.audit_head})
    else:
        print(f"{target} is a workspace now, as the backup had it at seq {done.seq}.")
        print(f"  Its tokens and share links are revoked; new ones: workspace-server token create --dir {target}")
        print(f"  workspace-server serve {target}")
