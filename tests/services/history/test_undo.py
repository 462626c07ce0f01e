"""One agent's work is taken back; what others did stays."""

import asyncio
from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import ALL, everywhere
from workspace_server.errors import Conflict, Forbidden, InvalidArgument, NotFound
from workspace_server.services.engine import Engine
from workspace_server.services.history import undo as module
from workspace_server.services.history.taking_back import Plan, planned
from workspace_server.storage.database import Transaction

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")
PAT = Caller(agent="pat", scope=ALL, verified=True)
"""A person with the admin's key."""

LINES = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"


async def write(engine: Engine, caller: Caller, path: str, content: str, **given: Any) -> int:
    result = await engine.files.write_file(caller, path=path, content=content, overwrite=True, **given)
    return int(result["seq"])


async def undo(engine: Engine, since: int | str = 0, caller: Caller = PAT, **given: Any) -> dict[str, Any]:
    return await engine.undo.undo(caller, **{"agent": "ann", "since": since, **given})


async def text(engine: Engine, path: str) -> str | None:
    try:
        return (await engine.files.read_file(ANN, path=path)).text
    except NotFound:
        return None


def did(result: dict[str, Any]) -> dict[str, str]:
    return {one["path"]: one["did"] for one in result["files"]}


def left(result: dict[str, Any]) -> dict[str, str]:
    return {one["path"]: one["reason"] for one in result["left"]}


async def happened(engine: Engine, since: int) -> list[dict[str, Any]]:
    return [
        event
        for event in (await engine.events.feed(PAT, since_seq=since, limit=1_000))["events"]
        if event["type"] != "file.indexed"
    ]


async def test_changes_creations_and_deletes_are_taken_back_in_one_commit(engine: Engine) -> None:
    await write(engine, BOB, "kept.md", "kept\n")
    await write(engine, BOB, "lost.md", "lost\n")
    seq = await write(engine, BOB, "other.md", "other\n")
    await write(engine, ANN, "kept.md", "spoilt\n")
    await write(engine, ANN, "kept.md", "spoilt again\n")
    await write(engine, ANN, "new/made.md", "made\n")
    await engine.files.delete_file(ANN, path="lost.md")
    before = engine.head_seq

    result = await undo(engine, seq)

    assert did(result) == {"kept.md": "restored", "lost.md": "restored", "new/made.md": "deleted"}
    assert result["left"] == []
    assert (result["since_seq"], result["agent"]) == (seq, "ann")
    assert result["until_seq"] >= before
    assert [await text(engine, path) for path in ("kept.md", "lost.md", "new/made.md")] == ["kept\n", "lost\n", None]
    assert (engine.root / "kept.md").read_text() == "kept\n"
    assert not (engine.root / "new").exists()
    events = await happened(engine, before)
    assert [event["type"] for event in events] == ["file.deleted", "file.restored", "file.restored", "files.committed"]
    assert {event["commit"] for event in events} == {result["commit"]}
    assert {event["agent"] for event in events} == {"pat"}
    assert result["seq"] == events[-1]["seq"]
    assert {event.get("restored_version") for event in events} == {None, 1}
    history = await engine.files.file_history(PAT, path="kept.md")
    assert [(one["op"], one["by"], one["message"]) for one in history["versions"][:1]] == [
        ("undo", "pat", "undo of ann")
    ]


async def test_what_others_changed_elsewhere_in_the_text_is_kept(engine: Engine) -> None:
    seq = await write(engine, BOB, "a.md", LINES)
    await write(engine, ANN, "a.md", LINES.replace("two", "TWO"))
    await write(engine, BOB, "a.md", LINES.replace("two", "TWO").replace("six", "SIX"))
    await write(engine, ANN, "a.md", LINES.replace("two", "TWO").replace("six", "SIX").replace("four", "FOUR"))

    result = await undo(engine, seq)

    assert did(result) == {"a.md": "merged"}
    assert await text(engine, "a.md") == LINES.replace("six", "SIX")
    assert (await happened(engine, result["until_seq"]))[0]["type"] == "file.updated"


async def test_what_was_changed_in_the_same_place_is_listed_for_a_person(engine: Engine) -> None:
    seq = await write(engine, BOB, "same.md", LINES)
    await write(engine, BOB, "gone.md", "old\n")
    await write(engine, ANN, "same.md", LINES.replace("two", "TWO"))
    await write(engine, BOB, "same.md", LINES.replace("two", "zwei"))
    await write(engine, ANN, "made.md", "by ann\n")
    await write(engine, BOB, "made.md", "by ann\nand bob\n")
    await engine.files.delete_file(ANN, path="gone.md")
    await write(engine, BOB, "gone.md", "new\n")
    before = engine.head_seq

    result = await undo(engine, seq)

    assert result["files"] == []
    assert result["commit"] is None
    assert result["left"] == [
        {"path": "gone.md", "reason": left(result)["gone.md"], "version": 2, "version_before": 1},
        {"path": "made.md", "reason": left(result)["made.md"], "version": 2, "version_before": None},
        {"path": "same.md", "reason": left(result)["same.md"], "version": 3, "version_before": 1},
    ]
    assert "created" in left(result)["made.md"]
    assert "deleted" in left(result)["gone.md"]
    assert "same places" in left(result)["same.md"]
    assert await happened(engine, before) == []


async def test_a_binary_that_others_have_changed_is_listed_and_one_that_they_have_not_is_restored(
    engine: Engine,
) -> None:
    async def put(caller: Caller, path: str, data: bytes) -> int:
        async def chunks() -> Any:
            yield data

        return int((await engine.files.upload(caller, path=path, chunks=chunks(), overwrite=True))["seq"])

    large = bytes(range(256)) * 400
    await put(BOB, "a.bin", b"\xff\x00a")
    seq = await put(BOB, "b.bin", large)
    await put(ANN, "a.bin", b"\xff\x00b")
    await put(ANN, "b.bin", b"\xff\x00d")
    await put(BOB, "a.bin", b"\xff\x00c")

    result = await undo(engine, seq)

    assert did(result) == {"b.bin": "restored"}
    assert set(left(result)) == {"a.bin"}
    assert (engine.root / "b.bin").read_bytes() == large


async def test_a_move_is_taken_back_at_both_ends(engine: Engine) -> None:
    await write(engine, BOB, "a.md", "a\n")
    await write(engine, BOB, "onto.md", "stood here\n")
    seq = await write(engine, BOB, "dir/x/b.md", "b\n")
    await engine.files.move_file(ANN, path="a.md", to="onto.md", overwrite=True)
    await engine.files.move_file(ANN, path="dir", to="other/dir")

    result = await undo(engine, seq)

    assert did(result) == {
        "a.md": "restored",
        "dir/x/b.md": "restored",
        "onto.md": "restored",
        "other/dir/x/b.md": "deleted",
    }
    assert [await text(engine, path) for path in ("a.md", "onto.md", "dir/x/b.md", "other/dir/x/b.md")] == [
        "a\n",
        "stood here\n",
        "b\n",
        None,
    ]
    assert sorted(path.name for path in engine.root.rglob("*.md")) == ["a.md", "b.md", "onto.md"]


async def test_a_moved_file_goes_back_with_what_others_have_written_into_it_since(engine: Engine) -> None:
    seq = await write(engine, BOB, "a.md", LINES)
    await engine.files.move_file(ANN, path="a.md", to="b.md")
    await write(engine, ANN, "b.md", LINES.replace("two", "TWO"))
    await write(engine, BOB, "b.md", LINES.replace("two", "TWO").replace("six", "SIX"))

    result = await undo(engine, seq)

    assert did(result) == {"a.md": "merged", "b.md": "deleted"}
    assert await text(engine, "a.md") == LINES.replace("six", "SIX")
    assert await text(engine, "b.md") is None


async def test_a_move_is_left_whole_when_one_end_cannot_be_taken_back(engine: Engine) -> None:
    await write(engine, BOB, "a.md", LINES)
    seq = await write(engine, BOB, "c/d.md", "d\n")
    await engine.files.move_file(ANN, path="a.md", to="b.md")
    await engine.files.move_file(ANN, path="c/d.md", to="d.md")
    await engine.files.move_file(BOB, path="b.md", to="further.md")
    held = await engine.locks.lock_files(BOB, paths=["c/"])

    result = await undo(engine, seq)

    assert set(left(result)) == {"a.md", "b.md", "c/d.md", "d.md"}
    assert "further.md" in left(result)["b.md"]
    assert "locked" in left(result)["c/d.md"]
    assert "c/d.md" in left(result)["d.md"]
    assert await text(engine, "d.md") == "d\n"
    await engine.locks.unlock_files(BOB, lock=held["lock"])
    assert did(await undo(engine, seq, path="**/d.md")) == {
        "c/d.md": "restored",
        "d.md": "deleted",
    }


async def test_a_locked_file_is_listed_and_the_rest_is_taken_back(engine: Engine) -> None:
    seq = await write(engine, BOB, "a.md", "old a\n")
    await write(engine, BOB, "b.md", "old b\n")
    await write(engine, ANN, "a.md", "new a\n")
    await write(engine, ANN, "b.md", "new b\n")
    await engine.locks.lock_files(BOB, paths=["a.md"])

    result = await undo(engine, seq + 1)

    assert did(result) == {"b.md": "restored"}
    assert left(result) == {"a.md": "a.md is locked by bob."}
    assert await text(engine, "a.md") == "new a\n"


async def test_an_undo_is_undone_like_any_other_work(engine: Engine) -> None:
    await write(engine, BOB, "a.md", "old\n")
    seq = await write(engine, BOB, "b.md", "b\n")
    await write(engine, ANN, "a.md", "new\n")
    await write(engine, ANN, "made.md", "made\n")
    await engine.files.delete_file(ANN, path="b.md")
    before = engine.head_seq
    await undo(engine, seq)

    again = await undo(engine, before, agent="pat")

    assert did(again) == {"a.md": "restored", "b.md": "deleted", "made.md": "restored"}
    assert [await text(engine, path) for path in ("a.md", "b.md", "made.md")] == ["new\n", None, "made\n"]
    assert did(await undo(engine, seq)) == {"a.md": "restored", "b.md": "restored", "made.md": "deleted"}
    assert [await text(engine, path) for path in ("a.md", "b.md", "made.md")] == ["old\n", "b\n", None]


async def test_an_undo_that_was_made_already_does_nothing_more(engine: Engine) -> None:
    seq = await write(engine, BOB, "a.md", "old\n")
    await write(engine, ANN, "a.md", "new\n")
    await undo(engine, seq)
    before = engine.head_seq

    again = await undo(engine, seq)

    assert did(again) == {"a.md": "nothing"}
    assert again["commit"] is None
    assert again["seq"] >= before
    assert await happened(engine, before) == []


async def test_commits_restores_copies_and_edits_are_taken_back(engine: Engine) -> None:
    await write(engine, BOB, "a.md", "first\n")
    await write(engine, BOB, "a.md", "second\n")
    seq = await write(engine, BOB, "b.md", "b\n")
    await engine.files.restore_file(ANN, path="a.md", version=1, overwrite=True)
    await engine.files.commit_files(
        ANN,
        changes=[
            {"op": "edit", "path": "b.md", "edits": [{"old_text": "b", "new_text": "B"}]},
            {"op": "move", "path": "a.md", "to": "c.md", "copy": True},
            {"op": "write", "path": "d.md", "content": "d\n"},
        ],
    )

    result = await undo(engine, seq)

    assert did(result) == {"a.md": "restored", "b.md": "restored", "c.md": "deleted", "d.md": "deleted"}
    assert [await text(engine, path) for path in ("a.md", "b.md", "c.md")] == ["second\n", "b\n", None]


async def test_a_file_comes_back_where_its_directory_was_replaced(engine: Engine) -> None:
    await write(engine, BOB, "doc", "a file\n")
    seq = await write(engine, BOB, "Name.md", "name\n")
    await engine.files.delete_file(ANN, path="doc")
    await write(engine, ANN, "doc/x.md", "below\n")
    await engine.files.move_file(ANN, path="Name.md", to="other.md")
    await engine.files.move_file(ANN, path="other.md", to="name.md")

    result = await undo(engine, seq)

    assert result["left"] == []
    assert (engine.root / "doc").read_text() == "a file\n"
    assert (engine.root / "Name.md").read_text() == "name\n"
    assert not (engine.root / "name.md").exists()


async def test_what_cannot_stand_there_any_more_is_listed(engine: Engine) -> None:
    await write(engine, BOB, "doc", "a file\n")
    seq = await write(engine, BOB, "b.md", "b\n")
    await engine.files.delete_file(ANN, path="doc")
    await engine.files.delete_file(ANN, path="b.md")
    await write(engine, BOB, "doc/x.md", "bob's\n")
    await write(engine, BOB, "B.md", "bob's\n")

    result = await undo(engine, seq)

    assert result["files"] == []
    assert set(left(result)) == {"doc", "b.md"}
    assert await text(engine, "doc/x.md") == "bob's\n"


async def test_content_that_was_removed_is_listed(engine: Engine) -> None:
    await write(engine, BOB, "merged.md", LINES)
    seq = await write(engine, BOB, "purged.md", "secret\n")
    await write(engine, ANN, "purged.md", "harmless\n")
    await write(engine, ANN, "merged.md", LINES.replace("two", "TWO"))
    await write(engine, BOB, "merged.md", LINES.replace("two", "TWO").replace("six", "SIX"))

    async def remove(tx: Transaction) -> None:
        await tx.run(
            "UPDATE contents SET data = NULL, removed_at = 1, removed_why = 'purged' WHERE sha256 IN"
            " (SELECT sha256 FROM versions WHERE version = 1)"
        )

    await engine.db.write(remove)

    result = await undo(engine, seq)

    assert result["files"] == []
    assert set(left(result)) == {"merged.md", "purged.md"}
    assert "removed for good" in left(result)["purged.md"]
    assert await text(engine, "purged.md") == "harmless\n"


async def test_a_dry_run_says_the_same_and_changes_nothing(engine: Engine) -> None:
    await write(engine, BOB, "a.md", LINES)
    seq = await write(engine, BOB, "held.md", "held\n")
    await write(engine, ANN, "a.md", LINES.replace("two", "TWO"))
    await write(engine, ANN, "held.md", "changed\n")
    await write(engine, ANN, "made.md", "made\n")
    await write(engine, BOB, "a.md", LINES.replace("two", "TWO").replace("six", "SIX"))
    await engine.locks.lock_files(BOB, paths=["held.md"])
    before = engine.head_seq

    tried = await undo(engine, seq, dry_run=True)

    assert await happened(engine, before) == []
    assert await text(engine, "made.md") == "made\n"
    assert tried.pop("dry_run") is True
    done = await undo(engine, seq)
    assert (done["files"], done["left"]) == (tried["files"], tried["left"])


async def test_times_and_seqs_bound_what_is_taken_back(engine: Engine, clock: ManualClock) -> None:
    await write(engine, ANN, "early.md", "early\n")
    clock.advance(3_600)
    first = await write(engine, ANN, "first.md", "first\n")
    clock.advance(600)
    await write(engine, ANN, "second.md", "second\n")
    clock.advance(60)

    def touched(result: dict[str, Any]) -> set[str]:
        return set(did(result))

    assert touched(await undo(engine, "30m", dry_run=True)) == {"first.md", "second.md"}
    assert touched(await undo(engine, "11m", until="1m", dry_run=True)) == {"first.md", "second.md"}
    assert touched(await undo(engine, "11m", until="5m", dry_run=True)) == {"first.md"}
    assert touched(await undo(engine, first, dry_run=True)) == {"second.md"}
    assert touched(await undo(engine, 0, until=first, dry_run=True)) == {"early.md", "first.md"}
    assert touched(await undo(engine, first - 1, until=first, dry_run=True)) == {"first.md"}


async def test_later_work_of_the_same_agent_is_kept_like_anybody_elses(engine: Engine) -> None:
    seq = await write(engine, BOB, "a.md", LINES)
    last = await write(engine, ANN, "a.md", LINES.replace("two", "TWO"))
    await write(engine, ANN, "a.md", LINES.replace("two", "TWO").replace("six", "SIX"))

    await undo(engine, seq, until=last)

    assert await text(engine, "a.md") == LINES.replace("six", "SIX")


@pytest.mark.parametrize(
    ("chosen", "touched"),
    [("a.md", {"a.md"}), ("dir/", {"dir/b.md", "dir/sub/c.md"}), ("dir/*.md", {"dir/b.md"}), ("none.md", set())],
)
async def test_a_path_or_a_pattern_chooses_the_files(engine: Engine, chosen: str, touched: set[str]) -> None:
    for path in ("a.md", "dir/b.md", "dir/sub/c.md"):
        await write(engine, ANN, path, "x\n")

    assert set(did(await undo(engine, 0, path=chosen))) == touched


async def test_a_move_across_the_border_of_what_was_chosen_is_listed(engine: Engine) -> None:
    seq = await write(engine, BOB, "in/a.md", "a\n")
    await write(engine, BOB, "out/b.md", "b\n")
    await engine.files.move_file(ANN, path="in/a.md", to="out/a.md")
    await engine.files.move_file(ANN, path="out/b.md", to="in/b.md")

    result = await undo(engine, seq + 1, path="in/")

    assert result["files"] == []
    assert set(left(result)) == {"in/a.md", "in/b.md"}


async def test_only_an_admin_takes_back_what_another_agent_did(engine: Engine) -> None:
    await write(engine, ANN, "a.md", "a\n")

    with pytest.raises(Forbidden):
        await undo(engine, caller=BOB)
    with pytest.raises(Forbidden):
        await undo(engine, caller=Caller(agent="ann", scope=everywhere("read")))
    assert did(await undo(engine, caller=ANN)) == {"a.md": "deleted"}


async def test_a_guarded_file_is_listed_for_who_may_not_write_it(engine: Engine) -> None:
    await engine.files.write_file(Caller(agent="ann", scope=ALL), path="AGENTS.md", content="obey\n")

    assert set(left(await undo(engine, caller=ANN))) == {"AGENTS.md"}
    assert did(await undo(engine)) == {"AGENTS.md": "deleted"}


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"since": 99}, "since"),
        ({"since": "yesterday"}, "since"),
        ({"since": 1, "until": 0}, "until"),
        ({"since": 0, "until": 99}, "until"),
        ({"since": 0, "agent": "a" * 65}, "agent"),
        ({"since": 0, "message": "m" * 2_001}, "message"),
    ],
)
async def test_bad_bounds_are_refused(engine: Engine, given: dict[str, Any], argument: str) -> None:
    await write(engine, ANN, "a.md", "a\n")

    with pytest.raises(InvalidArgument) as refusal:
        await undo(engine, **given)

    assert refusal.value.facts["argument"] == argument


async def test_triggers_do_not_fire_for_what_comes_back_unless_they_are_to(engine: Engine) -> None:
    await write(engine, BOB, "a.md", "old\n")
    await engine.triggers.create_trigger(
        PAT, name="edit", files=["*.md"], queue="editors", options={"settle": {"quiet_ms": 0, "max_wait_ms": 0}}
    )
    seq = engine.head_seq
    await write(engine, ANN, "a.md", "new\n")
    fired = engine.head_seq

    async def firings(since: int) -> int:
        return sum(event["type"] == "trigger.fired" for event in await happened(engine, since))

    assert await firings(seq) == 1
    job = await engine.jobs.claim_job(BOB, queue="editors")
    await engine.jobs.finish_job(BOB, job=job["job"]["job"])
    await undo(engine, seq)
    await engine.automation.settle()
    assert await text(engine, "a.md") == "old\n"
    assert await firings(fired) == 0
    done = engine.head_seq
    await undo(engine, fired, agent="pat", fire=True)
    await engine.automation.settle()
    assert await firings(done) == 1


async def test_a_repeated_request_gives_the_first_answer(engine: Engine) -> None:
    seq = await write(engine, BOB, "a.md", "old\n")
    await write(engine, ANN, "a.md", "new\n")
    asking = Caller(agent="pat", scope=ALL, request_id="r1", asked="x")

    first = await undo(engine, seq, caller=asking)
    again = await undo(engine, seq, caller=asking)

    assert again == {**first, "replayed": True}


async def test_a_file_that_moves_on_meanwhile_is_looked_at_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seq = await write(engine, BOB, "a.md", LINES)
    await write(engine, ANN, "a.md", LINES.replace("two", "TWO"))
    seen: list[Plan] = []

    async def planned_then_changed(*given: Any) -> Any:
        plan = await planned(*given)
        if not seen:
            seen.append(plan)
            await write(engine, BOB, "a.md", LINES.replace("two", "TWO").replace("six", "SIX"))
        return plan

    monkeypatch.setattr(module, "planned", planned_then_changed)

    assert did(await undo(engine, seq)) == {"a.md": "merged"}
    assert await text(engine, "a.md") == LINES.replace("six", "SIX")


async def test_edits_on_disk_can_be_taken_back_too(engine: Engine) -> None:
    seq = await write(engine, BOB, "a.md", "old\n")
    await asyncio.to_thread((engine.root / "a.md").write_text, "by a script\n")
    await engine.waits.wait_for(ANN, files=["a.md"], since_seq=seq, timeout_seconds=25)
    assert await text(engine, "a.md") == "by a script\n"

    assert did(await undo(engine, seq, agent="external")) == {"a.md": "restored"}
    assert (engine.root / "a.md").read_text() == "old\n"


async def test_a_second_undo_finds_nothing_to_take_back_of_what_the_first_has_merged_out(engine: Engine) -> None:
    await write(engine, BOB, "a.md", LINES)
    seq = await write(engine, BOB, "b.md", LINES)
    await write(engine, ANN, "a.md", LINES.replace("one", "1"))
    await write(engine, BOB, "a.md", LINES.replace("one", "1").replace("seven", "7"))
    await write(engine, ANN, "a.md", LINES.replace("one", "uno").replace("seven", "7"))
    await engine.files.move_file(ANN, path="b.md", to="c.md")
    await write(engine, BOB, "c.md", LINES.replace("six", "6"))
    first = await undo(engine, seq)
    stands = {path: await text(engine, path) for path in ("a.md", "b.md", "c.md")}
    before = engine.head_seq

    again = await undo(engine, seq)

    assert (first["left"], again["left"], set(did(again).values())) == ([], [], {"nothing"})
    assert {path: await text(engine, path) for path in stands} == stands
    assert stands == {"a.md": LINES.replace("seven", "7"), "b.md": LINES.replace("six", "6"), "c.md": None}
    assert await happened(engine, before) == []


async def test_later_work_is_taken_back_without_the_part_that_an_earlier_undo_took(engine: Engine) -> None:
    seq = await write(engine, BOB, "a.md", LINES)
    await write(engine, ANN, "a.md", LINES.replace("one", "1"))
    await write(engine, BOB, "a.md", LINES.replace("one", "1").replace("four", "4"))
    await undo(engine, seq)
    await write(engine, ANN, "a.md", LINES.replace("four", "4").replace("seven", "7"))

    assert did(await undo(engine, seq)) == {"a.md": "restored"}
    assert await text(engine, "a.md") == LINES.replace("four", "4")


async def test_an_undo_that_is_held_to_a_preview_does_that_or_nothing(engine: Engine) -> None:
    await write(engine, BOB, "a.md", LINES)
    await write(engine, ANN, "a.md", LINES.replace("one", "ONE"))
    shown = await undo(engine, dry_run=True, diffs_max=1)
    await write(engine, BOB, "a.md", LINES.replace("one", "ONE").replace("seven", "SEVEN"))

    with pytest.raises(Conflict):
        await undo(engine, until=shown["until_seq"], preview=shown["preview"])
    merged = await undo(engine, until=shown["until_seq"], dry_run=True, diffs_max=1)
    done = await undo(engine, until=shown["until_seq"], preview=merged["preview"])

    assert "-ONE\n+one\n" in shown["files"][0]["diff"]
    assert "-ONE\n+one\n" in merged["files"][0]["diff"]
    assert did(done) == {"a.md": "merged"}
    assert await text(engine, "a.md") == LINES.replace("seven", "SEVEN")
