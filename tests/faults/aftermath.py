"""What a workspace must be after a fault: as before the change or as after it, and sound in every respect."""

import hashlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.storage.upkeep import integrity

HEADS = "SELECT path, version, sha256 FROM files WHERE live = 1"
QUIET = ("file.indexed",)
"""Events that come by themselves, some time after a change."""


@dataclass(frozen=True, slots=True)
class State:
    """What was promised to be kept, in short.

    Attributes:
        heads: Path to (version, hash) of every live file.
        versions: How many versions there are of each path.
        events: The types of all events, in order.
        folder: Path to hash of what stands in the folder.
    """

    heads: dict[str, tuple[int, str]]
    versions: dict[str, int]
    events: list[tuple[str, str | None]]
    folder: dict[str, str]


def observe(root: Path) -> State:
    """Return the state of a workspace that nobody serves now."""
    with closing(apsw.Connection(str(root / STATE_DIRECTORY / "workspace.db"))) as db:
        heads = {path: (version, sha256) for path, version, sha256 in _heads(db)}
        counted = _rows(db, "SELECT f.path, count(*) FROM versions v JOIN files f USING (file_id) GROUP BY 1")
        versions = dict(counted)
        events = [(kind, path) for kind, path in _rows(db, "SELECT type, path FROM events ORDER BY seq")]
    folder = {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and STATE_DIRECTORY not in path.relative_to(root).parts
    }
    return State(heads, versions, [event for event in events if event[0] not in QUIET], folder)


def _counts(finding: integrity.Finding) -> bool:
    return finding.damage or finding.kind != "index"  # that one is made anew while somebody serves


def _heads(db: apsw.Connection) -> list[tuple[str, int, str]]:
    return [(path, version, sha256) for path, version, sha256 in _rows(db, HEADS)]


def _rows(db: apsw.Connection, sql: str) -> list[tuple[Any, ...]]:
    return db.execute(sql).fetchall()


def faults(root: Path, *, torn: bool = False) -> list[str]:
    """Return what is wrong with a workspace that was opened and closed again; nothing, if all is well.

    Args:
        torn: Bytes that a power cut has torn may have been put aside.
    """
    integrity.SETTLE_S = 0.0  # nobody serves it
    said = [f"{finding.subject}: {finding.said}" for finding in integrity.find_damage(root) if _counts(finding)]
    state = root / STATE_DIRECTORY
    said += [f"tmp holds {path.name}" for path in (state / "tmp").iterdir()]
    if not torn and (state / "lost").exists():
        said += [f"lost holds {path.name}" for path in (state / "lost").iterdir()]
    with closing(apsw.Connection(str(state / "workspace.db"))) as db:
        said += [f"an intent for {path} is open" for (path,) in db.execute("SELECT path FROM intents")]
        seqs = [seq for (seq,) in db.execute("SELECT seq FROM events ORDER BY seq")]
        if seqs != list(range(1, len(seqs) + 1)):
            said.append(f"the log has a gap: {seqs}")
        heads = {path: sha256 for path, _, sha256 in _heads(db)}
    folder = observe(root).folder
    said += [
        f"{path} in the folder is not the head"
        for path in heads.keys() | folder.keys()
        if heads.get(path) != folder.get(path)
    ]
    return said
