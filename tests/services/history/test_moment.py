"""The workspace as it stood at an earlier seq."""

from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import everywhere
from workspace_server.errors import Forbidden, InvalidArgument, NotFound
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")


async def listed(engine: Engine, seq: int | None = None, **given: Any) -> list[dict[str, Any]]:
    given = {"recursive": True, "detail": "full", "max_tokens": 100_000, **given}
    found: list[dict[str, Any]] = (await engine.listing.list_files(ANN, as_of_seq=seq, **given))["files"]
    return found


async def names(engine: Engine, seq: int | None = None, **given: Any) -> list[str]:
    return [row["path"] for row in await listed(engine, seq, **given)]


async def text(engine: Engine, path: str, seq: int | None = None) -> str:
    return (await (await engine.files.open_content(ANN, path=path, as_of_seq=seq)).read()).decode()


async def test_every_moment_can_be_listed_and_read_as_it_was(engine: Engine, clock: ManualClock) -> None:
    write, move, delete = engine.files.write_file, engine.files.move_file, engine.files.delete_file
    work = [
        lambda: write(ANN, path="a/b/x.md", content="inner\n"),
        lambda: write(ANN, path="a/b/b/x.md", content="innermost\n"),
        lambda: write(BOB, path="a/b/x.md", content="inner 2\n", overwrite=True),
        lambda: write(BOB, path="c.md", content="c\n"),
        lambda: move(BOB, path="a/b", to="a"),  # one file leaves a place that another one takes in the same commit
        lambda: delete(ANN, path="c.md"),
        lambda: write(ANN, path="c.md", content="c again\n"),
        lambda: move(ANN, path="c.md", to="a/x.md", overwrite=True),
        lambda: engine.files.restore_file(BOB, path="c.md"),
        lambda: delete(BOB, path="a", recursive=True),
        lambda: write(ANN, path="C2.md", content="last\n"),
    ]
    seen: dict[int, tuple[list[dict[str, Any]], dict[str, str]]] = {}
    for step in work:
        await step()
        clock.advance(60)
        rows = await listed(engine)
        seen[engine.head_seq] = rows, {row["path"]: await text(engine, row["path"]) for row in rows}

    assert await listed(engine, 0) == []
    for seq, (rows, texts) in seen.items():
        assert await listed(engine, seq) == rows
        assert {path: await text(engine, path, seq) for path in texts} == texts


async def test_directories_patterns_pages_and_deleted_files_are_those_of_then(engine: Engine) -> None:
    for path in ("d/a.md", "d/b.md", "d/sub/c.txt"):
        await engine.files.write_file(ANN, path=path, content="x\n")
    await engine.files.delete_file(ANN, path="d/a.md")
    then = engine.head_seq
    await engine.files.delete_file(ANN, path="d", recursive=True)
    await engine.files.write_file(ANN, path="d", content="a file now\n")

    assert await names(engine, then, path="d") == ["d/b.md", "d/sub/c.txt"]
    assert await names(engine, then, path="d", recursive=False) == ["d/b.md", "d/sub"]
    assert await names(engine, then, pattern="**/*.txt") == ["d/sub/c.txt"]
    assert await names(engine, then, pattern="d/b.md") == ["d/b.md"]
    assert await names(engine, then, deleted=True) == ["d/a.md"]
    first = await engine.listing.list_files(ANN, as_of_seq=then, recursive=True, max_tokens=60, detail="full")
    rest = await names(engine, then, cursor=first["next_cursor"])
    assert [row["path"] for row in first["files"]] + rest == ["d/b.md", "d/sub/c.txt"]
    assert first["seq"] == then
    with pytest.raises(NotFound):
        await names(engine, then, path="e")
    with pytest.raises(InvalidArgument, match="is a file"):
        await names(engine, engine.head_seq, path="d")


async def test_locks_of_now_are_not_told_of_the_past(engine: Engine) -> None:
    await engine.files.write_file(ANN, path="a.md", content="x\n")
    then = engine.head_seq
    await engine.locks.lock_files(ANN, paths=["a.md"])

    assert [row.get("locked_by") for row in await listed(engine)] == ["ann"]
    assert [row.get("locked_by") for row in await listed(engine, then)] == [None]


async def test_a_file_that_was_not_there_then_is_not_found(engine: Engine) -> None:
    await engine.files.write_file(ANN, path="a.md", content="a\n")
    await engine.files.write_file(ANN, path="b.md", content="b\n")
    await engine.files.delete_file(ANN, path="a.md")
    gone = engine.head_seq
    await engine.files.restore_file(ANN, path="a.md")

    with pytest.raises(NotFound, match="not made yet"):
        await text(engine, "b.md", 1)
    with pytest.raises(NotFound, match="deleted; its last version was 1"):
        await text(engine, "a.md", gone)
    with pytest.raises(NotFound):
        await text(engine, "never.md", gone)
    assert await text(engine, "a.md", gone + 1) == "a\n"


async def test_a_moment_that_is_none_is_refused(engine: Engine) -> None:
    await engine.files.write_file(ANN, path="a.md", content="a\n")

    for seq in (-1, engine.head_seq + 1_000):
        with pytest.raises(InvalidArgument) as refusal:
            await listed(engine, seq)
        assert refusal.value.facts["argument"] == "as_of_seq"
        with pytest.raises(InvalidArgument):
            await text(engine, "a.md", seq)
    with pytest.raises(InvalidArgument):
        await engine.files.open_content(ANN, path="a.md", version=1, as_of_seq=1)


async def test_the_past_is_as_closed_as_the_present(engine: Engine) -> None:
    await engine.files.write_file(ANN, path="a.md", content="a\n")
    nobody = Caller(agent="eve", scope=everywhere("search"))

    with pytest.raises(Forbidden):
        await engine.listing.list_files(nobody, as_of_seq=1)
    with pytest.raises(Forbidden):
        await engine.files.open_content(nobody, path="a.md", as_of_seq=1)
