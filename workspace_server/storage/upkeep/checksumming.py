"""Writes the checksums of a database's pages: for one of an older schema, and for one that another program wrote to.

Nobody else may have the database open.
"""

import logging
from contextlib import closing
from pathlib import Path

import apsw

from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.errors import Unavailable
from workspace_server.storage import checksums
from workspace_server.storage.content import ObjectStore
from workspace_server.storage.database import connect
from workspace_server.storage.migrations import migrate, refuse_newer
from workspace_server.storage.refusals import UNREADABLE, of_read
from workspace_server.storage.upkeep import integrity
from workspace_server.storage.upkeep.integrity import Progress

log = logging.getLogger(__name__)


def upgrade(path: Path) -> None:
    """Bring the database at *path*, if there is one, to this program's schema, and give it checksums. Blocks.

    Where the checksums cannot be written that is noted and left so: to try it again at every start would keep
    everybody waiting for it.

    Raises:
        Unavailable: The database is of a newer schema, or cannot be read.
    """
    if not path.exists() or path.stat().st_size == 0:
        return
    try:
        with closing(connect(path)) as connection:
            migrate(connection)
            lacking = checksums.enable() and not checksums.are_kept(connection)
            if lacking and integrity.refused_checksums(connection) is None:
                _try(connection)
    except UNREADABLE as error:
        raise of_read(error) from error


def _try(connection: apsw.Connection) -> None:
    try:
        checksums.write_anew(connection)
    except (apsw.Error, OSError) as error:
        log.warning("the database goes on without checksums of its pages: %s", error)
        connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (integrity.REFUSED, str(error)))


def repair(root: Path, progress: Progress = lambda *_: None) -> None:
    """Write all checksums of the workspace in *root* anew, once everything else about it holds. Blocks.

    Raises:
        NotFound: There is no workspace in *root*.
        Unavailable: Something else is damaged, it is of a newer program, or the disk refuses; nothing was changed.
    """
    path = integrity.database_of(root)
    if not checksums.enable():
        raise Unavailable("This program's apsw cannot write checksums.", hint="Install the one from PyPI.")
    objects = ObjectStore(root / STATE_DIRECTORY / "objects", root / STATE_DIRECTORY / "tmp")
    try:
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
            checksums.disregard(connection)
            refuse_newer(connection)
            for finding in integrity.stored_damage(connection, objects, progress):
                if finding.damage:
                    raise Unavailable(
                        f"More than checksums is damaged: {finding.subject}: {finding.said}.",
                        hint="Restore a backup with `workspace-server restore`.",
                        reason="damaged",
                    )
            checksums.write_anew(connection)
            connection.execute("DELETE FROM meta WHERE name = ?", (integrity.REFUSED,))
    except apsw.Error as error:
        raise Unavailable(
            f"The checksums could not be written: {error}.", hint="Nothing was changed.", reason=type(error).__name__
        ) from error
