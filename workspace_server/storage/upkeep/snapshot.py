"""A copy of the whole database as it is at one moment, taken while a server may be writing to it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw

from workspace_server.errors import Unavailable
from workspace_server.storage import checksums
from workspace_server.storage.database import connect
from workspace_server.storage.migrations import refuse_newer

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""
PAGES = 1_000
"""How many pages are copied between two reports."""


def copy_database(source: Path, target: Path, progress: Progress) -> None:
    """Copy the database *source* to *target*, which must not be there; only the user may read it. Blocks.

    Raises:
        Unavailable: What was copied is damaged, or of a newer program.
        apsw.Error: The disk refused.
    """
    target.touch(mode=0o600, exist_ok=False)
    checksums.enable()
    with (
        closing(connect(source, read_only=True)) as origin,
        closing(apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)) as copy,
    ):
        refuse_newer(origin)
        if checksums.are_kept(origin):
            # The file system of the checksums takes from the first page that there are some. That page comes last, and
            # those that SQLite writes out before it would keep the checksums of what they held before.
            checksums.make_room(copy)
            copy.execute("CREATE TABLE begun (n)")
        # One snapshot for all of it: else every commit meanwhile would start the copy anew.
        origin.execute("BEGIN")
        origin.execute("SELECT count(*) FROM meta").fetchall()
        with copy.backup("main", origin, "main") as work:
            while not work.done:
                work.step(PAGES)
                pages = work.page_count
                progress("database", pages - max(work.remaining, 1), pages)  # the last once the copy was looked at
        origin.execute("COMMIT")
        _check(copy)
        progress("database", pages, pages)


def _check(copy: apsw.Connection) -> None:
    """Read every page of the copy, as it is on the disk now."""
    copy.execute("PRAGMA shrink_memory")
    found = [str(said) for (said,) in copy.execute("PRAGMA quick_check(1)") if said != "ok"]
    if found:
        raise Unavailable(
            f"The database is damaged: {found[0]}.",
            hint="`workspace-server verify` names what is damaged.",
            reason="damaged",
        )
