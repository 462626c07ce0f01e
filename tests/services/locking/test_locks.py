"""Locks over a real workspace: granted, renewed, expired, released, and enforced in every write."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.services.tree.folders import until
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import everywhere
from workspace_server.errors import (
    Forbidden,
    InvalidArgument,
    InvalidPath,
    Locked,
    LockLost,
    QuotaExceeded,
    VersionRequired,
)
from workspace_server.services import engine as engine_module
from workspace_server.services.engine import Engine
from workspace_server.services.locking import granting
from workspace_server.services.locking.granting import VERSIONS_SHOWN_MAX
from workspace_server.services.selecting import covered
from workspace_server.storage.tables import locks as lock_rows

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")
OTHER_ANN = Caller(agent="ann", door="http")


async def lock(engine: Engine, *paths: Any, caller: Caller = ANN, **given: Any) -> dict[str, Any]:
    return await engine.locks.lock_files(caller, paths=paths, **given)


async def write(engine: Engine, path: str, content: str, caller: Caller = ANN, **given: Any) -> dict[str, Any]:
    return await engine.files.write_file(caller, path=path, content=content, **given)


async def told(engine: Engine) -> list[tuple[str, str]]:
    found = await engine.events.feed(ANN, since_seq=0, limit=1_000)
    return [(event["type"], event["agent"]) for event in found["events"] if event["type"].startswith("lock.")]


async def held(engine: Engine, caller: Caller = ANN, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await engine.locks.list_locks(caller, **given))["locks"]
    return found


async def gone(engine: Engine) -> bool:
    return await held(engine) == []


async def test_a_granted_lock_says_what_it_covers_and_until_when(engine: Engine) -> None:
    await write(engine, "docs/a.md", "x")
    await write(engine, "b.md", "x")
    granted = await lock(engine, "docs/", "b.md", "new.md", ttl_seconds=60)
    assert granted == {
        "lock": granted["lock"],
        "fence": 1,
        "paths": ["docs/", "b.md", "new.md"],
        "mode": "exclusive",
        "expires_in_seconds": 60,
        "expires_at": "2027-01-15T08:01:00.000Z",
        "versions": {"docs/a.md": 1, "b.md": 1},
    }
    assert granted["lock"].startswith("L1-")


async def test_several_paths_are_locked_together_or_not_at_all(engine: Engine) -> None:
    await lock(engine, "b.md", caller=BOB)
    with pytest.raises(Locked) as refusal:
        await lock(engine, "a.md", "b.md", "c.md")
    assert (refusal.value.facts["path"], refusal.value.facts["agent"]) == ("b.md", "bob")
    assert await held(engine, mine=True) == []
    assert await told(engine) == [("lock.acquired", "bob")]


async def test_asking_again_returns_the_same_lock_renewed(engine: Engine, clock: ManualClock) -> None:
    first = await lock(engine, "a.md", "d/", ttl_seconds=60)
    clock.advance(50)
    again = await lock(engine, "d/", "a.md", ttl_seconds=60)
    assert (again["lock"], again["fence"], again["expires_in_seconds"]) == (first["lock"], first["fence"], 60)
    clock.advance(50)
    await write(engine, "a.md", "x", lock=first["lock"])


async def test_a_lock_is_renewed_by_its_handle(engine: Engine, clock: ManualClock) -> None:
    handle = (await lock(engine, "a.md", ttl_seconds=60))["lock"]
    clock.advance(59)
    renewed = await engine.locks.lock_files(ANN, lock=handle, ttl_seconds=120)
    assert (renewed["lock"], renewed["expires_in_seconds"]) == (handle, 120)
    clock.advance(119)
    await write(engine, "a.md", "x", lock=handle)


async def test_part_of_what_one_holds_is_locked_by_oneself(engine: Engine) -> None:
    await lock(engine, "docs/")
    with pytest.raises(Locked) as refusal:
        await lock(engine, "docs/a.md")
    assert refusal.value.facts["yours"] is True


async def test_shared_locks_stand_beside_each_other_and_keep_exclusive_ones_out(engine: Engine) -> None:
    await lock(engine, "a.md", mode="shared")
    await lock(engine, "a.md", caller=BOB, mode="shared")
    for caller in (ANN, BOB):
        with pytest.raises(Locked):
            await lock(engine, "*.md", caller=caller)
    assert {row["agent"] for row in await held(engine)} == {"ann", "bob"}


@pytest.mark.parametrize(
    "selector", ["docs/a.md", "docs/", "docs", {"path": "docs"}, "docs/*.md", "**/a.md", "/", {"path": "docs/a.md"}]
)
async def test_a_lock_by_any_selector_stops_writes_below_it(engine: Engine, selector: Any) -> None:
    await write(engine, "docs/a.md", "x")
    handle = (await lock(engine, selector))["lock"]
    for call in (
        write(engine, "docs/a.md", "y", BOB, overwrite=True),
        write(engine, "docs/a.md", "y", BOB, append=True),
        engine.files.edit_file(BOB, path="docs/a.md", edits=[{"old_text": "x", "new_text": "y"}]),
        engine.files.delete_file(BOB, path="docs", recursive=True),
        engine.files.move_file(BOB, path="docs", to="elsewhere"),
        engine.files.commit_files(BOB, changes=[{"op": "delete", "path": "docs/a.md"}]),
    ):
        with pytest.raises(Locked) as refusal:
            await call
        assert refusal.value.facts["agent"] == "ann"
        assert handle not in str(refusal.value.as_dict())
    await write(engine, "docs/a.md", "mine", lock=handle)


async def test_a_directory_may_be_locked_without_its_slash_and_a_file_with_one(engine: Engine) -> None:
    await write(engine, "docs/a.md", "x")
    held = await lock(engine, "docs")
    assert (held["paths"], held["versions"]) == (["docs/"], {"docs/a.md": 1})
    assert (await lock(engine, "docs//"))["lock"] == held["lock"]
    assert [row["agent"] for row in (await engine.locks.list_locks(BOB, path="docs"))["locks"]] == ["ann"]
    assert (await engine.locks.unlock_files(ANN, paths=["docs"]))["released"] == [held["lock"]]
    assert (await lock(engine, "docs/a.md/"))["paths"] == ["docs/a.md"]


async def test_a_lock_on_a_name_that_is_not_there_holds_for_whatever_comes_of_it(engine: Engine) -> None:
    handle = (await lock(engine, "future"))["lock"]
    with pytest.raises(Locked):
        await write(engine, "future/x.md", "x", BOB)
    await write(engine, "future/x.md", "mine", lock=handle)


@pytest.mark.parametrize(
    ("locked", "taken"),
    [("k/a.md", "k"), ("m/", "m"), ("n/o/*.md", "n"), ("New.md", "NEW.md"), ("ﬁne.md", "fine.md"), ("p", "p/q.md")],
)
async def test_nobody_takes_the_name_away_that_somebody_has_locked(engine: Engine, locked: str, taken: str) -> None:
    await write(engine, "source.md", "x")
    handle = (await lock(engine, locked))["lock"]
    for call in (
        write(engine, taken, "x", BOB),
        engine.files.move_file(BOB, path="source.md", to=taken),
        engine.files.commit_files(BOB, changes=[{"op": "write", "path": taken, "content": "x"}]),
        lock(engine, taken, caller=BOB),
    ):
        with pytest.raises(Locked) as refusal:
            await call
        assert refusal.value.facts["agent"] == "ann"
    if "*" not in locked:
        await write(engine, f"{locked}a.md" if locked.endswith("/") else locked, "mine", lock=handle)


async def test_a_name_with_wildcards_in_it_is_that_name_once_it_exists(engine: Engine) -> None:
    await write(engine, "a[1].md", "x")
    assert (await lock(engine, "a[1].md"))["versions"] == {"a[1].md": 1}
    await write(engine, "a1.md", "free", BOB)


async def test_two_clients_of_one_name_do_not_share_what_one_of_them_holds(engine: Engine) -> None:
    handle = (await lock(engine, "a.md"))["lock"]
    with pytest.raises(Locked) as refusal:
        await write(engine, "a.md", "x", OTHER_ANN)
    assert refusal.value.facts["yours"] is True
    assert [row["lock"] for row in await held(engine, OTHER_ANN, mine=True)] == [handle]


async def test_a_handle_works_for_its_agent_only(engine: Engine) -> None:
    handle = (await lock(engine, "a.md"))["lock"]
    for call in (
        write(engine, "a.md", "x", BOB, lock=handle),
        engine.locks.lock_files(BOB, lock=handle),
        engine.locks.unlock_files(BOB, lock=handle),
        write(engine, "a.md", "x", lock="L9-none"),
        write(engine, "a.md", "x", lock=[handle, "L9-none"]),
    ):
        with pytest.raises(LockLost) as refusal:
            await call
        assert refusal.value.facts["reason"] == "unknown"
        assert "diff" not in refusal.value.facts
    assert "lock" not in (await held(engine, BOB))[0]


async def test_a_holder_that_was_paused_past_its_time_cannot_write_even_if_nobody_took_the_lock(
    engine: Engine, clock: ManualClock
) -> None:
    await write(engine, "a.md", "old")
    handle = (await lock(engine, "a.md", ttl_seconds=60))["lock"]
    clock.advance(60)
    with pytest.raises(LockLost) as refusal:
        await write(engine, "a.md", "late", lock=handle, overwrite=True)
    assert refusal.value.facts["reason"] == "expired"
    with pytest.raises(LockLost):
        await engine.locks.lock_files(ANN, lock=handle)


async def test_fences_only_rise(engine: Engine, clock: ManualClock) -> None:
    fences = []
    for number in range(4):
        granted = await lock(engine, f"{number % 2}.md", caller=BOB if number % 3 else ANN, ttl_seconds=60)
        fences.append(granted["fence"])
        clock.advance(61)
    assert fences == [1, 2, 3, 4]


async def test_an_expired_lock_is_told_of_once_and_is_free_for_the_next(engine: Engine, clock: ManualClock) -> None:
    await lock(engine, "a.md", ttl_seconds=60)
    clock.advance(61)
    await asyncio.gather(engine.locks.expire(), engine.locks.expire())
    assert await held(engine) == []
    await lock(engine, "a.md", caller=BOB)
    assert await told(engine) == [("lock.acquired", "ann"), ("lock.expired", "ann"), ("lock.acquired", "bob")]


async def test_expire_says_when_the_next_lock_ends(engine: Engine, clock: ManualClock) -> None:
    assert await engine.locks.expire() is None
    await lock(engine, "a.md", ttl_seconds=60)
    await lock(engine, "b.md", ttl_seconds=90)
    assert await engine.locks.expire() == clock.boot_s() + 60
    clock.advance(61)
    assert await engine.locks.expire() == clock.boot_s() + 29


async def test_a_released_lock_is_free_and_its_handle_dead(engine: Engine) -> None:
    handle = (await lock(engine, "a.md"))["lock"]
    assert await engine.locks.unlock_files(ANN, lock=handle) == {"released": [handle]}
    with pytest.raises(LockLost):
        await write(engine, "a.md", "x", lock=handle)
    with pytest.raises(LockLost):
        await engine.locks.unlock_files(ANN, lock=handle)
    await lock(engine, "a.md", caller=BOB)
    assert await told(engine) == [("lock.acquired", "ann"), ("lock.released", "ann"), ("lock.acquired", "bob")]


async def test_paths_release_ones_own_locks_that_lie_wholly_within_them(engine: Engine) -> None:
    whole = [
        (await lock(engine, *paths))["lock"] for paths in (["d/a.md"], ["d/e/"], ["d/f/*.csv"], ["d/b.md", "d/c.md"])
    ]
    kept = [(await lock(engine, *paths))["lock"] for paths in (["x.md", "d/y.md"], ["dd.md"], ["z*/d/q"])]
    foreign = (await lock(engine, "d/bob.md", caller=BOB))["lock"]
    released = await engine.locks.unlock_files(ANN, paths=["d/"])
    assert sorted(released["released"]) == sorted(whole)
    assert [row["lock"] for row in await held(engine, mine=True)] == kept
    assert [row["lock"] for row in await held(engine, BOB, mine=True)] == [foreign]
    assert (await engine.locks.unlock_files(ANN, paths=["z*/d/q", "dd.md"]))["released"] == kept[1:]
    everything = await engine.locks.unlock_files(ANN, paths=["/"])
    assert everything["released"] == kept[:1]
    assert await engine.locks.unlock_files(ANN, paths=["/"]) == {"released": []}


async def test_one_bad_handle_releases_nothing(engine: Engine) -> None:
    handle = (await lock(engine, "a.md"))["lock"]
    with pytest.raises(LockLost):
        await engine.locks.unlock_files(ANN, lock=[handle, "L9-none"])
    assert len(await held(engine)) == 1
    assert await engine.locks.unlock_files(ANN, lock=[handle, handle]) == {"released": [handle]}


async def test_locks_are_listed_for_whoever_may_read(engine: Engine, clock: ManualClock) -> None:
    await lock(engine, "docs/", purpose="rewriting")
    clock.advance(30)
    [row] = await held(engine, BOB)
    assert row == {
        "name": "L1",
        "paths": ["docs/"],
        "mode": "exclusive",
        "agent": "ann",
        "purpose": "rewriting",
        "fence": 1,
        "expires_in_seconds": 570,
    }
    assert [row["paths"] for row in await held(engine, path="docs/a.md")] == [["docs/"]]
    assert [row["paths"] for row in await held(engine, path="**/*.md")] == [["docs/"]]
    assert await held(engine, path="other.md") == []
    assert await held(engine, BOB, mine=True) == []


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({}, InvalidArgument),
        ({"paths": []}, InvalidArgument),
        ({"paths": ["a.md"], "lock": "L1-abcd"}, InvalidArgument),
        ({"paths": ["a.md"], "ttl_seconds": 4}, InvalidArgument),
        ({"paths": ["a.md"], "ttl_seconds": -600}, InvalidArgument),
        ({"paths": ["a.md"], "ttl_seconds": float("nan")}, InvalidArgument),
        ({"paths": ["a.md"], "ttl_seconds": 3601}, InvalidArgument),
        ({"paths": ["a.md"], "purpose": "x" * (LIMITS.purpose_chars_max + 1)}, InvalidArgument),
        ({"paths": ["a.md"], "purpose": "\ud800"}, InvalidArgument),
        ({"paths": ["*\ud800"]}, InvalidArgument),
        ({"paths": ["["]}, InvalidArgument),
        ({"paths": [{"path": "a.md", "more": 1}]}, InvalidArgument),
        ({"paths": ["../a.md"]}, InvalidPath),
        ({"paths": [".git/config"]}, InvalidPath),
        ({"paths": [f"{number}.md" for number in range(LIMITS.lock_paths_max + 1)]}, InvalidArgument),
        ({"paths": [f"{number}.md" for number in range(10_000)]}, InvalidArgument),
        ({"paths": ["/".join(["**", "*a*"] * (LIMITS.pattern_stars_max + 1))]}, InvalidArgument),
        ({"paths": [f"**/*{number}*" for number in range(LIMITS.lock_patterns_max + 1)]}, QuotaExceeded),
    ],
    ids=range(18),
)
async def test_wrong_arguments_are_refused(
    engine: Engine, given: dict[str, Any], refusal: type[InvalidArgument | InvalidPath | QuotaExceeded]
) -> None:
    with pytest.raises(refusal):
        await engine.locks.lock_files(ANN, **given)
    assert await held(engine) == []


@pytest.mark.parametrize("given", [{}, {"paths": []}, {"lock": []}, {"lock": "\ud800"}], ids=range(4))
async def test_unlocking_nothing_is_refused(engine: Engine, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        await engine.locks.unlock_files(ANN, **given)


async def test_who_has_not_the_verb_gets_no_lock(engine: Engine) -> None:
    reader = Caller(agent="rea", scope=everywhere("read", "write"))
    for call in (lock(engine, "a.md", caller=reader), engine.locks.unlock_files(reader, lock="L1-abcd")):
        with pytest.raises(Forbidden):
            await call


async def test_an_agent_has_so_many_locks_and_no_more(engine: Engine) -> None:
    for number in range(LIMITS.locks_per_agent_max):
        await lock(engine, f"{number}.md")
    with pytest.raises(QuotaExceeded) as refusal:
        await lock(engine, "more.md")
    assert refusal.value.facts["limit"] == LIMITS.locks_per_agent_max
    await lock(engine, "more.md", caller=BOB)


async def test_locks_outlive_the_server_with_fresh_time(folder: Path, clock: ManualClock) -> None:
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await write(engine, "a.md", "x")
        handle = (await lock(engine, "a.md", ttl_seconds=60))["lock"]
    clock.advance(500)
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        clock.advance(59)
        with pytest.raises(Locked):
            await write(engine, "a.md", "y", BOB, overwrite=True)
        await write(engine, "a.md", "y", lock=handle)
        fence = (await lock(engine, "b.md"))["fence"]
    assert fence == 2


async def test_a_restart_never_shortens_a_lock(folder: Path, clock: ManualClock) -> None:
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        handle = (await lock(engine, "a.md", ttl_seconds=3_000))["lock"]
        await engine.locks.lock_files(ANN, lock=handle, ttl_seconds=3_000)
    rebooted = ManualClock(boot_s=5.0, boot_id="boot-2")
    async with Engine.open(folder, settings=Settings(), clock=rebooted) as engine:
        assert (await held(engine))[0]["expires_in_seconds"] == 3_000


async def test_a_lock_whose_file_changed_after_its_time_is_not_revived_by_a_restart(
    folder: Path, clock: ManualClock
) -> None:
    """Else its holder would replace what it never saw: a crash may come before anybody marked the lock as expired."""
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await write(engine, "a.md", "1")
        handle = (await lock(engine, "a.md", ttl_seconds=60))["lock"]
        clock.advance(60)
        await write(engine, "a.md", "2", BOB, expect_version=1)
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        with pytest.raises(LockLost) as refusal:
            await write(engine, "a.md", "3", lock=handle)
        assert refusal.value.facts["reason"] == "expired"


@pytest.mark.blocking("it plays the editor, in the same thread")
async def test_a_lock_whose_file_was_edited_on_disk_after_its_time_is_not_revived_by_a_restart(
    folder: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "EXPIRY_S_MAX", 3_600.0)  # nobody marks it as expired meanwhile
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await write(engine, "a.md", "1")
        handles = [(await lock(engine, path, ttl_seconds=60))["lock"] for path in ("a.md", "new.md")]
        await engine.tree.materialiser.sync()
        await asyncio.sleep(0.01)  # lets the first look at the locks pass
        clock.advance(60)
        for path in ("a.md", "new.md"):
            (folder / path).write_text("a person's edit")

        async def seen() -> bool:
            found = await engine.listing.list_files(ANN, detail="full")
            return [(row["path"], row.get("version")) for row in found["files"]] == [("a.md", 2), ("new.md", 1)]

        await until(seen)
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        for path, handle in zip(("a.md", "new.md"), handles, strict=True):
            with pytest.raises(LockLost) as refusal:
                await write(engine, path, "3", lock=handle)
            assert refusal.value.facts["reason"] == "expired"


async def test_a_lost_lock_on_many_files_tells_of_each_whether_it_changed(engine: Engine) -> None:
    changes = [{"op": "write", "path": f"d/{number:03}.md", "content": "x"} for number in range(250)]
    await engine.files.commit_files(ANN, changes=changes)
    granted = await lock(engine, "d/")
    assert len(granted["versions"]) == VERSIONS_SHOWN_MAX
    await engine.locks.unlock_files(ANN, lock=granted["lock"])
    await write(engine, "d/001.md", "y", BOB, expect_version=1)
    await write(engine, "d/241.md", "y", BOB, expect_version=1)
    for number, changed in ((0, False), (1, True), (240, False), (241, True)):
        with pytest.raises(LockLost) as refusal:
            await write(engine, f"d/{number:03}.md", "mine", lock=granted["lock"])
        assert refusal.value.facts["changed_since_lock"] is changed


async def test_the_files_under_a_lock_are_looked_up_beside_the_writer(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pattern may have every file there is looked at, and nobody else's change is to wait for that."""
    await write(engine, "a.md", "x")
    threads = []

    async def looked_up(*asked: Any, **more: Any) -> dict[str, int]:
        threads.append(threading.current_thread().name.partition("_")[0])
        return await covered(*asked, **more)

    monkeypatch.setattr(granting, "covered", looked_up)
    granted = await lock(engine, "*.md")
    renewed = await engine.locks.lock_files(ANN, lock=granted["lock"])
    assert granted["versions"] == renewed["versions"] == {"a.md": 1}
    assert threads == ["read", "read"]


async def test_it_is_forgotten_after_a_while_why_a_lock_ended(engine: Engine, clock: ManualClock) -> None:
    handle = (await lock(engine, "a.md", ttl_seconds=60))["lock"]
    clock.advance(60)
    await engine.locks.expire()
    for passed_s, reason in ((LIMITS.lock_ended_kept_s - 1, "expired"), (1, "unknown")):
        clock.advance(passed_s)
        await engine.db.write(lock_rows.forget_old)
        with pytest.raises(LockLost) as refusal:
            await engine.locks.unlock_files(ANN, lock=handle)
        assert refusal.value.facts["reason"] == reason


@pytest.mark.blocking("it plays the editor, in the same thread")
async def test_a_broken_lock_says_so_and_shows_what_changed(engine: Engine) -> None:
    await write(engine, "a.md", "one\n")
    handle = (await lock(engine, "a.md"))["lock"]
    await engine.tree.materialiser.sync()
    (engine.root / "a.md").write_text("two\n")
    await until(lambda: gone(engine))
    with pytest.raises(LockLost) as refusal:
        await write(engine, "a.md", "mine\n", lock=handle)
    assert (refusal.value.facts["reason"], refusal.value.facts["changed_since_lock"]) == ("broken", True)
    assert "+two" in str(refusal.value.facts["diff"])
    assert ("lock.broken", "ann") in await told(engine)


async def test_a_lock_list_of_several_handles_opens_several_places(engine: Engine) -> None:
    for path in ("a.md", "b.md"):
        await write(engine, path, "x")
    handles = [(await lock(engine, path))["lock"] for path in ("a.md", "b.md")]
    changes = [{"op": "write", "path": path, "content": "y"} for path in ("a.md", "b.md")]
    with pytest.raises(Locked):
        await engine.files.commit_files(ANN, changes=changes, lock=handles[:1])
    await engine.files.commit_files(ANN, changes=changes, lock=handles)
    await engine.locks.unlock_files(ANN, lock=handles)
    with pytest.raises(VersionRequired):
        await write(engine, "a.md", "z")
