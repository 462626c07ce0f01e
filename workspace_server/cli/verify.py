"""`verify`: read everything and name what is damaged."""

from pathlib import Path

import click

from workspace_server.cli import leave, show
from workspace_server.cli.options import as_json_option, folder_option
from workspace_server.cli.progress import Shown


@click.command("verify")
@click.option("--repair-checksums", is_flag=True, help="First write the checksums of the database's pages anew.")
@folder_option
@as_json_option
def verify_command(folder: Path, as_json: bool, repair_checksums: bool) -> int:
    """Check the whole workspace: its database, its history, every stored byte, and the files in the folder.

    Works while a server runs, and without one; changes nothing. Exits with 1 when something is damaged. An edit on disk
    that no server has taken in yet is shown, and is no damage.

    With --repair-checksums no server may run. It is for a database that another program wrote to, and is refused when
    anything but checksums is wrong.
    """
    from workspace_server.app.owner import Ownership
    from workspace_server.storage.upkeep import checksumming
    from workspace_server.storage.upkeep.integrity import database_of, find_damage

    progress = Shown()
    if repair_checksums:
        database_of(folder)
        with Ownership.take(folder, "background"):
            checksumming.repair(folder, progress)
    findings = list(find_damage(folder, progress))
    damaged = [finding for finding in findings if finding.damage]
    if as_json:
        show.as_json({"ok": not damaged, "findings": [finding.as_dict() for finding in findings]})
    else:
        show.table(
            (
                ("DAMAGE" if finding.damage else "note", finding.kind, finding.subject, finding.said)
                for finding in findings
            ),
            empty="All is as it should be.",
        )
    return leave.FAILED if damaged else 0
