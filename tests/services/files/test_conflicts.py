"""What a write is told besides: shortened copies, inputs that moved on, what others announced; and its last lock."""

import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.services.files.test_drafts import literally, refused
from tests.services.files.test_writing import ANN, BOB, events, lock, text, write
from workspace_server.config import Settings
from workspace_server.core import elision
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.elision import Loss, Marker
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import everywhere
from workspace_server.errors import Conflict, InvalidArgument, Locked, LockLost, NotFound, SuspiciousWrite
from workspace_server.services.engine import Engine
from workspace_server.services.files import guarding
from workspace_server.services.files.guarding import Guard
from workspace_server.services.folder import Folder
from workspace_server.storage.database import Transaction

pytestmark = pytest.mark.anyio
LINES = "".join(f"line {number}\n" for number in range(400))


async def look(engine: Engine, path: str, caller: Caller = BOB, **given: Any) -> dict[str, Any]:
    return dict((await engine.files.read_file(caller, path=path, **given)).header)


def stale(result: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = result.get("warnings", [{"stale_inputs": []}])[0]["stale_inputs"]
    return found


async def test_a_replacement_with_a_marker_is_refused_and_can_be_insisted_on(engine: Engine) -> None:
    await write(engine, "a.py", LINES)
    short = "line 0\n# ... rest of the code unchanged ...\n"
    told = await refused(engine, SuspiciousWrite, "a.py", short, expect_version=1)
    assert (told["lost_lines"], told["marker"]) == (399, "# ... rest of the code unchanged ...")
    assert f"write_file(path='a.py', draft='{told['draft']}', overwrite=True, expect_version=1)" in told["hint"]
    assert (await literally(engine, told["hint"]))["version"] == 2
    assert await text(engine, "a.py") == short


async def test_to_overwrite_is_not_yet_to_insist(engine: Engine) -> None:
    await write(engine, "a.py", LINES)
    short = "line 0\n# rest unchanged\n"
    told = await refused(engine, SuspiciousWrite, "a.py", short, overwrite=True)
    entry = {"op": "write", "path": "a.py", "content": short, "overwrite": True}
    with pytest.raises(SuspiciousWrite):
        await engine.files.commit_files(BOB, changes=[entry])

    async def chunks() -> AsyncIterator[bytes]:
        yield short.encode()

    with pytest.raises(SuspiciousWrite):
        await engine.files.upload(BOB, path="a.py", chunks=chunks(), overwrite=True)
    assert await text(engine, "a.py") == LINES
    assert (await literally(engine, told["hint"]))["version"] == 2
    await write(engine, "a.py", "all of it is new\n", BOB, overwrite=True)  # nothing here stands for other lines


async def test_a_merge_with_a_file_that_is_gone_says_so(engine: Engine) -> None:
    await write(engine, "a.md", LINES)
    await engine.files.delete_file(ANN, path="a.md")
    told = await refused(engine, Conflict, "a.md", LINES + "more\n", expect_version=1, on_conflict="merge")
    assert "was deleted meanwhile" in told["hint"]


async def test_the_guard_comes_after_the_version_and_holds_under_a_lock_in_commits_and_in_merges(
    engine: Engine,
) -> None:
    await write(engine, "a.py", LINES)
    await write(engine, "a.py", "first\n" + LINES, expect_version=1)
    short = "line 0\n# rest unchanged\n"
    await refused(engine, Conflict, "a.py", short, expect_version=1)
    await refused(engine, SuspiciousWrite, "a.py", short, expect_version=1, on_conflict="merge")
    handle = await lock(engine, "a.py", caller=BOB)
    await refused(engine, SuspiciousWrite, "a.py", short, lock=handle)
    entry = {"op": "write", "path": "a.py", "content": short, "expect_version": 2}
    with pytest.raises(SuspiciousWrite) as refusal:
        await engine.files.commit_files(BOB, changes=[entry], lock=handle)
    assert refusal.value.facts["change"] == 0


async def test_who_was_shown_a_part_cannot_drop_the_rest(engine: Engine) -> None:
    await write(engine, "a.md", LINES)
    header = await look(engine, "a.md", max_lines=100)
    assert header["more"]
    part = "".join(f"line {number}\n" for number in range(99)) + "changed\n"
    told = await refused(engine, SuspiciousWrite, "a.md", part, expect_version=1)
    assert (told["lost_lines"], told["marker"]) == (300, None)
    assert (await write(engine, "a.md", part + LINES, BOB, expect_version=1))["version"] == 2
    assert (await write(engine, "a.md", part, BOB, expect_version=2))["version"] == 3  # it wrote all of that itself


async def test_reading_on_to_the_end_is_seeing_all(engine: Engine) -> None:
    await write(engine, "a.md", LINES)
    header = await look(engine, "a.md", max_tokens=500)
    while header["more"]:
        header = await look(engine, "a.md", max_tokens=500, **header["next"])
    assert (await write(engine, "a.md", "short", BOB, expect_version=1))["version"] == 2


async def test_what_was_seen_outlives_the_server(folder: Path, clock: ManualClock) -> None:
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await write(engine, "a.md", LINES)
        await write(engine, "in.md", "1")
        await look(engine, "a.md", max_lines=100)
        await look(engine, "in.md")
        await write(engine, "in.md", "2", expect_version=1)
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await refused(engine, SuspiciousWrite, "a.md", "line 0\n", expect_version=1)
        assert stale(await write(engine, "out.md", "x", BOB))[0]["path"] == "in.md"


async def test_a_write_is_told_once_which_of_its_inputs_moved_on(engine: Engine) -> None:
    for path in ("a.md", "b.md", "c.md", "out.md"):
        await write(engine, path, "1")
        await look(engine, path)
    assert stale(await write(engine, "out.md", "2", BOB, expect_version=1)) == []
    await write(engine, "a.md", "2", expect_version=1)
    await engine.files.delete_file(ANN, path="b.md")
    await engine.files.move_file(ANN, path="c.md", to="d.md")
    assert stale(await write(engine, "out.md", "3", BOB, expect_version=2)) == [
        {"path": "a.md", "you_read": 1, "now": 2, "by": "ann"},
        {"path": "b.md", "you_read": 1, "now": 0, "by": "ann"},
        {"path": "c.md", "you_read": 1, "now": 0, "by": "ann"},
    ]
    assert stale(await write(engine, "out.md", "4", BOB, expect_version=3)) == []


async def test_reading_again_or_changing_it_oneself_is_being_up_to_date(engine: Engine, clock: ManualClock) -> None:
    for path in ("a.md", "b.md", "c.md"):
        await write(engine, path, "1")
        await look(engine, path)
    await write(engine, "a.md", "2", expect_version=1)
    await look(engine, "a.md")
    await write(engine, "b.md", "2", BOB, expect_version=1)
    await write(engine, "c.md", "2", expect_version=1)
    clock.advance(3_601)
    assert stale(await write(engine, "out.md", "x", BOB)) == []


async def test_named_sources_are_compared_with_what_is_there_now(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    await write(engine, "a.md", "2", expect_version=1)
    for version, now in ((1, 2), (2, 0)):
        if not now:
            await engine.files.delete_file(ANN, path="a.md")
        done = await write(engine, f"{version}.md", "x", BOB, sources=[{"path": "a.md", "version": version}])
        assert stale(done) == [{"path": "a.md", "you_read": version, "now": now, "by": "ann"}]


async def test_what_others_announced_stands_in_reads_and_in_every_change(engine: Engine) -> None:
    await write(engine, "d/a.md", "1")
    await engine.locks.lock_files(ANN, paths=["d/"], mode="intent", purpose="rework")
    told = [{"paths": ["d/"], "agent": "ann", "purpose": "rework", "expires_in_seconds": 600}]
    assert (await look(engine, "d/a.md"))["intents"] == told
    assert "intents" not in await look(engine, "d/a.md", ANN)
    edits = [{"old_text": "1", "new_text": "2"}]
    assert (await engine.files.edit_file(BOB, path="d/a.md", edits=edits))["intents"] == told
    assert (await write(engine, "d/b.md", "1", BOB))["intents"] == told
    assert (await engine.files.commit_files(BOB, changes=[{"op": "delete", "path": "d/b.md"}]))["intents"] == told
    assert "intents" not in await write(engine, "d/c.md", "1", ANN)
    assert "intents" not in await write(engine, "e.md", "1", BOB)


async def test_the_last_write_under_a_lock_gives_it_back(engine: Engine) -> None:
    handle = await lock(engine, "a.md", "b.md")
    await write(engine, "a.md", "1", lock=handle)
    with pytest.raises(Conflict):
        await write(engine, "a.md", "2", lock=handle, unlock=True, expect_version=7)
    assert (await write(engine, "a.md", "1", lock=handle, unlock=True))["unchanged"]
    assert [event["type"] for event in await events(engine)][-1] == "lock.released"
    handle = await lock(engine, "a.md")
    edits = [{"old_text": "1", "new_text": "2"}]
    await engine.files.edit_file(ANN, path="a.md", edits=edits, lock=handle, unlock=True)
    handle = await lock(engine, "a.md")
    changes = [{"op": "delete", "path": "a.md"}]
    done = await engine.files.commit_files(ANN, changes=changes, lock=handle, unlock=True)
    types = {event["seq"]: event["type"] for event in await events(engine)}
    assert types[done["seq"]] == "files.committed"
    assert (await engine.locks.list_locks(ANN))["locks"] == []
    with pytest.raises(InvalidArgument):
        await write(engine, "a.md", "1", unlock=True)


async def test_a_lock_is_looked_at_before_what_stands_there(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    await lock(engine, "gone.md", "a.md", "to.md")
    for call in (
        engine.files.delete_file(BOB, path="gone.md"),
        engine.files.move_file(BOB, path="gone.md", to="x.md"),
        engine.files.move_file(BOB, path="none.md", to="to.md"),
        engine.files.edit_file(BOB, path="a.md", edits=[{"old_text": "1", "new_text": "2"}], dry_run=True),
    ):
        with pytest.raises(Locked):
            await call
    with pytest.raises(LockLost):
        await engine.files.delete_file(BOB, path="none.md", lock="L0-none")


async def test_a_restore_looks_at_the_lock_before_the_version(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    await lock(engine, "a.md", "none.md")
    for path in ("a.md", "none.md"):
        with pytest.raises(Locked):
            await engine.files.restore_file(BOB, path=path, version=99)
    with pytest.raises(LockLost):
        await engine.files.restore_file(BOB, path="a.md", version=99, lock="L0-none")


async def test_a_write_is_judged_before_its_commit_and_again_only_when_its_base_moved(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    judge = elision.left_out

    def noted(before: str, after: str, found: Sequence[Marker]) -> Loss | None:
        threads.append(threading.current_thread().name)
        return judge(before, after, found)

    monkeypatch.setattr(elision, "left_out", noted)
    short = "line 0\n# rest unchanged\n"
    await write(engine, "a.md", LINES)
    writer = await engine.db.write(thread_name)
    await refused(engine, SuspiciousWrite, "a.md", short, expect_version=1)
    assert len(threads) == 1
    assert threads[0] not in {writer, threading.current_thread().name}
    judged = guarding.judged

    async def outrun(folder: Folder, guard: Guard) -> Guard:
        verdict = await judged(folder, guard)
        await write(engine, "a.md", LINES + "more\n", lock=handle)
        return verdict

    handle = await lock(engine, "a.md")
    monkeypatch.setattr(guarding, "judged", outrun)
    with pytest.raises(SuspiciousWrite) as refusal:
        await write(engine, "a.md", short, lock=handle)
    assert (refusal.value.facts["version"], refusal.value.facts["lost_lines"]) == (2, 400)
    assert threads[2:] == [writer]


async def thread_name(tx: Transaction) -> str:
    return threading.current_thread().name


async def test_a_long_text_is_searched_off_the_loop(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    search = elision.markers

    def noted(text: str) -> list[Marker]:
        threads.append(threading.current_thread())
        return search(text)

    monkeypatch.setattr(elision, "markers", noted)
    await write(engine, "a.md", "1")
    await write(engine, "a.md", "2", expect_version=1)
    await write(engine, "a.md", "x" * (LIMITS.inline_bytes_max + 1), expect_version=2)
    assert [thread is threading.current_thread() for thread in threads] == [True, False]


async def test_a_merge_of_what_is_no_text_is_a_conflict_that_says_so(engine: Engine) -> None:
    await write(engine, "a.bin", "AAEC", encoding="base64")
    await write(engine, "a.bin", "AAED", encoding="base64", expect_version=1)
    with pytest.raises(Conflict, match="version 2") as refusal:
        await write(engine, "a.bin", "AAEE", BOB, encoding="base64", expect_version=1, on_conflict="merge")
    assert "not text" in str(refusal.value.hint)


async def test_a_reader_that_knows_a_version_gets_only_what_changed(engine: Engine) -> None:
    await write(engine, "a.md", LINES)
    assert (await look(engine, "a.md", since_version=1))["unchanged"]
    await write(engine, "a.md", LINES.replace("line 7\n", "line VII\n"), expect_version=1)
    found = await engine.files.read_file(BOB, path="a.md", since_version=1)
    assert (found.header["version"], found.header["since_version"], found.header["diff"]) == (2, 1, True)
    assert found.text is not None
    assert "+line VII\n" in found.text
    assert len(found.text) < 200
    await write(engine, "a.md", "all else\n", expect_version=2)
    found = await engine.files.read_file(BOB, path="a.md", since_version=2)
    assert ("diff" in found.header, found.text) == (False, "all else\n")
    with pytest.raises(NotFound):
        await look(engine, "a.md", since_version=9)


async def test_who_may_not_read_is_told_no_purpose_and_nothing_of_inputs(engine: Engine) -> None:
    writer = Caller(agent="wri", scope=everywhere("write", "lock", "search"))
    await write(engine, "a.md", "1")
    await write(engine, "a.md", "2", expect_version=1)
    await engine.locks.lock_files(ANN, paths=["b.md"], mode="intent", purpose="secret")
    done = await write(engine, "b.md", "x", writer, sources=[{"path": "a.md", "version": 1}])
    assert [one["purpose"] for one in done["intents"]] == [None]
    assert "warnings" not in done
