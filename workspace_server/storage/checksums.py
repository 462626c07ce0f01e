"""A checksum on every page of the database, so that a page that was damaged on the disk is refused instead of believed.

SQLite's own extension does it (`cksumvfs`, which apsw brings): eight bytes at the end of each page, written with it and
looked at whenever the page is read. It cost 1 µs a page written (2026-11-21). Where apsw comes without the extension
a new database works without checksums, and `verify` says so; one that has them is not written there.
"""

import contextlib
import functools
import logging
import shutil
import time
from pathlib import Path

import apsw
import apsw.sqlite_extra

from workspace_server.errors import Unavailable

log = logging.getLogger(__name__)

EXTENSION = "cksumvfs"
RESERVED_BYTES = 8
COPIES = 2
"""How often the size of the database must be free to write it anew: SQLite makes a copy, and a journal."""
PROGRESS_S = 10.0
PROGRESS_STEPS = 1_000_000
"""After so many steps of SQLite's machine it is asked how long the work goes on already."""


@functools.cache
def enable() -> bool:
    """Let all connections that this process opens from now on look at checksums; return whether it can."""
    if not apsw.sqlite_extra.has(EXTENSION):
        return False
    loader = apsw.Connection(":memory:")
    try:
        apsw.sqlite_extra.load(loader, EXTENSION)  # its file system becomes the default one
    except apsw.Error as error:
        log.warning("the database goes without checksums of its pages: %s", error)
        return False
    finally:
        loader.close()
    return True


def make_room(connection: apsw.Connection) -> None:
    """Let a database that has no page yet have checksums; call before anything is written. Others stay as they are.

    Raises:
        Unavailable: It has checksums, and this program cannot write them: what it wrote could never be read again.
    """
    empty = connection.execute("PRAGMA page_count").fetchall() == [(0,)]
    if empty and enable():
        connection.reserve_bytes("main", RESERVED_BYTES)
    elif not empty and connection.reserve_bytes("main") == RESERVED_BYTES and not enable():
        raise Unavailable(
            "The database has checksums of its pages, and this program's apsw cannot write them.",
            hint=f"Install an apsw that brings {EXTENSION}, as the one from PyPI does.",
            reason="no_checksums",
        )


def are_kept(connection: apsw.Connection) -> bool:
    """Return whether the pages of this database have checksums that are looked at."""
    return enable() and connection.reserve_bytes("main") == RESERVED_BYTES


def disregard(connection: apsw.Connection) -> None:
    """Let this connection read pages whose checksums are wrong, to write them anew."""
    with contextlib.suppress(apsw.IOError):  # the first page tells the extension that there are checksums
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    connection.execute("PRAGMA checksum_verification = OFF").fetchall()


def write_anew(connection: apsw.Connection) -> None:
    """Write all of the database anew, with checksums. Blocks, for long; call while nobody else has it open.

    Raises:
        apsw.Error: The disk has no room for a copy and its journal, or refuses; the database is as it was.
    """
    path = Path(connection.db_filename("main"))
    began_s = said_s = time.monotonic()

    def alive() -> bool:
        nonlocal said_s
        if time.monotonic() - said_s >= PROGRESS_S:
            said_s = time.monotonic()
            log.info("the database is being written anew with checksums, since %d s", said_s - began_s)
        return False

    try:
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()  # with a log, pages keep their layout
        size_bytes = path.stat().st_size
        free_bytes = shutil.disk_usage(path.parent).free
        if free_bytes < COPIES * size_bytes:
            raise apsw.FullError(f"{free_bytes} bytes are free, and {COPIES * size_bytes} are needed")
        log.info("the database is written anew with checksums: %d MiB", size_bytes >> 20)
        connection.set_progress_handler(alive, PROGRESS_STEPS)
        connection.execute("PRAGMA temp_store = FILE")  # a copy of all of it would not fit into memory
        connection.reserve_bytes("main", RESERVED_BYTES)
        connection.execute("VACUUM")
    finally:
        connection.set_progress_handler(None)
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
