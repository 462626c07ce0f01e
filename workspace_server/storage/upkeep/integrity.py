"""Is everything that was promised to be kept still there, and is it still what it was?

Reads only, through a connection of its own: it may run beside the server, and without one. Changes that are made
meanwhile are no damage: each check reads what it compares at one moment, and looks at a difference in the folder twice.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import apsw
import zstandard

from indexer.generations import is_sound
from workspace_server.core.audit_chain import ChainHead
from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.errors import NotFound, WorkspaceError
from workspace_server.storage import audit_heads, checksums, refusals
from workspace_server.storage.content import CHAIN, Form, ObjectStore, expand, joined
from workspace_server.storage.database import Row, connect
from workspace_server.storage.disk.signatures import Signature
from workspace_server.storage.disk.tree import Tree
from workspace_server.storage.migrations import refuse_newer
from workspace_server.storage.tables import audit
from workspace_server.storage.upkeep import write_ahead

Kind = Literal["database", "history", "audit", "content", "folder", "index"]
Progress = Callable[[str, int, int], None]
"""Called with what is being read, how many are through, and how many there are."""

HIGHEST = {
    "seq": ("seq", "events"),
    "fence": ("fence", "locks"),
    "lock": ("lock_id", "locks"),
    "job": ("job_id", "jobs"),
    "firing": ("firing_id", "firings"),
}
"""Where the numbers stand that a counter gave: it is never behind them."""
REFUSED = "checksums_refused"
"""The fact that says why a database of an older schema has no checksums."""
SETTLE_S = 1.0
"""A file that was just saved may be a moment on its way."""
FINDINGS_MAX = 1_000
QUICK_BYTES_MAX = 256 * 1024**2
"""How large a database is looked through at each start, beside what the server does."""
EXAMPLES_MAX = 5
MISMATCH = "does not match its checksum: it is damaged, or another program wrote it (--repair-checksums)"
_UNREAD = re.compile(rf"Tree \d+ page (\d+): unable to get the page\. error code={apsw.SQLITE_IOERR_DATA}")
_UNUSED = re.compile(r"Page (\d+): never used")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        damage: False for what merely waits to be taken in: an edit on disk that the server has not seen.
    """

    kind: Kind
    subject: str
    said: str
    damage: bool = True

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON."""
        return asdict(self)


def find_damage(root: Path, progress: Progress = lambda *_: None) -> Iterator[Finding]:
    """Yield whatever is wrong with the workspace in *root*. Blocks, and reads every byte of it.

    Raises:
        NotFound: There is no workspace in *root*.
        Unavailable: The workspace is of a newer program.
    """
    path = database_of(root)
    yield from _log(path)  # before SQLite opens it, and passes over what is damaged
    objects = ObjectStore(root / STATE_DIRECTORY / "objects", root / STATE_DIRECTORY / "tmp")
    with ExitStack() as opened:
        try:
            connection = opened.enter_context(closing(connect(path, read_only=True)))
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
            refuse_newer(connection)
        except apsw.Error as error:
            yield Finding(kind="database", subject=path.name, said=said_of(error))
            return
        tree = opened.enter_context(closing(Tree(root)))
        yield from stored_damage(connection, objects, progress, audit_heads.kept(root / STATE_DIRECTORY))
        yield from _readable(_folder(connection, tree, progress))
    yield from _index(root / STATE_DIRECTORY / "index")


def is_seen_damaged(root: Path) -> bool:
    """Return whether a quick look finds the database damaged; of one that is large, only its beginning is looked at."""
    path = database_of(root)
    try:
        with closing(connect(path, read_only=True)) as connection:
            if path.stat().st_size > QUICK_BYTES_MAX:
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
                return False
            return _rows(connection, "PRAGMA quick_check(1)") != [("ok",)]
    except apsw.Error as error:
        return refusals.is_damage(error)


def stored_damage(
    connection: apsw.Connection, objects: ObjectStore, progress: Progress, kept: Iterable[ChainHead] = ()
) -> Iterator[Finding]:
    """Yield what is wrong with the database and the contents.

    Args:
        kept: Where the audit log ended at earlier times, as was kept outside of the database.
    """
    for check in (
        _database(connection, progress),
        _history(connection),
        _audit(connection, kept),
        _contents(connection, objects, progress),
    ):
        yield from _readable(check)


def _readable(check: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from check
    except apsw.Error as error:  # a page that cannot be read: what else there is to find can still be found
        yield Finding(kind="database", subject="workspace.db", said=said_of(error))


def refused_checksums(connection: apsw.Connection) -> str | None:
    """Return why checksums could not be added to the database, when that was tried."""
    rows = _rows(connection, "SELECT value FROM meta WHERE name = ?", REFUSED)
    return str(rows[0][0]) if rows else None


def said_of(error: apsw.Error) -> str:
    """Return what SQLite says of what cannot be read."""
    if getattr(error, "extendedresult", None) == apsw.SQLITE_IOERR_DATA:
        return f"a page {MISMATCH}"
    return str(error)


def _log(path: Path) -> Iterator[Finding]:
    found = write_ahead.trouble(path)
    if found is not None:
        yield Finding(kind="database", subject=f"{path.name}-wal", said=found.said, damage=found.certain)


def database_of(root: Path) -> Path:
    """Return the database of the workspace in *root*.

    Raises:
        NotFound: There is no workspace in *root*.
    """
    path = root / STATE_DIRECTORY / "workspace.db"
    if not path.is_file():
        raise NotFound(f"{root} holds no workspace.", hint="Give its folder with --dir.", path=str(root))
    return path


def _audit(connection: apsw.Connection, kept: Iterable[ChainHead]) -> Iterator[Finding]:
    """Check that the audit log is the chain that was written."""
    _, faults = audit.look(connection, kept)
    for fault in faults:
        yield Finding(kind="audit", subject=f"row {fault.audit_id}", said=fault.said)


def _index(directory: Path) -> Iterator[Finding]:
    """Check the passages, which are derived: when they are damaged the server makes them anew."""
    if directory.is_dir() and not is_sound(directory):
        time.sleep(SETTLE_S)  # a commit may have been under way
        if not is_sound(directory):
            said = "damaged, or of another version: made anew at the next start"
            yield Finding(kind="index", subject=directory.name, said=said, damage=False)


def _database(connection: apsw.Connection, progress: Progress) -> Iterator[Finding]:
    progress("database", 0, 1)
    if not checksums.are_kept(connection):
        said = "has no checksums of its pages: not all damage can be found"
        if (why := refused_checksums(connection)) is not None:
            said += f". To add them failed: {why}. `verify --repair-checksums` tries again"
        yield Finding(kind="database", subject="workspace.db", said=said, damage=False)
    yield from _structure(connection)
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        subject = f"a row of {table}" if row is None else f"{table} row {row}"  # some tables number no rows
        yield Finding(kind="database", subject=subject, said=f"refers to no row of {parent}")
    progress("database", 1, 1)


def _structure(connection: apsw.Connection) -> Iterator[Finding]:
    """Check the trees of the database; pages that none of them reaches any more are one finding together."""
    lost: list[str] = []
    for (answer,) in connection.execute(f"PRAGMA quick_check({FINDINGS_MAX})"):
        for said in str(answer).splitlines():
            unused = _UNUSED.fullmatch(said)
            unread = _UNREAD.fullmatch(said)
            if unused is not None:
                lost.append(unused[1])
            elif unread is not None:
                yield Finding(kind="database", subject=f"workspace.db page {unread[1]}", said=MISMATCH)
            elif said != "ok" and not said.startswith("*** in database"):
                yield Finding(kind="database", subject="workspace.db", said=said)
    if lost:
        some = ", ".join(lost[:EXAMPLES_MAX]) + (", …" if lost[EXAMPLES_MAX:] else "")
        said = f"{len(lost)} of its pages are reached from nowhere ({some}): what led to them is damaged"
        yield Finding(kind="database", subject="workspace.db", said=said)


def _history(connection: apsw.Connection) -> Iterator[Finding]:
    """Check that versions are 1 to n, that heads are the last of them, and that the log has no gap."""
    for path, count, first, last, head in connection.execute(
        "SELECT f.path, count(v.version), min(v.version), max(v.version), f.version"
        " FROM files f LEFT JOIN versions v USING (file_id) GROUP BY f.file_id"
        " HAVING count(v.version) <> f.version OR coalesce(min(v.version), 1) <> 1"
        " OR coalesce(max(v.version), 0) <> f.version"
    ):
        said = f"{count} versions, {first} to {last}; the head is {head}"
        yield Finding(kind="history", subject=str(path), said=said)
    for path, version in connection.execute(
        "SELECT f.path, f.version FROM files f JOIN versions v ON v.file_id = f.file_id AND v.version = f.version"
        " WHERE v.sha256 <> f.sha256"
    ):
        yield Finding(kind="history", subject=str(path), said=f"the head is not version {version}")
    for after, before in connection.execute(
        "SELECT e.seq, (SELECT max(p.seq) FROM events p WHERE p.seq < e.seq) AS previous FROM events e"
        " WHERE previous IS NOT NULL AND previous <> e.seq - 1"
        " AND e.type <> 'log.restored'"
        " AND e.seq > 1 + coalesce((SELECT value ->> 0 FROM meta WHERE name = 'log_floor'), 0)"
    ):
        yield Finding(kind="history", subject=f"seq {after}", said=f"the event before it is {before}")
    connection.execute("BEGIN")  # else a change that comes between two of these is a difference
    try:
        findings = list(_counters(connection))
    finally:
        connection.execute("COMMIT")
    yield from findings


def _counters(connection: apsw.Connection) -> Iterator[Finding]:
    """Check that no number that was given is ahead of its counter."""
    counted: dict[str, int] = dict(_rows(connection, "SELECT name, value FROM counters"))
    for name, highest in HIGHEST.items():
        reached = _rows(connection, f"SELECT coalesce(max({highest[0]}), 0) FROM {highest[1]}")[0][0]
        if reached > counted.get(name, 0):
            said = f"stands at {counted.get(name, 0)}, and {reached} was given already"
            yield Finding(kind="history", subject=f"the counter {name}", said=said)
    last = _rows(connection, "SELECT coalesce(max(seq), 0) FROM events")[0][0]
    if last < counted.get("seq", 0):
        yield Finding(kind="history", subject=f"seq {last}", said=f"the log ends there, and {counted['seq']} was given")


def _contents(connection: apsw.Connection, objects: ObjectStore, progress: Progress) -> Iterator[Finding]:
    """Check that all content is there and is what its hash says."""
    total = _rows(connection, "SELECT count(*) FROM contents WHERE removed_at IS NULL")[0][0]
    done = 0
    last = ""
    while rows := _rows(
        connection,
        "SELECT sha256, size_bytes, form, data FROM contents WHERE sha256 > ? AND removed_at IS NULL"
        " ORDER BY sha256 LIMIT 100",
        last,
    ):
        for sha256, size_bytes, form, data in rows:
            row: _Stored | None = (size_bytes, form, data)
            said = None
            while row is not None and (said := _wrong_content(connection, objects, sha256, row)) is not None:
                read, row = row, _content(connection, sha256)
                if row == read:
                    break  # else it was cleared, purged or stored in another form since its row was read
            if row is not None and said is not None:
                yield Finding(kind="content", subject=_users(connection, sha256), said=said)
        last = rows[-1][0]
        done += len(rows)
        progress("content", done, total)


_Stored = tuple[int, Form, bytes | None]
"""Size in bytes, form and data of the row of a content."""


def _content(connection: apsw.Connection, sha256: str) -> _Stored | None:
    """Return the row of a content as it is now; None when it is gone, or its bytes were removed."""
    rows = _rows(
        connection, "SELECT size_bytes, form, data FROM contents WHERE sha256 = ? AND removed_at IS NULL", sha256
    )
    return (rows[0][0], rows[0][1], rows[0][2]) if rows else None


def _wrong_content(connection: apsw.Connection, objects: ObjectStore, sha256: str, row: _Stored) -> str | None:
    size_bytes, form, data = row
    try:
        whole = joined(_rows(connection, CHAIN, sha256)) if form == "tail" else data
        found, size = _hash_of(form, whole, objects.path(sha256))
    except FileNotFoundError:
        return f"the object {sha256[:12]}… is missing"
    except (OSError, zstandard.ZstdError) as error:
        return f"{sha256[:12]}… cannot be read: {error}"
    if found != sha256:
        return f"{sha256[:12]}… holds other bytes"
    return None if size == size_bytes else f"{sha256[:12]}… has {size} bytes, not {size_bytes}"


def _hash_of(form: Form, data: bytes | None, path: Path) -> tuple[str, int]:
    if form != "object":
        content = expand(form, data, path)
        return hashlib.sha256(content).hexdigest(), len(content)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, file.tell()


def _users(connection: apsw.Connection, sha256: str) -> str:
    """Return which versions a content belongs to: what a person needs to know when it is lost."""
    rows = _rows(
        connection,
        "SELECT f.path, v.version FROM versions v JOIN files f USING (file_id) WHERE v.sha256 = ? LIMIT 5",
        sha256,
    )
    return ", ".join(f"{path}@{version}" for path, version in rows) or "no version"


def _folder(connection: apsw.Connection, tree: Tree, progress: Progress) -> Iterator[Finding]:
    """Check that each live file in the folder is its head, unless the server is about to make it so."""
    paths = [row[0] for row in _rows(connection, "SELECT path FROM files WHERE live = 1 ORDER BY path")]
    differing = []
    for done, path in enumerate(paths, 1):
        if _wrong_file(connection, tree, path) is not None:
            differing.append(path)
        progress("folder", done, len(paths))
    if differing:
        time.sleep(SETTLE_S)
    for path in differing:
        finding = _wrong_file(connection, tree, path)
        if finding is not None:
            yield finding


def _wrong_file(connection: apsw.Connection, tree: Tree, path: str) -> Finding | None:
    rows = _rows(
        connection,
        "SELECT sha256, tree_signature FROM files WHERE path = ? AND live = 1"
        " AND path NOT IN (SELECT path FROM intents)",
        path,
    )
    if not rows:
        return None
    sha256, recorded = rows[0]
    try:
        reading = tree.open(path)
    except WorkspaceError as error:
        return Finding(kind="folder", subject=path, said=error.message, damage=False)
    if reading is None:
        return Finding(kind="folder", subject=path, said="deleted on disk, not yet taken in", damage=False)
    with reading:
        digest = hashlib.sha256()
        while chunk := reading.read():
            digest.update(chunk)
        if digest.hexdigest() == sha256:
            return None
        known = Signature.parse(recorded)
        if known is not None and reading.signature.same_file(known):
            return Finding(kind="folder", subject=path, said="holds other bytes than were written, unchanged since")
    return Finding(kind="folder", subject=path, said="edited on disk, not yet taken in", damage=False)


def _rows(connection: apsw.Connection, sql: str, *parameters: str) -> list[Row]:
    return connection.execute(sql, parameters).fetchall()
