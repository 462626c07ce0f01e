"""The changes that faults are thrown at: what stands before, and the one change that is made."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.services.engine import Engine

Act = Callable[[Engine], Awaitable[Any]]
ANN = Caller(agent="ann")
ONCE = Caller(agent="ann", request_id="once")
"""Who makes the change; made again under this id, it is the same change."""
LARGE = "0123456789abcde\n" * (LIMITS.inline_bytes_max // 16 + 500)
LOCKED = "locked.md"


@dataclass(frozen=True, slots=True)
class Scene:
    """One change.

    Attributes:
        once: Whether it can be made again under its request id and is then the same change.
    """

    name: str
    before: Act
    act: Act
    once: bool = True


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
    )
}
