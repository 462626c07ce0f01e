"""`verify`: read everything and name what is damaged."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workspace_server.cli import leave, show
from workspace_server.cli.options import as_json_option, folder_option
from workspace_server.cli.progress import Shown

if TYPE_CHECKING:
    from workspace_server.storage.upkeep.integrity import Finding

EXAMPLES_MAX = 10
"""How many of what is wrong in the same way are named; with --json it is all of them."""


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
    counts: dict[str, int] = {}

    def counted(what: str, done: int, total: int) -> None:
        counts[what] = total
        progress(what, done, total)

    if repair_checksums:
        database_of(folder)
        with Ownership.take(folder, "background"):
            checksumming.repair(folder, progress)
    findings = list(find_damage(folder, counted))
    damaged = [finding for finding in findings if finding.damage]
    if as_json:
        show.as_json({"ok": not damaged, "findings": [finding.as_dict() for finding in findings]})
    else:
        if findings:
            show.table(_rows(findings))
        print(_verdict(len(damaged), len(findings) - len(damaged), counts))
    return leave.FAILED if damaged else 0


def _rows(findings: Sequence["Finding"]) -> Iterator[tuple[str, str, str, str]]:
    """Return a row for each finding, but for many of one sort: some as examples, and how many more there are."""
    alike: dict[tuple[str, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for finding in findings:
        sort = ("DAMAGE" if finding.damage else "note", finding.kind, finding.said)
        alike[sort][finding.subject] += 1
    for (label, kind, said), subjects in alike.items():
        for subject, times in list(subjects.items())[:EXAMPLES_MAX]:
            yield label, kind, subject, said if times == 1 else f"{said} (met {times} times)"
        if len(subjects) > EXAMPLES_MAX:
            yield label, kind, f"… and {len(subjects) - EXAMPLES_MAX:,} more", said


def _verdict(damaged: int, notes: int, counts: dict[str, int]) -> str:
    noted = "" if not notes else f", {notes:,} note{'' if notes == 1 else 's'}"
    if damaged:
        return f"Damaged: {damaged:,} finding{'' if damaged == 1 else 's'}{noted}. See `restore` for a backup."
    contents, files = counts.get("content", 0), counts.get("folder", 0)
    checked = f"the database, its history, {contents:,} contents, {files:,} files and the index"
    return f"No damage{noted}: checked {checked}."
