"""A checksum on every page of the database, so that a page that was damaged on the disk is refused instead of believed.

SQLite's own extension does it (`cksumvfs`, which apsw brings): eight bytes at the end of each page, written with it and
looked at whenever the page is read. It cost 1 µs a page written (2026-11-21). Where apsw comes without the extension
the database works without checksums, and `verify` says so.
"""

import functools
import logging

import apsw
import apsw.sqlite_extra

log = logging.getLogger(__name__)

EXTENSION = "cksumvfs"
RESERVED_BYTES = 8


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
    """Let a database that has no page yet have checksums; call before anything is written. Others stay as they are."""
    if enable() and connection.execute("PRAGMA page_count").fetchall() == [(0,)]:
        connection.reserve_bytes("main", RESERVED_BYTES)


def are_kept(connection: apsw.Connection) -> bool:
    """Return whether the pages of this database have checksums that are looked at."""
    return enable() and connection.reserve_bytes("main") == RESERVED_BYTES


def add(connection: apsw.Connection) -> None:
    """Give the pages of an older database checksums: all of it is written anew. Call while nobody else has it open.

    A disk without room for that leaves it as it is.
    """
    if not enable() or are_kept(connection):
        return
    try:
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()  # with a log, pages keep their layout
        connection.reserve_bytes("main", RESERVED_BYTES)
        connection.execute("VACUUM")
    except apsw.Error as error:
        log.warning("the database goes on without checksums of its pages: %s", error)
    finally:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
