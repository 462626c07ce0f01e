"""Sets of files in a real workspace: counted, listed, from several agents, complete in time or not."""

from dataclasses import replace
from typing import Any

import pytest

from tests.services.automation.acting import (
    ANN,
    BOB,
    EDITOR,
    claim,
    finish,
    inputs,
    reopened,
    save,
    told,
    turn,
    watch,
)
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.joins import changes
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL, everywhere
from workspace_server.errors import InvalidArgument, JobLost
from workspace_server.services.engine import Engine
from workspace_server.storage.tables import triggers

pytestmark = pytest.mark.anyio


async def waiting(engine: Engine) -> list[dict[str, Any]]:
    """Return what the one key of the one trigger waits for."""
    (shown,) = (await engine.triggers.list_triggers(ANN))["triggers"]
    missing: list[dict[str, Any]] = shown["keys"][0]["missing"]
    return missing


async def test_any_fires_for_whatever_comes_first_and_again_in_the_next_round(engine: Engine) -> None:
    await watch(engine, ["a.md", "b.md"], mode="any")
    await save(engine, "a.md", "a")
    job = await claim(engine)
    await save(engine, "b.md", "b")
    await save(engine, "a.md", "more of a")
    assert await claim(engine) is None, "one firing in flight at a time"
    await finish(engine, job)
    assert job is not None
    assert [one["path"] for one in job["inputs"]] == ["a.md"]
    assert await inputs(engine) == ["a.md@2", "b.md@1"]
    assert await inputs(engine) is None


async def test_count_fires_when_so_many_of_a_pattern_are_in(engine: Engine) -> None:
    await watch(engine, ["reviews/*.md"], mode="count", count=2)
    await save(engine, "reviews/z.md", "z")
    assert await waiting(engine) == [{"reason": "count", "have": 1, "need": 2}]
    await save(engine, "reviews/z.md", "z again")
    assert await claim(engine) is None
    await save(engine, "reviews/a.md", "a")
    assert await inputs(engine) == ["reviews/z.md@2", "reviews/a.md@1"], "in the order in which they came"
    await save(engine, "reviews/a.md", "a again")
    assert await claim(engine) is None, "the others are consumed"
    await save(engine, "reviews/b.md", "b")
    assert await inputs(engine) == ["reviews/a.md@2", "reviews/b.md@1"]


async def test_a_deleted_file_counts_no_more(engine: Engine) -> None:
    await watch(engine, ["reviews/*.md"], mode="count", count=2)
    await save(engine, "reviews/a.md", "a")
    await engine.files.delete_file(ANN, path="reviews/a.md")
    await save(engine, "reviews/b.md", "b")
    assert await claim(engine) is None
    await engine.files.move_file(ANN, path="reviews/b.md", to="reviews/c.md")
    assert await claim(engine) is None, "moved, it is still one file"
    await save(engine, "reviews/d.md", "d")
    assert await inputs(engine) == ["reviews/c.md@1", "reviews/d.md@1"]


async def test_the_inputs_may_have_to_come_from_different_agents(engine: Engine) -> None:
    await watch(engine, ["votes/*"], mode="count", count=2, distinct_agents=True)
    await save(engine, "votes/1", "yes")
    await save(engine, "votes/2", "yes")
    assert await waiting(engine) == [{"reason": "agents", "have": 1, "need": 2, "agents": ["ann"]}]
    await save(engine, "votes/3", "no", BOB)
    assert await inputs(engine) == ["votes/1@1", "votes/2@1", "votes/3@1"]


async def test_all_of_a_pattern_is_as_many_as_count_says(engine: Engine) -> None:
    await watch(engine, ["parts/*.csv", "cover.md"], mode="all", count=2, refire="any")
    for path in ("parts/1.csv", "cover.md"):
        await save(engine, path, path)
    assert await claim(engine) is None
    await save(engine, "parts/2.csv", "two")
    assert await inputs(engine) == ["cover.md@1", "parts/1.csv@1", "parts/2.csv@1"]
    await save(engine, "parts/2.csv", "two again")
    assert await inputs(engine) == ["cover.md@1", "parts/1.csv@1", "parts/2.csv@2"], "the current version of each"


async def test_each_value_of_a_capture_counts_its_own_files(engine: Engine) -> None:
    await watch(engine, ["in/{topic}/*.csv"], mode="all", count=2)
    for path in ("in/cats/1.csv", "in/dogs/1.csv", "in/dogs/2.csv"):
        await save(engine, path, path)
    assert await inputs(engine) == ["in/dogs/1.csv@1", "in/dogs/2.csv@1"]
    assert await inputs(engine) is None


async def test_a_join_remembers_a_bounded_number_of_files_and_says_so(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "LIMITS", replace(LIMITS, trigger_slots_max=2))
    await watch(engine, ["in/*"], mode="count", count=3)
    for number in range(3):
        await save(engine, f"in/{number}", "x")
    (suppressed,) = await told(engine, "trigger.suppressed")
    assert (suppressed["reason"], suppressed["inputs"]) == ("slots", [{"path": "in/2"}])
    await engine.files.delete_file(ANN, path="in/0")
    await save(engine, "in/3", "x")
    assert len(await told(engine, "trigger.suppressed")) == 1, "there is room again"


async def test_a_manifest_says_which_files_must_be_in(engine: Engine) -> None:
    await watch(engine, [], mode="all", manifest="parts.txt")
    await save(engine, "a.md", "saved before anybody waits for it")
    assert await waiting(engine) == [{"path": "parts.txt", "reason": "manifest", "problem": "is not there"}]
    await save(engine, "parts.txt", "a.md\nb.md\n")
    assert await waiting(engine) == [{"path": "b.md", "reason": "absent"}]
    await save(engine, "c.md", "not listed")
    await save(engine, "b.md", "b")
    assert await inputs(engine) == ["a.md@1", "b.md@1"]
    assert (await told(engine, "trigger.fired"))[0]["inputs"][0] == {"path": "a.md", "version": 1}


async def test_a_manifest_that_changes_changes_what_is_waited_for(engine: Engine) -> None:
    await watch(engine, [], mode="all", manifest="parts.txt", refire="any")
    await save(engine, "parts.txt", "a.md\nb.md\n")
    await save(engine, "a.md", "a")
    await save(engine, "parts.txt", "a.md\n")
    assert await inputs(engine) == ["a.md@1"]
    await save(engine, "parts.txt", "b.md\n")
    await save(engine, "parts.txt", "a.md\n")
    assert await inputs(engine) is None, "the same set does not fire twice, however the list changed meanwhile"
    await save(engine, "b.md", "b")
    await save(engine, "parts.txt", "a.md\nb.md\n")
    assert await inputs(engine) == ["a.md@1", "b.md@1"]


async def test_the_files_and_their_manifest_may_come_in_one_commit(engine: Engine) -> None:
    await watch(engine, [], mode="all", manifest="parts.txt")
    written = [{"op": "write", "path": path, "content": "a.md\nb.md\n"} for path in ("a.md", "parts.txt", "b.md")]
    await engine.files.commit_files(ANN, changes=written)
    assert await inputs(engine) == ["a.md@1", "b.md@1"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "lists no path"),
        ("a.md\n../b.md\n", "has no path on line 2"),
        ("\n".join(f"{number}.md" for number in range(1_001)), "lists more than 1000 paths"),
        ("x.md\n" * 60_000, "bytes long; 262144 are read"),
        ("secret/plan.md\n", "lists secret/plan.md, which is not among the trigger's files"),
    ],
)
async def test_a_manifest_that_cannot_be_followed_says_why(engine: Engine, content: str, problem: str) -> None:
    await watch(engine, ["*.md"], mode="all", manifest="parts.txt")
    await save(engine, "parts.txt", content)
    (missing,) = await waiting(engine)
    assert missing["reason"] == "manifest"
    assert problem in missing["problem"]
    await save(engine, "parts.txt", "a.md\n")
    await save(engine, "a.md", "a")
    assert await inputs(engine) == ["a.md@1"]


async def test_a_manifest_that_is_deleted_holds_everything_until_it_is_back(engine: Engine) -> None:
    await watch(engine, [], mode="all", manifest="parts.txt")
    await save(engine, "parts.txt", "a.md\n")
    await engine.files.delete_file(ANN, path="parts.txt")
    await save(engine, "a.md", "a")
    assert await claim(engine) is None
    await engine.files.restore_file(ANN, path="parts.txt")
    assert await inputs(engine) == ["a.md@1"]


async def test_a_manifest_that_is_there_before_its_trigger_is_read(engine: Engine) -> None:
    await save(engine, "in/cats/list.txt", "in/cats/a.md\n")
    await save(engine, "in/cats/a.md", "old")
    await watch(engine, [], mode="all", manifest="in/{topic}/list.txt")
    assert await claim(engine) is None, "what was there before the trigger does not count"
    await save(engine, "in/cats/a.md", "new")
    assert await inputs(engine) == ["in/cats/a.md@2"]
    assert (await told(engine, "trigger.fired"))[0]["key"] == {"topic": "cats"}


async def test_what_was_there_counts_when_the_trigger_says_so(engine: Engine) -> None:
    await save(engine, "in/a.md", "a")
    await save(engine, "in/b.md", "b", BOB)
    await watch(engine, ["in/*.md"], mode="count", count=1, since="existing", not_agents=["bob"])
    assert await inputs(engine) == ["in/a.md@1"]


async def test_filters_leave_out_what_does_not_count(engine: Engine) -> None:
    await watch(engine, ["in/**"], not_files=["in/old/"], not_agents=["bob"], media_types=["text/*"], max_bytes=9)
    await save(engine, "in/old/a.md", "x")
    await save(engine, "in/a.md", "by bob", BOB)
    await save(engine, "in/b.md", "far too long a text")
    await save(engine, "in/c.json", "{}")
    assert await claim(engine) is None
    await save(engine, "in/a.md", "short")
    assert await inputs(engine) == ["in/a.md@2"]


async def test_a_file_that_grew_out_of_the_filter_is_missing_again(engine: Engine) -> None:
    await watch(engine, ["a.md", "b.md"], mode="all", max_bytes=9)
    await save(engine, "a.md", "short")
    await save(engine, "a.md", "not short any more")
    await save(engine, "b.md", "b")
    assert await claim(engine) is None
    await save(engine, "a.md", "short again"[:9])
    assert await inputs(engine) == ["a.md@3", "b.md@1"]


async def test_on_chooses_what_starts_it(engine: Engine) -> None:
    await watch(engine, ["*.md"], on=["file.deleted"])
    await save(engine, "a.md", "a")
    assert await claim(engine) is None
    await engine.files.delete_file(ANN, path="a.md")
    assert await inputs(engine) == ["a.md@1"]
    await save(engine, "a.md", "a")
    await engine.files.delete_file(ANN, path="a.md")
    assert await inputs(engine) == ["a.md@2"]


async def test_only_new_files_may_start_it(engine: Engine) -> None:
    await watch(engine, ["*.md"], on=["file.created"])
    await save(engine, "a.md", "a")
    assert await inputs(engine) == ["a.md@1"]
    await save(engine, "a.md", "again")
    assert await claim(engine) is None


async def test_the_end_of_a_lock_may_start_it(engine: Engine) -> None:
    await watch(engine, ["a.md", "b.md"], on=["lock.released"])
    await save(engine, "a.md", "a")
    for _ in range(2):
        lock = (await engine.locks.lock_files(ANN, paths=["a.md", "absent.md"]))["lock"]
        await engine.locks.unlock_files(ANN, lock=lock)
        assert await inputs(engine) == ["a.md@1"]


async def test_a_trigger_may_follow_the_deadline_of_another(engine: Engine, clock: ManualClock) -> None:
    await watch(engine, ["a.md", "b.md"], mode="all", within_seconds=60)
    await watch(engine, ["a.md"], name="helper", queue="help", on=["trigger.timed_out"])
    await save(engine, "a.md", "a")
    await turn(engine, clock, 61)
    assert await inputs(engine, queue="help") == ["a.md@1"]


async def test_a_set_that_is_late_is_told_with_what_is_missing_and_who_held_it(
    engine: Engine, clock: ManualClock
) -> None:
    await watch(engine, ["a.md", "b.md", "in/c.md", "d.md"], mode="all", within_seconds=60, on_timeout="escalate")
    lock = (await engine.locks.lock_files(BOB, paths=["in/"]))["lock"]
    await engine.locks.unlock_files(BOB, lock=lock)
    await engine.locks.lock_files(BOB, paths=[{"path": "odd{name.md"}])  # which would read as no pattern
    await engine.files.write_file(Caller(agent="cy"), path="d.md", content="d")
    await engine.files.delete_file(ANN, path="d.md")
    await save(engine, "a.md", "a")
    assert await engine.automation.due() == ["1 firings wait for their time"]
    await turn(engine, clock, 59)
    assert await told(engine, "trigger.timed_out") == []
    await turn(engine, clock, 1)
    await turn(engine, clock, 600)
    (late,) = await told(engine, "trigger.timed_out")
    assert late["missing"] == [
        {"path": "b.md", "reason": "absent"},
        {"path": "in/c.md", "reason": "absent", "agent": "bob"},
        {"path": "d.md", "reason": "absent", "agent": "ann"},
    ]
    assert late["inputs"] == [{"path": "a.md", "version": 1}]
    assert (late["trigger"], late["on_timeout"], late["within_seconds"]) == ("editor", "escalate", 60)
    for path in ("b.md", "in/c.md", "d.md"):
        await save(engine, path, path)
    assert await inputs(engine) == ["a.md@1", "b.md@1", "in/c.md@1", "d.md@2"], "late, but complete"


async def test_a_late_set_may_fire_with_what_there_is(engine: Engine, clock: ManualClock) -> None:
    await watch(engine, ["a.md", "b.md"], mode="all", within_seconds=60, on_timeout="fire_partial")
    await save(engine, "a.md", "a")
    await turn(engine, clock, 60)
    (fired,) = await told(engine, "trigger.fired")
    assert fired["missing"] == [{"path": "b.md", "reason": "absent"}]
    assert await inputs(engine) == ["a.md@1"]
    await save(engine, "b.md", "b")
    assert await claim(engine) is None, "a new round"
    await turn(engine, clock, 60)
    assert await inputs(engine) == ["b.md@1"]


async def test_a_late_set_waits_for_the_firing_before_it(engine: Engine, clock: ManualClock) -> None:
    await watch(engine, ["a.md", "b.md"], mode="all", within_seconds=60, on_timeout="fire_partial")
    for path in ("a.md", "b.md", "b.md"):
        await save(engine, path, f"{path} {clock.wall_s()}")
        clock.advance(1)
    job = await claim(engine)
    await turn(engine, clock, 100)
    assert len(await told(engine, "trigger.timed_out")) == 1
    assert await claim(engine) is None
    await finish(engine, job)
    assert await inputs(engine) == ["b.md@2"]


async def test_a_late_set_may_begin_anew(engine: Engine, clock: ManualClock) -> None:
    await watch(engine, ["a.md", "b.md"], mode="all", within_seconds=60, on_timeout="reset")
    await save(engine, "a.md", "a")
    await turn(engine, clock, 60)
    await save(engine, "b.md", "b")
    assert await claim(engine) is None, "the first input is forgotten"
    await save(engine, "a.md", "a again")
    assert await inputs(engine) == ["a.md@2", "b.md@1"]


async def test_a_deadline_that_passed_while_the_server_was_away_is_told_at_start(
    folder: Any, clock: ManualClock
) -> None:
    async with reopened(folder, clock) as engine:
        await watch(engine, ["a.md", "b.md"], mode="all", within_seconds=60)
        await save(engine, "a.md", "a")
    clock.advance(61)
    async with reopened(folder, clock) as engine:
        await engine.automation.settle()
        assert len(await told(engine, "trigger.timed_out")) == 1


async def test_two_firings_of_a_key_may_be_in_flight(engine: Engine) -> None:
    await watch(engine, ["a.md"], concurrency=2)
    jobs = []
    for text in ("one", "two", "three", "four"):
        await save(engine, "a.md", text)
        jobs.append(await claim(engine))
    assert [job is not None for job in jobs] == [True, True, False, False]
    await finish(engine, jobs[0])
    assert await inputs(engine) == ["a.md@4"]


async def test_a_firing_waits_until_its_inputs_are_indexed(engine: Engine) -> None:
    await watch(engine, ["a.md", "b.md"], mode="all", indexed=True)
    await save(engine, "a.md", "# A\n\n- Price: 3 EUR\n")
    await save(engine, "b.md", "# B\n\n- Price: 4 EUR\n")
    job = await claim(engine, wait_seconds=30)
    assert job is not None
    row = await engine.db.read(lambda tx: tx.one("SELECT data FROM firings"))
    assert row is not None
    assert row[0].count('"index_state":"ok"') == 2
    assert [one["index_state"] for one in job["inputs"]] == ["ok", "ok"]


async def test_a_paused_trigger_takes_note_and_fires_once_it_goes_on(engine: Engine) -> None:
    await watch(engine, ["a.md", "b.md"], mode="all")
    await save(engine, "a.md", "a")

    async def pause(tx: Any, *, paused: bool) -> None:
        await triggers.set_paused(tx, 1, paused=paused)
        await triggers.set_edition(tx, f"edition {paused}")
        if not paused:
            await engine.automation.reaction.resume(tx, 1)

    await engine.db.write(lambda tx: pause(tx, paused=True))
    for text in ("one", "two"):
        await save(engine, "b.md", text)
    assert await claim(engine) is None
    await engine.db.write(lambda tx: pause(tx, paused=False))
    await engine.automation.settle()
    assert await inputs(engine) == ["a.md@1", "b.md@2"]


async def test_a_save_in_the_name_of_a_webhooks_agent_is_its_own(engine: Engine) -> None:
    await engine.triggers.create_trigger(
        Caller(agent="root", scope=everywhere("trigger", "read", "admin")),
        name="hook",
        files=["a.md"],
        url="https://hooks.example.com/x",
        options={"settle": "immediate", "agent": "editor"},
    )
    await save(engine, "a.md", "by the receiver", EDITOR)
    assert await told(engine, "trigger.fired") == []
    await save(engine, "a.md", "by another")
    (fired,) = await told(engine, "trigger.fired")
    await save(engine, "b.md", "what it wrote", EDITOR)
    (made,) = [event for event in await told(engine, "file.created") if event["path"] == "b.md"]
    assert made["cause"]["firing"] == fired["firing"]


async def hooked(engine: Engine) -> None:
    """Make a trigger whose webhook's receiver acts as editor, and let its first firing arrive."""
    await engine.triggers.create_trigger(
        Caller(agent="root", scope=ALL),
        name="hook",
        files=["a.md"],
        url="https://hooks.example.com/x",
        options={"settle": "immediate", "agent": "editor", "visibility_seconds": 60},
    )
    await save(engine, "a.md", "one")
    await engine.db.write(lambda tx: engine.automation.reaction.delivered(tx, 1))
    await save(engine, "a.md", "two")


async def test_a_webhooks_firing_lasts_until_its_agent_finishes_it(engine: Engine) -> None:
    await hooked(engine)
    assert len(await told(engine, "trigger.fired")) == 1
    with pytest.raises(JobLost):
        await engine.jobs.finish_job(BOB, job="F1")
    with pytest.raises(InvalidArgument):
        await engine.jobs.finish_job(EDITOR, job="F1", outcome="retry")
    for _ in range(2):
        assert await engine.jobs.finish_job(EDITOR, job="F1") == {"job": "F1", "state": "done"}
    assert len(await told(engine, "trigger.fired")) == 2
    with pytest.raises(JobLost):
        await engine.jobs.finish_job(EDITOR, job="F99")


async def test_a_webhooks_firing_ends_when_its_agent_is_out_of_sight(engine: Engine, clock: ManualClock) -> None:
    await hooked(engine)
    await turn(engine, clock, 59)
    assert len(await told(engine, "trigger.fired")) == 1
    await turn(engine, clock, 1)
    assert len(await told(engine, "trigger.fired")) == 2


async def test_a_file_from_before_the_kept_log_counts_all_the_same(engine: Engine) -> None:
    await save(engine, "a.md", "a")
    await engine.db.write(lambda tx: tx.run("DELETE FROM events"))
    await watch(engine, ["a.md"], since="existing")
    assert await inputs(engine) == ["a.md@1"]


async def test_what_a_person_approves_starts_the_next_with_that_version(engine: Engine) -> None:
    root = Caller(agent="root", scope=ALL)
    await engine.triggers.create_trigger(ANN, name="ask", files=["a.md"], mode="any", options={"approval": "Go on?"})
    await watch(engine, ["*.md"], on=["approval.granted"])
    first = await save(engine, "a.md", "one")
    await save(engine, "a.md", "two")
    assert await claim(engine) is None
    (asked,) = (await engine.automation.decisions.list_attention(root))["attention"]
    await engine.automation.decisions.approve(root, attention=asked["attention"], stale=True)
    job = await claim(engine)
    assert job is not None
    assert job["inputs"] == [{"path": "a.md", "version": 1}]
    row = await engine.db.read(lambda tx: tx.one("SELECT data FROM firings ORDER BY firing_id DESC LIMIT 1"))
    assert row is not None
    assert first["sha256"] in row[0]


async def test_filters_look_at_the_file_whatever_happened_to_it(engine: Engine) -> None:
    await watch(engine, ["*"], on=["lock.released"], media_types=["text/*"])
    for path in ("a.json", "a.md"):
        await save(engine, path, "{}")
        lock = (await engine.locks.lock_files(ANN, paths=[path]))["lock"]
        await engine.locks.unlock_files(ANN, lock=lock)
    assert await inputs(engine) == ["a.md@1"]
    assert await inputs(engine) is None
