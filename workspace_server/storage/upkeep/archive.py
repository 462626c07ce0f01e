"""One file that holds a whole workspace: what `backup` writes beside a running server, and what `restore` reads.

It is a tar archive: the object files, the settings, the database as it was at one moment, and a manifest with the hash
of each, followed by the manifest's own. The files of the folder are not in it: they come from the database again.
"""

import hashlib
import io
import json
import os
import re
import secrets
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import apsw

from workspace_server.core.audit_chain import spell_head
from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.errors import InvalidArgument, NotFound, Unavailable
from workspace_server.setting_sources import FILE
from workspace_server.storage import refusals
from workspace_server.storage.content import ObjectStore
from workspace_server.storage.database import Row, connect
from workspace_server.storage.tables import audit
from workspace_server.storage.upkeep.integrity import database_of
from workspace_server.storage.upkeep.new_folders import sync
from workspace_server.storage.upkeep.readers import reading
from workspace_server.storage.upkeep.snapshot import copy_database

FORMAT = "workspace-server backup 1"
DATABASE, SETTINGS, MANIFEST, SEAL = "workspace.db", FILE.name, "manifest.json", "manifest.sha256"
OBJECT = re.compile(r"objects/([0-9a-f]{2})/([0-9a-f]{62})")
CHUNK_BYTES = 1 << 20
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an archive holds.

    Attributes:
        seq: Where the log stands in it.
        audit_head: Where the chain of the audit log ends in it.
        made_at: Seconds since 1970.
        entries: The hash of each file in it, by its name.
    """

    seq: int
    audit_head: str
    made_at: float
    entries: dict[str, str]
    format: str = FORMAT


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Say of *what* that the disk refused it, instead of failing with an error of the system's.

    Raises:
        Unavailable: The disk refused.
    """
    try:
        yield
    except apsw.ConstraintError as error:
        raise Unavailable(
            f"Rows of the database contradict each other, which stops {what}: {error}.",
            hint="`workspace-server verify` names what is damaged.",
            reason=type(error).__name__,
        ) from error
    except (OSError, apsw.Error) as error:
        if refusals.is_damage(error):
            raise refusals.of_read(error) from error
        raise Unavailable(
            f"The disk refused {what}: {getattr(error, 'strerror', None) or error}.",
            hint="Nothing of it counts. Try again when the disk has room and can be read.",
            retryable=True,
            reason=type(error).__name__,
        ) from error


@disk_errors("the backup")
def backup(root: Path, file: Path, *, force: bool = False, progress: Progress = lambda *_: None) -> Manifest:
    """Write the workspace in *root* to *file*, as it is now, and return what is in it. Blocks.

    Works beside a running server. The file has its name only once it is whole and on the disk.

    Args:
        force: Replace *file* when it is there.

    Raises:
        NotFound: There is no workspace in *root*.
        InvalidArgument: *file* is there already, or lies in the workspace itself.
        Unavailable: Content is damaged, or the disk does not take it; nothing is left then.
    """
    source = database_of(root)
    _check_file(root, file, force=force)
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    copied = part.with_suffix(".db")
    try:
        with reading(source.parent), part.open("xb") as raw:
            copy_database(source, copied, progress)
            os.fchmod(raw.fileno(), 0o600)
            manifest = _write(raw, root, copied, progress)
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(file)
        sync(file.parent)
    except OSError as error:
        raise Unavailable(
            f"The backup cannot be written: {error.strerror}.", hint="Nothing is left of it.", reason="disk"
        ) from error
    finally:
        for left in (part, *(Path(f"{copied}{end}") for end in ("", "-wal", "-shm", "-journal"))):
            left.unlink(missing_ok=True)
    return manifest


def _check_file(root: Path, file: Path, *, force: bool) -> None:
    reason = None
    if file.resolve().is_relative_to(root.resolve()):
        reason = "lies in the workspace itself"
    elif file.is_dir() or not file.parent.is_dir():
        reason = "is not a file in a folder that is there"
    elif file.exists() and not file.is_file():
        reason = "is a device, a pipe or a socket"
    elif file.exists() and not force:
        reason = "is there already"
    if reason is not None:
        hint = "Give --force to replace it." if reason == "is there already" else "Give a file elsewhere."
        raise InvalidArgument(f"{file} {reason}.", hint=hint, argument="FILE", reason=reason)


def _write(raw: IO[bytes], root: Path, copied: Path, progress: Progress) -> Manifest:
    objects = ObjectStore(root / STATE_DIRECTORY / "objects", root / STATE_DIRECTORY / "tmp")
    entries: dict[str, str] = {}
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        with closing(connect(copied)) as connection:
            rows = _rows(connection, "SELECT sha256, size_bytes FROM contents WHERE form = 'object' ORDER BY sha256")
            for done, (sha256, size_bytes) in enumerate(rows, 1):
                _add_object(archive, objects.path(sha256), sha256, size_bytes)
                entries[f"objects/{sha256[:2]}/{sha256[2:]}"] = sha256
                progress("objects", done, len(rows))
            baseless = resting_on_nothing(connection)
            seq = int(_rows(connection, "SELECT value FROM counters WHERE name = 'seq'")[0][0])
            head, faults = audit.broken(connection)
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()  # one file, without a log beside it
        if faults:
            raise _damaged("The audit log")
        if baseless:
            raise _damaged(f"The content {baseless[0][:12]}…")
        if (root / FILE).is_file():
            entries[SETTINGS] = _add_bytes(archive, SETTINGS, (root / FILE).read_bytes())
        with copied.open("rb") as database:
            entries[DATABASE] = _add(archive, DATABASE, copied.stat().st_size, database)
        manifest = Manifest(seq=seq, audit_head=spell_head(head), made_at=time.time(), entries=entries)
        seal = _add_bytes(archive, MANIFEST, json.dumps(asdict(manifest)).encode())
        _add_bytes(archive, SEAL, seal.encode())
    return manifest


def _add_object(archive: tarfile.TarFile, path: Path, sha256: str, size_bytes: int) -> None:
    """Add an object file.

    Raises:
        Unavailable: It is damaged, or not there.
    """
    with suppress(FileNotFoundError), path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == size_bytes:
            found = _add(archive, f"objects/{sha256[:2]}/{sha256[2:]}", size_bytes, file)
            if found == sha256:
                return
    raise _damaged(f"The object {sha256[:12]}…")


def resting_on_nothing(connection: apsw.Connection) -> list[str]:
    """Return the tails that rest on content whose bytes are not there, and what stands in the folder without any."""
    rows = connection.execute(
        "SELECT t.sha256 FROM contents t LEFT JOIN contents b ON b.sha256 = t.base WHERE t.form = 'tail'"
        " AND (b.sha256 IS NULL OR b.removed_at IS NOT NULL OR b.form NOT IN ('object', 'tail') OR b.tails >= t.tails)"
        " UNION SELECT f.sha256 FROM files f JOIN contents c USING (sha256)"
        " WHERE f.live = 1 AND c.removed_at IS NOT NULL"
    )
    return [str(sha256) for (sha256,) in rows]


def _damaged(what: str) -> Unavailable:
    return Unavailable(
        f"{what} is damaged, so that a backup would not bring the workspace back.",
        hint="`workspace-server verify` names what is damaged.",
        reason="damaged",
    )


def _add(archive: tarfile.TarFile, name: str, size_bytes: int, file: IO[bytes]) -> str:
    """Add what *file* holds and return its hash."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size_bytes, 0o600
    reading = _Hashing(file)
    archive.addfile(entry, reading)
    return reading.digest.hexdigest()


def _add_bytes(archive: tarfile.TarFile, name: str, data: bytes) -> str:
    return _add(archive, name, len(data), io.BytesIO(data))


class _Hashing:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def unpack(file: Path, directory: Path, progress: Progress) -> Manifest:
    """Put what the archive *file* holds into *directory*, durably, and return its manifest. Blocks.

    Raises:
        NotFound: There is no such file.
        InvalidArgument: It is no backup, or not what was written: nothing of it may be used.
    """
    if not file.is_file():
        raise NotFound(f"There is no file {file}.", hint="Give a file that `backup` wrote.", path=str(file))
    found: dict[str, str] = {}
    last: dict[str, bytes] = {}
    with _no_backup(file), tarfile.open(file, "r:") as archive:
        for entry in archive:
            if not entry.isreg() or not (
                entry.name in {DATABASE, SETTINGS, MANIFEST, SEAL} or OBJECT.fullmatch(entry.name)
            ):
                raise ValueError(f"it holds {entry.name!r}")
            stream = archive.extractfile(entry)
            assert stream is not None
            if entry.name in {MANIFEST, SEAL}:
                last[entry.name] = stream.read()
            else:
                found[entry.name] = _put(directory / entry.name, stream, entry.size)
                progress("reading the backup", archive.offset, file.stat().st_size)
        if hashlib.sha256(last[MANIFEST]).hexdigest().encode() != last[SEAL]:
            raise ValueError("its manifest is not the one that was written")
        said: dict[str, Any] = json.loads(last[MANIFEST])
        if said["format"] != FORMAT:
            raise ValueError(f"its format is {said['format']!r}")
        if said["entries"] != found:
            wrong = sorted(set(found.items()) ^ set(said["entries"].items()))
            raise ValueError(f"{wrong[0][0]} is not what was written")
    return Manifest(**said)


@contextmanager
def _no_backup(file: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, ValueError, KeyError, TypeError, EOFError) as error:
        raise InvalidArgument(
            f"{file.name} is no backup, or is damaged: {error}.",
            hint="Nothing of it was used. Take another backup.",
            argument="FILE",
            reason="damaged",
        ) from error


def _put(path: Path, stream: IO[bytes], size_bytes: int) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    left = size_bytes
    with path.open("xb") as target:
        os.fchmod(target.fileno(), 0o600)
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            target.write(chunk)
            left -= len(chunk)
        target.flush()
        os.fsync(target.fileno())
    if left:
        raise ValueError(f"{path.name} was cut off")
    sync(path.parent)
    return digest.hexdigest()


def _rows(connection: apsw.Connection, sql: str, *parameters: str) -> list[Row]:
    return connection.execute(sql, parameters).fetchall()
