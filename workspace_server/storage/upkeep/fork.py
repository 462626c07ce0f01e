"""A second workspace from any moment of a first one, which may be served meanwhile.

The new one stands on its own: nothing that happens in one shows in the other. It is complete once its `.workspace` has
that name; what an interrupted fork leaves is no workspace.
"""

import hashlib
import os
import tomllib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw

from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.errors import NotFound, Unavailable
from workspace_server.setting_sources import FILE
from workspace_server.setting_values import spelled
from workspace_server.storage.content import ObjectStore
from workspace_server.storage.database import connect
from workspace_server.storage.migrations import migrate
from workspace_server.storage.upkeep.archive import disk_errors
from workspace_server.storage.upkeep.new_folders import new_workspace, sync
from workspace_server.storage.upkeep.readers import reading
from workspace_server.storage.upkeep.rewinding import rewind
from workspace_server.storage.upkeep.snapshot import Progress, copy_database

OF_ONE_SERVER = frozenset({"name", "port", "public_url", "deliveries", "commands"})
"""Settings that are the original's own: a fork reaches nobody and starts nothing."""
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """What was made: the seq at which it begins, how many files stand there, and which could not."""

    seq: int
    files: int
    missing: tuple[str, ...]


@disk_errors("the fork")
def fork(root: Path, target: Path, *, at_seq: int | None, progress: Progress = lambda *_: None) -> Fork:
    """Make the workspace *target* of what *root* was at a seq (None: now); its files come when it is first opened.

    Blocks. Deliveries are off in it, by its settings.

    Raises:
        NotFound: There is no workspace in *root*.
        InvalidArgument: *target* is not an empty folder, or lies in a workspace; or there is no such moment.
        Unavailable: Content is damaged or went away meanwhile, the workspace is of a newer program, or no room.
    """
    state = root / STATE_DIRECTORY
    if not (state / "workspace.db").is_file():
        raise NotFound(f"{root} holds no workspace.", hint="Give its folder with --dir.", path=str(root))
    with new_workspace(target, argument="NEWDIR") as part:
        with reading(state):
            done = _fill(state, part, at_seq, progress)
        _write_durably(part / FILE.name, _settings(root / FILE))
    return done


def _fill(state: Path, part: Path, at_seq: int | None, progress: Progress) -> Fork:
    path = part / "workspace.db"
    copy_database(state / "workspace.db", path, progress)
    with closing(connect(path)) as connection:
        migrate(connection)
        head = _one(connection, "SELECT value FROM counters WHERE name = 'seq'")
        progress("rewinding", 0, 1)
        missing = rewind(connection, head if at_seq is None else at_seq)
        progress("rewinding", 1, 1)
        _copy_objects(connection, ObjectStore(state / "objects", state / "tmp"), part, progress)
        done = Fork(
            seq=_one(connection, "SELECT value FROM counters WHERE name = 'seq'") - len(missing),
            files=_one(connection, "SELECT count(*) FROM files WHERE live = 1"),
            missing=tuple(missing),
        )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return done


def _copy_objects(connection: apsw.Connection, origin: ObjectStore, part: Path, progress: Progress) -> None:
    copies = ObjectStore(part / "objects", part / "tmp")
    rows = connection.execute("SELECT sha256 FROM contents WHERE form = 'object' AND removed_at IS NULL").fetchall()
    for done, (sha256,) in enumerate(rows, 1):
        target = copies.path(str(sha256))
        target.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            found = _copy(origin.path(str(sha256)), target)
        except FileNotFoundError:
            found = ""
        if found != sha256:
            raise Unavailable(
                f"The object {str(sha256)[:12]}… is damaged, or was removed meanwhile.",
                hint="`workspace-server verify` names what is damaged; else try again.",
                reason="missing content",
            )
        sync(target.parent)
        progress("objects", done, len(rows))
    sync(part / "objects")


def _copy(source: Path, target: Path) -> str:
    """Copy a file, durably, and return the hash of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(CHUNK_BYTES):
            digest.update(chunk)
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())
    return digest.hexdigest()


def _settings(file: Path) -> str:
    """Return the settings of the original that hold for its fork too, with deliveries off."""
    lines = ["# A fork sends no webhooks until this line is gone.", "deliveries = false"]
    sections: dict[str, dict[str, object]] = {}
    if file.is_file():
        for name, value in tomllib.loads(file.read_text("utf-8")).items():
            if name in OF_ONE_SERVER:
                continue
            if isinstance(value, dict):
                sections[name] = value
            else:
                lines.append(f"{name} = {spelled(value)}")
    for section, values in sections.items():
        lines += ["", f"[{section}]", *(f"{name} = {spelled(value)}" for name, value in values.items())]
    return "\n".join([*lines, ""])


def _write_durably(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    sync(path.parent)


def _one(connection: apsw.Connection, sql: str) -> int:
    value = connection.execute(sql).fetchall()[0][0]
    assert isinstance(value, int)
    return value
