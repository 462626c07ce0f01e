"""Brings a database to the schema of this program, one numbered step after the other."""

import functools
from importlib.resources import files

import apsw

from workspace_server.errors import Unavailable


@functools.cache
def steps() -> tuple[tuple[int, str], ...]:
    """Return every step as (number, SQL), in order; read once, for each start asks for the newest."""
    folder = files("workspace_server.storage") / "sql"
    named = sorted((entry.name, entry) for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple((int(name.split("_")[0]), entry.read_text("utf-8")) for name, entry in named)


def migrate(connection: apsw.Connection) -> None:
    """Apply the steps that the database lacks, all of them or none: one transaction is synced once.

    A new database is copied from one that the process made once: 2 ms for 35, where many are made (forks, tests).

    Raises:
        Unavailable: The database was written by a newer program.
    """
    refuse_newer(connection)
    if connection.execute("SELECT 1 FROM sqlite_schema").fetchall():
        _apply_steps(connection)
        return
    made = apsw.Connection(":memory:")
    made.deserialize("main", _made(connection.reserve_bytes("main")))
    with connection.backup("main", made, "main") as copying:
        copying.step()
    made.close()


@functools.cache
def _made(reserved_bytes: int) -> bytes:
    """Return an empty database of the newest schema, with so many bytes of each page left for its checksum."""
    connection = apsw.Connection(":memory:")
    connection.reserve_bytes("main", reserved_bytes)
    _apply_steps(connection)
    made = connection.serialize("main")
    connection.close()
    return made


def _apply_steps(connection: apsw.Connection) -> None:
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
