"""Nothing that was generated is thrown away: a refused write keeps its content for the agent that sent it."""

import ast
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.files.test_writing import ANN, BOB, lock, text, write
from workspace_server.config import Settings
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.errors import (
    Conflict,
    InvalidArgument,
    Locked,
    LockLost,
    NotFound,
    SuspiciousWrite,
    VersionRequired,
)
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction

pytestmark = pytest.mark.anyio


async def refused(engine: Engine, kind: type[Exception], path: str, content: str, **given: Any) -> dict[str, Any]:
    with pytest.raises(kind) as refusal:
        await write(engine, path, content, BOB, **given)
    return {**refusal.value.facts, "hint": refusal.value.hint}  # type: ignore[attr-defined]


async def again(engine: Engine, path: str, draft: object, **given: Any) -> dict[str, Any]:
    return await engine.files.write_file(BOB, path=path, draft=str(draft), **given)


async def literally(engine: Engine, hint: str) -> dict[str, Any]:
    """Make the last call that a hint writes out, as it stands there."""
    call = ast.parse(re.findall(r"write_file\(.*?\)", hint)[-1], mode="eval").body
    assert isinstance(call, ast.Call)
    return await engine.files.write_file(BOB, **{one.arg or "": ast.literal_eval(one.value) for one in call.keywords})


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_each_refusal_of_a_write_keeps_what_was_sent_and_says_how_to_send_it(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    told = await refused(engine, VersionRequired, "a.md", "mine")
    assert told["hint"].startswith("write_file(path='a.md', draft='D1', expect_version=1)")
    assert (await again(engine, "a.md", told["draft"], expect_version=1))["version"] == 2
    assert await text(engine, "a.md") == "mine"
    stale = await refused(engine, Conflict, "a.md", "other", expect_version=1)
    assert f"draft='{stale['draft']}', expect_version=1, on_conflict=\"merge\")" in stale["hint"]
    handle = await lock(engine, "a.md")
    held = await refused(engine, Locked, "a.md", "waits", expect_version=2)
    assert f"draft='{held['draft']}', expect_version=2)" in held["hint"]
    lost = await refused(engine, LockLost, "a.md", "lost", lock=handle)
    await engine.locks.unlock_files(ANN, lock=handle)
    assert (await again(engine, "a.md", held["draft"], expect_version=2))["version"] == 3
    assert (await again(engine, "b.md", lost["draft"]))["created"]
    assert await text(engine, "b.md") == "lost"


async def test_what_was_to_be_appended_is_appended(engine: Engine) -> None:
    await write(engine, "log.md", "1\n")
    handle = await lock(engine, "log.md")
    told = await refused(engine, Locked, "log.md", "2\n", append=True)
    await engine.locks.unlock_files(ANN, lock=handle)
    with pytest.raises(InvalidArgument):
        await again(engine, "log.md", told["draft"], overwrite=True)
    await again(engine, "log.md", told["draft"])
    assert await text(engine, "log.md") == "1\n2\n"


async def test_an_upload_is_kept_as_well(engine: Engine) -> None:
    data = b"x" * (LIMITS.inline_bytes_max + 1)
    await write(engine, "a.md", "1")
    with pytest.raises(VersionRequired) as refusal:
        await engine.files.upload(BOB, path="a.md", chunks=chunks(data))
    await again(engine, "a.md", refusal.value.facts["draft"], expect_version=1)
    assert await text(engine, "a.md", max_tokens=100_000) == data.decode()


async def test_the_writes_of_a_refused_commit_are_kept_each_by_itself(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    entries = [{"op": "write", "path": "new.md", "content": "N"}, {"op": "write", "path": "a.md", "content": "A"}]
    with pytest.raises(VersionRequired) as refusal:
        await engine.files.commit_files(BOB, changes=entries)
    assert refusal.value.hint == (
        "Read a.md, then send commit_files again, with expect_version=1 in the entry of a.md (changes[1])."
        " What was sent is kept: in each entry, `draft` stands for `content`:"
        " draft='D1' for new.md, draft='D2' for a.md."
    )
    kept = refusal.value.facts["drafts"]
    assert [(one["change"], one["path"]) for one in kept] == [(0, "new.md"), (1, "a.md")]  # type: ignore[attr-defined]
    sent = [{"op": "write", "path": one["path"], "draft": one["draft"]} for one in kept]  # type: ignore[attr-defined]
    await engine.files.commit_files(BOB, changes=[sent[0], {**sent[1], "expect_version": 1}])
    assert (await text(engine, "new.md"), await text(engine, "a.md")) == ("N", "A")


async def test_a_draft_is_of_one_agent_and_of_one_hour(engine: Engine, clock: ManualClock) -> None:
    await write(engine, "a.md", "1")
    told = await refused(engine, VersionRequired, "a.md", "mine")
    same = await refused(engine, VersionRequired, "a.md", "mine")
    assert told["draft"] == same["draft"]
    for caller, name in ((ANN, told["draft"]), (BOB, "D99"), (BOB, "x" * 9_000), (BOB, "D0")):
        with pytest.raises(NotFound) as refusal:
            await engine.files.write_file(caller, path="b.md", draft=str(name))
        assert len(str(refusal.value.facts["draft"])) <= 20
    clock.advance(LIMITS.draft_kept_s)
    with pytest.raises(NotFound):
        await again(engine, "b.md", told["draft"])


async def test_a_draft_outlives_the_server(folder: Path, clock: ManualClock) -> None:
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await write(engine, "a.md", "1")
        told = await refused(engine, VersionRequired, "a.md", "mine")
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        assert (await again(engine, "a.md", told["draft"], expect_version=1))["version"] == 2


async def test_the_oldest_drafts_go_where_the_quota_ends(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    names = [
        (await refused(engine, VersionRequired, "a.md", str(number)))["draft"]
        for number in range(2, LIMITS.drafts_per_agent_max + 3)
    ]
    with pytest.raises(NotFound):
        await again(engine, "b.md", names[0])
    assert (await again(engine, "b.md", names[1]))["created"]


async def test_content_and_draft_exclude_each_other(engine: Engine) -> None:
    for given in ({}, {"content": "x", "draft": "D1"}):
        with pytest.raises(InvalidArgument) as refusal:
            await engine.files.write_file(ANN, path="a.md", **given)  # type: ignore[arg-type]
        assert refusal.value.facts["argument"] == "content"


async def test_an_edit_or_a_restore_leaves_no_draft(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    await lock(engine, "a.md")
    for call in (
        engine.files.edit_file(BOB, path="a.md", edits=[{"old_text": "1", "new_text": "2"}]),
        engine.files.restore_file(BOB, path="a.md", version=1),
        engine.files.delete_file(BOB, path="a.md"),
    ):
        with pytest.raises(Locked) as refusal:
            await call
        assert "draft" not in refusal.value.facts

    async def count(tx: Transaction) -> object:
        return await tx.one("SELECT count(*) FROM drafts")

    assert await engine.db.read(count) == (0,)


SHORT = "line 0\n# rest unchanged\n"
LONG = "".join(f"line {number}\n" for number in range(30))


async def test_to_insist_on_a_short_text_goes_under_the_same_locks(engine: Engine) -> None:
    await write(engine, "a.md", LONG)
    handles = [await lock(engine, "a.md", caller=BOB), await lock(engine, "b.md", caller=BOB)]
    told = await refused(engine, SuspiciousWrite, "a.md", SHORT, lock=handles[0])
    assert (await literally(engine, told["hint"]))["version"] == 2
    await write(engine, "a.md", LONG, BOB, lock=handles[0])
    entries = [{"op": "write", "path": path, "content": LONG, "overwrite": True} for path in ("a.md", "b.md")]
    await engine.files.commit_files(BOB, changes=entries, lock=handles)
    told = await refused(engine, SuspiciousWrite, "a.md", SHORT, lock=handles[0], unlock=True)
    assert (await literally(engine, told["hint"]))["version"] == 4
    assert [one["paths"] for one in (await engine.locks.list_locks(BOB))["locks"]] == [["b.md"]]


async def test_to_insist_on_a_short_text_replaces_only_what_it_was_held_against(engine: Engine) -> None:
    await write(engine, "a.md", LONG)
    told = await refused(engine, SuspiciousWrite, "a.md", SHORT, expect_version=1)
    await write(engine, "a.md", LONG + "ann's work\n", expect_version=1)
    with pytest.raises(Conflict) as refusal:
        await literally(engine, told["hint"])
    assert refusal.value.facts["version"] == 2
    assert "ann's work" in await text(engine, "a.md")


async def test_after_a_merge_that_failed_the_hint_is_another_call(engine: Engine) -> None:
    await write(engine, "a.md", "one\n")
    await write(engine, "a.md", "two\n", expect_version=1)
    told = await refused(engine, Conflict, "a.md", "three\n", expect_version=1, on_conflict="merge")
    assert "same place" in told["hint"]
    assert "read_file(path='a.md')" in told["hint"]
    assert (await literally(engine, told["hint"]))["version"] == 3
    assert await text(engine, "a.md") == "three\n"


async def test_no_merge_is_advised_where_there_is_nothing_to_merge(engine: Engine) -> None:
    await write(engine, "a.bin", "AAEC", encoding="base64")
    await write(engine, "a.bin", "AAED", encoding="base64", expect_version=1)
    await write(engine, "a.md", "text")
    await write(engine, "gone.md", "text")
    await engine.files.delete_file(ANN, path="gone.md")
    cases: list[tuple[str, str, dict[str, Any], int]] = [
        ("a.bin", "AAEE", {"encoding": "base64", "expect_version": 1}, 3),
        ("a.md", "mine", {"expect_version": 7}, 2),
        ("a.md", "AAEE", {"encoding": "base64", "expect_version": 1}, 3),
        ("gone.md", "mine", {"expect_version": 1}, 2),
    ]
    for path, content, given, version in cases:
        told = await refused(engine, Conflict, path, content, **given)
        assert "merge" not in told["hint"]
        assert (await literally(engine, told["hint"]))["version"] == version


async def test_what_conflicts_under_a_lock_is_sent_again_under_it(engine: Engine) -> None:
    await write(engine, "a.md", "1\n")
    handle = await lock(engine, "a.md", caller=BOB)
    told = await refused(engine, Conflict, "a.md", "2\n", lock=handle, expect_version=7)
    assert (await literally(engine, told["hint"]))["version"] == 2


async def test_a_draft_is_sent_again_with_all_that_was_said_with_it(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    source = {"path": "a.md", "version": 1}
    told = await refused(engine, VersionRequired, "a.md", "mine", message="why", sources=[source])
    version = (await literally(engine, told["hint"]))["version"]
    [newest, _] = (await engine.files.file_history(ANN, path="a.md"))["versions"]
    assert (version, newest["message"], newest["sources"]) == (2, "why", [source])
    told = await refused(engine, VersionRequired, "a.md", "other", message="why", sources=[source])
    await again(engine, "a.md", told["draft"], expect_version=2, message="else", sources=[])
    newest = (await engine.files.file_history(ANN, path="a.md"))["versions"][0]
    assert (newest["message"], newest["sources"]) == ("else", [])


async def test_what_was_to_overwrite_overwrites_when_its_draft_is_sent(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    handle = await lock(engine, "a.md")
    locked = await refused(engine, Locked, "a.md", "2", overwrite=True)
    lost = await refused(engine, LockLost, "a.md", "3", overwrite=True, lock="L9-none")
    assert "overwrite=True, lock=…)" in lost["hint"]
    await engine.locks.unlock_files(ANN, lock=handle)
    assert (await literally(engine, locked["hint"]))["version"] == 2


async def test_a_short_text_that_waited_for_a_lock_is_held_against_the_file_all_the_same(engine: Engine) -> None:
    await write(engine, "a.md", LONG)
    handle = await lock(engine, "a.md")
    told = await refused(engine, Locked, "a.md", SHORT, overwrite=True)
    await engine.locks.unlock_files(ANN, lock=handle)
    with pytest.raises(SuspiciousWrite) as refusal:
        await literally(engine, told["hint"])
    assert (await literally(engine, refusal.value.hint or ""))["version"] == 2
