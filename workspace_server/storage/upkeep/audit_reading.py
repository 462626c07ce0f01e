"""Reads the audit log of a workspace, whether a server runs on it or not."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw

from workspace_server.core.audit_chain import AuditRow, Break, ChainHead
from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.errors import Unavailable
from workspace_server.storage import audit_heads
from workspace_server.storage.database import connect
from workspace_server.storage.migrations import refuse_newer
from workspace_server.storage.tables import audit
from workspace_server.storage.upkeep.integrity import database_of, said_of


def audit_chain(root: Path, kept: Iterable[ChainHead] = ()) -> tuple[ChainHead, list[Break]]:
    """Return where the audit log of the workspace in *root* ends, and where it is not the chain that was written.

    Args:
        kept: Where it ended at earlier times, beside what the server itself keeps outside of the database.

    Raises:
        NotFound: There is no workspace in *root*.
        Unavailable: The log cannot be read, or is of a newer program.
    """
    with _opened(root) as connection:
        return audit.look(connection, [*audit_heads.kept(root / STATE_DIRECTORY), *kept])


@contextmanager
def audit_rows(root: Path) -> Iterator[tuple[Iterator[tuple[AuditRow, bytes | None]], ChainHead, int]]:
    """Yield the rows of the audit log, where it ends, and how many rows are older than its chain: of one moment.

    Raises:
        NotFound: There is no workspace in *root*.
        Unavailable: The log cannot be read, or is of a newer program.
    """
    with _opened(root) as connection:
        connection.execute("BEGIN")
        head, unchained = audit.ends(connection)
        yield audit.rows(connection), head, unchained
        connection.execute("COMMIT")


@contextmanager
def _opened(root: Path) -> Iterator[apsw.Connection]:
    try:
        with closing(connect(database_of(root), read_only=True)) as connection:
            refuse_newer(connection)
            yield connection
    except apsw.Error as error:
        raise Unavailable("The audit log cannot be read.", hint="Run `verify`.", reason=said_of(error)) from error
