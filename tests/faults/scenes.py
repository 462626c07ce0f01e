"""The changes that faults are thrown at: what stands before, and the one change that is made."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL
from workspace_server.services.engine import Engine
from workspace_server.services.upkeep.collecting import Collector
from workspace_server.storage.upkeep.archive import backup
from workspace_server.storage.upkeep.fork import fork
from workspace_server.storage.upkeep.integrity import find_damage
from workspace_server.storage.upkeep.restoring import restore

Act = Callable[[Engine], Awaitable[Any]]
ANN = Caller(agent="ann")
ONCE = Caller(agent="ann", request_id="once")
"""Who makes the change; made again under this id, it is the same change."""
LARGE = "0123456789abcde\n" * (LIMITS.inline_bytes_max // 16 + 500)
ADMIN = Caller(agent="ada", scope=ALL, request_id="once")


async def _nothing(_engine: Engine) -> None:
    return


@dataclass(frozen=True, slots=True)
class Scene:
    """One change.

    Attributes:
        once: Whether it can be made again under its request id and is then the same change.
        outside: What somebody does in the folder right before the change, untouched by faults.
        ways: Other ways for it to end when a fault strikes: it is then as if one of these had been done instead, and
            what the disk takes no copy of may be put aside.
        settle: Waits for what the next server finishes in its own time.
        check: Looks at what it makes beside the folder, removes that, and says what is wrong with it.
    """

    name: str
    before: Act
    act: Act
    once: bool = True
    outside: Act = _nothing
    ways: tuple[Act, ...] = ()
    settle: Act = _nothing
    check: Callable[[Path], list[str]] = lambda _root: []


async def _write(engine: Engine, path: str, content: str, **how: Any) -> Any:
    return await engine.files.write_file(ANN, path=path, content=content, **how)


async def some_files(engine: Engine) -> None:
    """Small files, a large one, two in a directory, and one that was deleted."""
    for path in ("a.md", "dir/one.md", "dir/two.md", "gone.md"):
        await _write(engine, path, f"{path} first\n")
    await _write(engine, "a.md", "a.md second\n", expect_version=1)
    await _write(engine, "large.txt", LARGE)
    await engine.files.delete_file(ANN, path="gone.md")


async def _create(engine: Engine) -> Any:
    return await engine.files.write_file(ONCE, path="new/place/n.md", content="new\n")


async def _replace(engine: Engine) -> Any:
    return await engine.files.write_file(ONCE, path="a.md", content="a.md third\n", expect_version=2)


async def _append(engine: Engine) -> Any:
    return await engine.files.write_file(ONCE, path="large.txt", content="one line more\n", append=True)


async def _edit(engine: Engine) -> Any:
    edits = [{"old_text": "second", "new_text": "2nd"}]
    return await engine.files.edit_file(ONCE, path="a.md", edits=edits)


async def _large(engine: Engine) -> Any:
    return await engine.files.write_file(ONCE, path="a.md", content=LARGE + "a.md\n", expect_version=2)


async def _upload(engine: Engine) -> Any:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"uploaded\n" * 8_000

    return await engine.files.upload(ONCE, path="up/load.txt", chunks=chunks())


async def _commit(engine: Engine) -> Any:
    changes: list[dict[str, Any]] = [
        {"op": "write", "path": "a.md", "content": "a.md by commit\n", "expect_version": 2},
        {"op": "write", "path": "large.txt", "content": LARGE + "by commit\n", "overwrite": True},
        {"op": "move", "path": "dir/one.md", "to": "moved/one.md"},
        {"op": "delete", "path": "dir/two.md"},
        {"op": "write", "path": "dir/three.md", "content": "three\n"},
    ]
    return await engine.files.commit_files(ONCE, changes=changes, message="all or nothing")


async def _move(engine: Engine) -> Any:
    return await engine.files.move_file(ONCE, path="dir", to="elsewhere/dir")


async def _delete(engine: Engine) -> Any:
    return await engine.files.delete_file(ONCE, path="dir", recursive=True)


async def _restore(engine: Engine) -> Any:
    return await engine.files.restore_file(ONCE, path="gone.md")


async def _undo(engine: Engine) -> Any:
    return await engine.undo.undo(ONCE, agent="ann", since=3)


async def _edit_outside(engine: Engine) -> None:
    file, then = engine.root / "a.md", time.time() - 5  # else the next server would wait for it to hold still
    with file.open("wb") as saved:
        saved.write(b"a person's\n")
        saved.flush()
        os.utime(file, (then, then))
        os.fsync(saved.fileno())


async def _lock(engine: Engine) -> Any:
    return await engine.locks.lock_files(ONCE, paths=["a.md", "dir/"])


async def _with_a_lock(engine: Engine) -> None:
    await some_files(engine)
    await engine.locks.lock_files(ANN, paths=["a.md"], ttl_seconds=3_600)


async def _unlock(engine: Engine) -> Any:
    return await engine.locks.unlock_files(ONCE, paths=["a.md"])


async def _with_an_orphan(engine: Engine) -> None:
    """Leave an object file of which no row tells, as an upload does that was cut off long ago."""
    await some_files(engine)
    content = await asyncio.to_thread(engine.folder.objects.put, LARGE.encode() + b"an orphan")
    path, then = engine.folder.objects.path(content.sha256), time.time() - 7_200
    os.utime(path, (then, then))


async def _gc(engine: Engine) -> Any:
    return await Collector(engine.folder, ADMIN, lambda *_: None).run()


async def _purge(engine: Engine) -> Any:
    done = await engine.upkeep.purge(ADMIN, path="a.md", version=1)
    while engine.upkeep.is_busy:  # noqa: ASYNC110 - it sends no event
        await asyncio.sleep(0.005)
    return done


async def _cleared(engine: Engine) -> None:
    while await engine.upkeep._purging.is_due():  # noqa: ASYNC110 - it sends no event
        await asyncio.sleep(0.005)


def _leaves_nothing(root: Path) -> list[str]:
    """See that no byte is left of what was purged, once its row says so."""
    state = root / ".workspace"
    with closing(apsw.Connection(str(state / "workspace.db"))) as db:
        purged = db.execute("SELECT count(*) FROM contents WHERE removed_why = 'purged'").fetchall() != [(0,)]
    held = [path.name for path in state.rglob("*") if path.is_file() and b"a.md first" in path.read_bytes()]
    return [f"purged, and still in {held}"] if purged and held else []


def _backup_of(root: Path) -> Path:
    return root.with_name(f"{root.name}.backup")


def _restored_of(root: Path) -> Path:
    return root.with_name(f"{root.name}.restored")


async def _backup(engine: Engine) -> Any:
    return await asyncio.to_thread(backup, engine.root, _backup_of(engine.root))


def _is_whole(root: Path) -> list[str]:
    """See that a backup is there with all its bytes, or not there."""
    file, restored = _backup_of(root), _restored_of(root)
    try:
        if not file.exists():
            return []
        restore(file, restored, clock=ManualClock())
        return [f"the backup: {found.said}" for found in find_damage(restored) if found.damage]
    finally:
        file.unlink(missing_ok=True)
        shutil.rmtree(restored, ignore_errors=True)


async def _unpack(engine: Engine) -> Any:
    file = engine.root.parent / "kept.backup"
    return await asyncio.to_thread(restore, file, _restored_of(engine.root), clock=engine.clock)


async def _with_a_backup(engine: Engine) -> None:
    await some_files(engine)
    await asyncio.to_thread(backup, engine.root, engine.root.parent / "kept.backup", force=True)


def _can_be_restored(root: Path) -> list[str]:
    """See that a restored workspace is whole, or can be restored once more at the same place."""
    restored = _restored_of(root)
    try:
        if not (restored / ".workspace").exists():
            restore(root.parent / "kept.backup", restored, clock=ManualClock())
        return [f"restored: {found.said}" for found in find_damage(restored) if found.damage]
    finally:
        shutil.rmtree(restored, ignore_errors=True)


async def _fork(engine: Engine) -> Any:
    return await asyncio.to_thread(fork, engine.root, _restored_of(engine.root), at_seq=5)


def _can_be_forked(root: Path) -> list[str]:
    """See that a fork is whole, or can be made once more at the same place."""
    forked = _restored_of(root)
    try:
        if not (forked / ".workspace").exists():
            fork(root, forked, at_seq=5)
        return [f"forked: {found.said}" for found in find_damage(forked) if found.damage]
    finally:
        shutil.rmtree(forked, ignore_errors=True)


SCENES: dict[str, Scene] = {
    scene.name: scene
    for scene in (
        Scene("create", some_files, _create),
        Scene("replace", some_files, _replace),
        Scene("append", some_files, _append),
        Scene("edit", some_files, _edit),
        Scene("large", some_files, _large),
        Scene("upload", some_files, _upload),
        Scene("commit", some_files, _commit),
        Scene("move", some_files, _move),
        Scene("delete", some_files, _delete),
        Scene("restore", some_files, _restore),
        Scene("undo", some_files, _undo),
        Scene("displace", some_files, _replace, once=False, outside=_edit_outside, ways=(_edit_outside, _replace)),
        Scene("lock", some_files, _lock),
        Scene("unlock", _with_a_lock, _unlock),
        Scene("gc", _with_an_orphan, _gc, once=False),
        Scene("purge", some_files, _purge, once=False, settle=_cleared, check=_leaves_nothing),
        Scene("backup", some_files, _backup, once=False, check=_is_whole),
        Scene("unpack", _with_a_backup, _unpack, once=False, check=_can_be_restored),
        Scene("fork", some_files, _fork, once=False, check=_can_be_forked),
    )
}
