"""Brings a database to the schema of this program, one numbered step after the other."""

from importlib.resources import files

import apsw

from workspace_server.errors import Unavailable


def steps() -> list[tuple[int, str]]:
    """Return every step as (number, SQL), in order."""
    folder = files("workspace_server.storage") / "sql"
    named = sorted((entry.name, entry) for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(int(name.split("_")[0]), entry.read_text("utf-8")) for name, entry in named]


def migrate(connection: apsw.Connection) -> None:
    """Apply the steps that the database lacks, all of them or none: one transaction is synced once.

    Raises:
        Unavailable: The database was written by a newer program.
    """
    refuse_newer(connection)
    current = _current(connection)
    lacking = [(number, sql) for number, sql in steps() if number > current]
    if not lacking:
        return
    connection.execute("PRAGMA foreign_keys = OFF")  # a step may make a table anew that others refer to
    with connection:
        for number, sql in lacking:
            connection.execute(sql)
            connection.execute(f"PRAGMA user_version = {number}")
        assert not connection.execute("PRAGMA foreign_key_check").fetchall(), "a step left rows without a parent"
    connection.execute("PRAGMA foreign_keys = ON")


def refuse_newer(connection: apsw.Connection) -> None:
    """Pass when this program knows the schema of the database.

    Raises:
        Unavailable: The database was written by a newer program.
    """
    current, newest = _current(connection), steps()[-1][0]
    if current > newest:
        raise Unavailable(
            f"This workspace has schema {current}; this program knows up to {newest}.",
            hint="Upgrade workspace-server.",
            reason="newer schema",
        )


def _current(connection: apsw.Connection) -> int:
    return int(str(connection.execute("PRAGMA user_version").fetchall()[0][0]))
