"""A copy of the whole database as it is at one moment, taken while a server may be writing to it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw

from workspace_server.storage import checksums
from workspace_server.storage.database import connect

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""
PAGES = 1_000
"""How many pages are copied between two reports."""


def copy_database(source: Path, target: Path, progress: Progress) -> None:
    """Copy the database *source* to *target*, which must not be there; only the user may read it. Blocks."""
    target.touch(mode=0o600, exist_ok=False)
    checksums.enable()
    with (
        closing(connect(source, read_only=True)) as origin,
        closing(apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)) as copy,
    ):
        # One snapshot for all of it: else every commit meanwhile would start the copy anew.
        origin.execute("BEGIN")
        origin.execute("SELECT count(*) FROM meta").fetchall()
        with copy.backup("main", origin, "main") as work:
            while not work.done:
                work.step(PAGES)
                progress("database", work.page_count - work.remaining, work.page_count)
        origin.execute("COMMIT")
