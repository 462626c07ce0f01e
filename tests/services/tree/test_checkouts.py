"""An agent's own tool edits the folder: checked out before, checked in after."""

from pathlib import Path

import pytest

from tests.services.tree.folders import ANN, BOB, aged, history, opened, reconcile, text, types, write
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import ALL, everywhere
from workspace_server.errors import Forbidden, InvalidPath, IsDirectory, Locked, LockLost, Unavailable, VersionRequired
from workspace_server.services.engine import Engine
from workspace_server.services.tree import checkouts

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("it plays the tool, in the same thread")]


async def test_what_a_tool_saves_in_between_is_the_agents_at_once(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "draft.md", "one\n")
        out = await engine.checkouts.check_out(BOB, path="draft.md", session="s1", purpose="Edit")
        assert out["versions"] == {"draft.md": 1}
        (folder / "draft.md").write_text("two\n")
        done = await engine.checkouts.check_in(BOB, path="draft.md", session="s1")
        assert done == {"path": "draft.md", "version": 2, "by": "bob", "released": [out["lock"]]}
        assert await history(engine, "draft.md") == [(2, "bob", "external"), (1, "ann", "write")]
        assert (await engine.files.file_history(ANN, path="draft.md"))["versions"][0]["message"] == "Edit"
        assert (await engine.locks.list_locks(ANN))["locks"] == []
        assert "lock.broken" not in [kind for kind, _ in await types(engine)]


async def test_a_new_file_and_one_that_the_tool_left_as_it_was(folder: Path) -> None:
    async with opened(folder) as engine:
        await engine.checkouts.check_out(BOB, path="new.md")
        assert (await engine.checkouts.check_in(BOB, path="new.md"))["version"] == 0
        await engine.checkouts.check_out(BOB, path="new.md")
        (folder / "new.md").write_text("made\n")
        assert (await engine.checkouts.check_in(BOB, path="new.md"))["version"] == 1
        await engine.checkouts.check_out(BOB, path="new.md")
        assert (await engine.checkouts.check_in(BOB, path="new.md"))["version"] == 1


async def test_what_somebody_saved_just_before_is_not_given_to_the_agent(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "draft.md", "one\n")
        (folder / "draft.md").write_text("a person's\n")
        await engine.checkouts.check_out(BOB, path="draft.md")
        (folder / "draft.md").write_text("the tool's\n")
        await engine.checkouts.check_in(BOB, path="draft.md")
        assert [by for _, by, _ in await history(engine, "draft.md")] == ["bob", "external", "ann"]


async def test_who_is_locked_out_is_told_by_whom(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "draft.md", "one\n")
        held = await engine.locks.lock_files(ANN, paths=["draft.md"], purpose="intro")
        with pytest.raises(Locked) as refusal:
            await engine.checkouts.check_out(BOB, path="draft.md")
        assert (refusal.value.facts["agent"], refusal.value.facts["purpose"]) == ("ann", "intro")
        await engine.locks.unlock_files(ANN, lock=held["lock"])
        await engine.checkouts.check_out(BOB, path="draft.md", purpose="Edit")
        with pytest.raises(Locked):
            await write(engine, "draft.md", "two\n", overwrite=True)


async def test_two_sessions_under_one_name_do_not_edit_one_file_at_once(folder: Path) -> None:
    async with opened(folder) as engine:
        first = await engine.checkouts.check_out(BOB, path="a.md", session="s1")
        with pytest.raises(Locked) as refusal:
            await engine.checkouts.check_out(BOB, path="a.md", session="s2")
        assert refusal.value.facts["yours"] is True
        assert "session" in (refusal.value.hint or "")
        assert (await engine.checkouts.check_in(BOB, path="a.md", session="s2"))["released"] == []
        again = await engine.checkouts.check_out(BOB, path="a.md", session="s1")
        assert again["lock"] == first["lock"]


async def test_a_lock_that_the_agent_has_already_serves_and_stays(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "d/a.md", "one\n")
        held = await engine.locks.lock_files(BOB, paths=["d/"], purpose="chapter")
        out = await engine.checkouts.check_out(BOB, path="d/a.md", session="s1", purpose="Edit")
        assert out["lock"] == held["lock"]
        (folder / "d/a.md").write_text("two\n")
        done = await engine.checkouts.check_in(BOB, path="d/a.md", session="s1")
        assert (done["by"], done["released"]) == ("bob", [])
        assert (await engine.files.write_file(BOB, path="d/a.md", content="3", lock=held["lock"]))["version"] == 3


async def test_a_wide_lock_is_for_the_folder_only_at_a_checked_out_path_until_its_check_in(
    folder: Path,
) -> None:
    async with opened(folder) as engine:
        await write(engine, "d/a.md", "one\n")
        await write(engine, "d/b.md", "one\n")
        held = await engine.locks.lock_files(BOB, paths=["d/"])
        await engine.checkouts.check_out(BOB, path="d/a.md", session="s1")
        (folder / "d/a.md").write_text("the tool's\n")
        await engine.checkouts.check_in(BOB, path="d/a.md", session="s1")
        await engine.checkouts.check_out(BOB, path="d/a.md", session="s1")
        await engine.tree.materialiser.sync()
        aged(folder / "d/b.md", b"a person's\n")
        await reconcile(engine)
        assert (await history(engine, "d/b.md"))[0] == (2, "external", "external")
        with pytest.raises(LockLost) as lost:
            await engine.files.write_file(BOB, path="d/b.md", content="x", lock=held["lock"])
        assert lost.value.facts["reason"] == "broken"
        held = await engine.locks.lock_files(BOB, paths=["d/"])
        await engine.checkouts.check_out(BOB, path="d/a.md", session="s1")
        await engine.checkouts.check_in(BOB, path="d/a.md", session="s1")
        aged(folder / "d/a.md", b"a person's, later\n")
        await reconcile(engine)
        assert [by for _, by, _ in await history(engine, "d/a.md")] == ["external", "bob", "ann"]


async def test_what_no_agent_may_write_cannot_be_checked_out(folder: Path) -> None:
    (folder / "dir").mkdir()
    (folder / "link.md").symlink_to("/etc/passwd")
    async with opened(folder) as engine:
        for path in ("node_modules/x.js", "link.md", ".workspace/config.toml", "../x.md"):
            with pytest.raises(InvalidPath):
                await engine.checkouts.check_out(BOB, path=path)
        with pytest.raises(IsDirectory):
            await engine.checkouts.check_out(BOB, path="dir")
        for call in (engine.checkouts.check_out, engine.checkouts.check_in):
            with pytest.raises(Forbidden):
                await call(BOB, path="CLAUDE.md")
        for scope in (everywhere("read", "lock"), everywhere("read", "write")):
            with pytest.raises(Forbidden):
                await engine.checkouts.check_out(Caller(agent="bob", scope=scope), path="a.md")
        await engine.checkouts.check_out(Caller(agent="boss", scope=ALL), path="CLAUDE.md")
        assert [kind for kind, _ in await types(engine)] == ["lock.acquired"]


async def test_after_its_time_an_edit_is_nobodys_but_an_outsiders(folder: Path) -> None:
    clock = ManualClock()
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await engine.checkouts.check_out(BOB, path="a.md", ttl_seconds=5)
        clock.advance(6)
        (folder / "a.md").write_text("late\n")
        done = await engine.checkouts.check_in(BOB, path="a.md")
        assert (done["by"], done["released"]) == ("external", [])
        with pytest.raises(VersionRequired):
            await write(engine, "a.md", "x")
        assert await text(engine, "a.md") == "late\n"


async def test_a_file_that_never_holds_still_is_not_checked_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkouts, "PAUSE_S", 0.0)
    async with opened(folder) as engine:
        await write(engine, "a.md", "one\n")

        async def never(_path: str) -> bool:
            return False

        monkeypatch.setattr(engine.checkouts, "_agrees", never)
        with pytest.raises(Unavailable) as refusal:
            await engine.checkouts.check_out(BOB, path="a.md")
        assert refusal.value.retryable
        assert (await engine.locks.list_locks(ANN))["locks"] == []
