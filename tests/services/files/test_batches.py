"""Several files change together or not at all."""

from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.errors import (
    Conflict,
    EditFailed,
    InvalidArgument,
    InvalidPath,
    Locked,
    LockLost,
    NameTaken,
    NotFound,
    TooLarge,
    VersionRequired,
    WorkspaceError,
)
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")


async def commit(engine: Engine, *changes: Any, caller: Caller = ANN, **given: Any) -> dict[str, Any]:
    return await engine.files.commit_files(caller, changes=changes, **given)


async def write(engine: Engine, path: str, content: str, **given: Any) -> None:
    await engine.files.write_file(ANN, path=path, content=content, **given)


async def heads(engine: Engine) -> dict[str, int]:
    found = await engine.listing.list_files(ANN, recursive=True, detail="full", max_tokens=100_000)
    return {row["path"]: row["version"] for row in found["files"]}


async def events(engine: Engine, since_seq: int) -> list[dict[str, Any]]:
    found = await engine.events.feed(ANN, since_seq=since_seq, limit=1_000)
    return [event for event in found["events"] if event["type"] != "file.indexed"]


async def test_all_kinds_of_changes_go_into_one_commit(engine: Engine) -> None:
    for path in ("edit.md", "move.md", "copy.md", "delete.md", "log.md"):
        await write(engine, path, "old\n")
    seq = engine.head_seq
    answer = await commit(
        engine,
        {"op": "write", "path": "new.md", "content": "bmV3", "encoding": "base64"},
        {"op": "write", "path": "log.md", "content": "more\n", "append": True},
        {"op": "edit", "path": "edit.md", "edits": [{"old_text": "old", "new_text": "new"}], "expect_version": 1},
        {"op": "move", "path": "move.md", "to": "d/moved.md"},
        {"op": "move", "path": "copy.md", "to": "d/copied.md", "copy": True},
        {"op": "delete", "path": "delete.md"},
        message="all at once",
    )
    told = await events(engine, seq)
    assert answer == {
        "commit": "C1",
        "seq": told[-1]["seq"],
        "files": [
            {"path": "new.md", "version": 1},
            {"path": "log.md", "version": 2},
            {"path": "edit.md", "version": 2},
            {"path": "d/moved.md", "version": 1},
            {"path": "d/copied.md", "version": 1},
            {"path": "delete.md", "version": 1, "deleted": True},
        ],
    }
    assert [event["type"] for event in told] == [
        "file.created",
        "file.updated",
        "file.updated",
        "file.moved",
        "file.created",
        "file.deleted",
        "files.committed",
    ]
    assert {event["commit"] for event in told} == {"C1"}
    assert [event["seq"] for event in told] == list(range(told[0]["seq"], told[0]["seq"] + 7))
    assert (told[-1]["files"], told[-1]["message"]) == (6, "all at once")
    assert {path.name for path in (engine.root / "d").iterdir()} == {"moved.md", "copied.md"}
    assert (engine.root / "new.md").read_text() == "new"
    assert not (engine.root / "delete.md").exists()


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"op": "write", "path": "taken.md", "content": "x"}, VersionRequired),
        ({"op": "write", "path": "taken.md", "content": "x", "expect_version": 7}, Conflict),
        ({"op": "write", "path": "locked.md", "content": "x", "overwrite": True}, Locked),
        ({"op": "write", "path": "TAKEN.md", "content": "x"}, NameTaken),
        ({"op": "write", "path": "../x", "content": "x"}, InvalidPath),
        ({"op": "write", "path": "x", "content": "x" * (LIMITS.tool_content_bytes_max + 1)}, TooLarge),
        ({"op": "edit", "path": "taken.md", "edits": [{"old_text": "no", "new_text": ""}]}, EditFailed),
        ({"op": "edit", "path": "none.md", "edits": [{"old_text": "no", "new_text": ""}]}, NotFound),
        ({"op": "move", "path": "free.md", "to": "taken.md"}, VersionRequired),
        ({"op": "delete", "path": "none.md"}, NotFound),
    ],
    ids=range(10),
)
async def test_one_refusal_takes_everything_back_and_names_its_change(
    engine: Engine, change: dict[str, Any], refusal: type[WorkspaceError]
) -> None:
    for path in ("taken.md", "locked.md", "free.md", "log.md"):
        await write(engine, path, path)
    await engine.locks.lock_files(BOB, paths=["locked.md"])
    before, seq = await heads(engine), engine.head_seq
    with pytest.raises(refusal) as refused:
        await commit(
            engine,
            {"op": "write", "path": "first.md", "content": "x"},
            change,
            {"op": "write", "path": "log.md", "content": "x", "append": True},
        )
    assert refused.value.facts["change"] == 1
    assert await heads(engine) == before
    assert await events(engine, seq) == []
    assert not (engine.root / "first.md").exists()


@pytest.mark.parametrize(
    "changes",
    [
        [],
        ["write"],
        [{"op": "burn", "path": "a.md"}],
        [{"op": "write", "path": "a.md"}],
        [{"op": "write", "content": "x"}],
        [{"op": "write", "path": None, "content": "x"}],
        [{"op": "write", "path": "a.md", "content": None}],
        [{"op": "write", "path": 7, "content": "x"}],
        [{"op": "write", "path": "a.md", "content": 7}],
        [{"op": "write", "path": "a.md", "content": "x", "encoding": "latin-1"}],
        [{"op": "write", "path": "a.md", "content": "x", "more": 1}],
        [{"op": "write", "path": "a.md", "content": "x", "append": True, "overwrite": True}],
        [{"op": "edit", "path": "a.md", "edits": "x"}],
        [{"op": "edit", "path": "a.md", "edits": [7]}],
        [{"op": "delete", "path": "a.md", "expect_version": "1"}],
        [{"op": "delete", "path": "a.md", "recursive": True}],
        [{"op": "write", "path": "a.md", "content": "x"}, {"op": "delete", "path": "./a.md"}],
        [{"op": "move", "path": "a.md", "to": "b.md"}, {"op": "write", "path": "b.md", "content": "x"}],
        [{"op": "move", "path": "a.md", "to": "a.md"}],
    ],
    ids=range(19),
)
async def test_wrong_changes_are_refused(engine: Engine, changes: list[Any]) -> None:
    await write(engine, "a.md", "x")
    with pytest.raises(InvalidArgument):
        await commit(engine, *changes)
    assert await heads(engine) == {"a.md": 1}


async def test_fields_that_are_null_are_left_out(engine: Engine) -> None:
    change = {"op": "write", "path": "a.md", "content": "x", "expect_version": None, "sources": None, "append": None}
    await commit(engine, change)
    assert await heads(engine) == {"a.md": 1}


async def test_changes_build_on_one_another_in_their_order(engine: Engine) -> None:
    await write(engine, "a", "file")
    await write(engine, "Docs/x.md", "x")
    await commit(
        engine,
        {"op": "delete", "path": "a"},
        {"op": "move", "path": "Docs/x.md", "to": "docs/x.md"},
        {"op": "write", "path": "docs/y.md", "content": "y"},
        {"op": "write", "path": "docs/z.md", "content": "z"},
    )
    assert await heads(engine) == {"docs/x.md": 1, "docs/y.md": 1, "docs/z.md": 1}
    assert {path.name for path in (engine.root / "docs").iterdir()} == {"x.md", "y.md", "z.md"}
    with pytest.raises(NameTaken):
        await commit(
            engine,
            {"op": "write", "path": "New/x.md", "content": "x"},
            {"op": "write", "path": "new/y.md", "content": "y"},
        )


async def test_files_swap_names_through_a_third(engine: Engine) -> None:
    await write(engine, "a.md", "A")
    await write(engine, "b.md", "B")
    await commit(engine, {"op": "move", "path": "a.md", "to": "c.md"})
    await commit(engine, {"op": "move", "path": "b.md", "to": "a.md"})
    await commit(engine, {"op": "move", "path": "c.md", "to": "b.md"})
    assert (engine.root / "a.md").read_text() == "B"
    assert (engine.root / "b.md").read_text() == "A"
    assert await heads(engine) == {"a.md": 2, "b.md": 2}


async def test_a_commit_of_what_is_there_already_makes_no_event(engine: Engine) -> None:
    await write(engine, "a.md", "x")
    seq = engine.head_seq
    answer = await commit(engine, {"op": "write", "path": "a.md", "content": "x"})
    assert answer["files"] == [{"path": "a.md", "version": 1}]
    assert answer["seq"] >= seq
    assert await events(engine, seq) == []


async def test_a_commit_goes_under_the_locks_it_names(engine: Engine) -> None:
    handle = (await engine.locks.lock_files(ANN, paths=["d/"]))["lock"]
    changes = [{"op": "write", "path": f"d/{name}.md", "content": "x"} for name in "ab"]
    with pytest.raises(Locked) as refusal:
        await commit(engine, *changes)
    assert refusal.value.facts["yours"] is True
    await commit(engine, *changes, lock=handle)
    with pytest.raises(LockLost):
        await commit(engine, *changes, lock=handle, caller=BOB)
    with pytest.raises(InvalidArgument):
        await commit(engine, {"op": "write", "path": "e.md", "content": "x"}, lock=handle)


async def test_a_commit_is_bounded(engine: Engine) -> None:
    change = {"op": "write", "path": "a.md", "content": "x"}
    with pytest.raises(InvalidArgument):
        await commit(engine, *([change] * (LIMITS.commit_files_max + 1)))
    big = "x" * LIMITS.tool_content_bytes_max
    count = LIMITS.commit_bytes_max // LIMITS.tool_content_bytes_max + 1
    with pytest.raises((InvalidArgument, TooLarge)):
        await commit(engine, *({"op": "write", "path": f"{n}.md", "content": big} for n in range(count)))
    assert await heads(engine) == {}
