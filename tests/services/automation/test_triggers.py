"""Triggers in a real workspace: what fires, when, how often, and what does not."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.services.automation.acting import (
    ANN,
    BOB,
    EDITOR,
    REPORTS,
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
from workspace_server.core.firings import trace_of
from workspace_server.core.scopes import ALL, everywhere
from workspace_server.delivery.signing import new_secret
from workspace_server.errors import Conflict, InvalidArgument, NameTaken, NotFound, WorkspaceError
from workspace_server.services.automation.timers import Timers
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction

pytestmark = pytest.mark.anyio


async def refused(code: str, **given: Any) -> WorkspaceError:
    engine = given.pop("engine")
    with pytest.raises(WorkspaceError) as caught:
        await engine.triggers.create_trigger(given.pop("caller", ANN), **given)
    assert caught.value.code == code
    return caught.value


async def test_a_save_makes_a_job_in_the_same_commit(engine: Engine) -> None:
    assert await watch(engine, ["draft.md"], instructions="Edit it.") == {
        "trigger": "editor",
        "state": "active",
        "warnings": [],
    }
    await save(engine, "draft.md", "one")
    assert await claim(engine) == {
        "job": "J1",
        "queue": "editor",
        "trigger": "editor",
        "instructions": "Edit it.",
        "by": "ann",  # who wrote the instructions
        "inputs": [{"path": "draft.md", "version": 1}],
        "attempt": 1,
        "expires_in_seconds": 1_800,
        "cause": "F1",
    }
    (fired,) = await told(engine, "trigger.fired")
    assert (fired["trigger"], fired["firing"], fired["job"], fired["path"]) == ("editor", "F1", "J1", "draft.md")
    assert fired["agent"] == "server"


async def test_a_save_of_the_same_content_fires_nothing(engine: Engine) -> None:
    await watch(engine, ["draft.md"])
    await save(engine, "draft.md", "one")
    await save(engine, "draft.md", "one")
    assert await inputs(engine) == ["draft.md@1"]
    assert await inputs(engine) is None


async def test_a_refused_save_fires_nothing(engine: Engine) -> None:
    await save(engine, "draft.md", "one")
    await watch(engine, ["draft.md"])
    with pytest.raises(Conflict):
        await save(engine, "draft.md", "two", expect_version=7)
    assert await claim(engine) is None


async def test_a_pause_joins_a_burst_of_saves(engine: Engine, clock: ManualClock) -> None:
    await watch(engine, ["draft.md"], settle={"quiet_ms": 750, "max_wait_ms": 5_000})
    for text in ("one", "two", "three"):
        await save(engine, "draft.md", text)
        await turn(engine, clock, 0.5)
    assert await claim(engine) is None
    await turn(engine, clock, 0.5)
    assert await inputs(engine) == ["draft.md@3"]
    assert (await told(engine, "trigger.fired"))[0]["coalesced"] == 2


async def test_a_due_firing_wakes_who_waits_for_its_job(engine: Engine, clock: ManualClock) -> None:
    await watch(engine, ["draft.md"], settle={"quiet_ms": 500})
    waiting = asyncio.ensure_future(claim(engine, wait_seconds=30))
    await save(engine, "draft.md", "one")
    await turn(engine, clock, 0.5)
    assert (await waiting) is not None


async def test_all_fires_once_when_the_last_input_is_in(engine: Engine) -> None:
    await watch(engine, REPORTS, mode="all")
    for path in [*REPORTS[:2], *REPORTS[:2]]:
        await save(engine, path, f"{path} {len(path)}")
    assert await claim(engine) is None
    await save(engine, REPORTS[2], "owls")
    assert await inputs(engine) == [f"{path}@1" for path in REPORTS]
    assert await inputs(engine) is None


async def test_the_files_of_one_commit_fire_once(engine: Engine) -> None:
    await watch(engine, REPORTS, mode="all", refire="any")
    for text in ("one", "two"):
        changes = [{"op": "write", "path": path, "content": f"{text} {path}", "overwrite": True} for path in REPORTS]
        await engine.files.commit_files(ANN, changes=changes)
    assert await inputs(engine) == [f"{path}@1" for path in REPORTS]
    assert await inputs(engine) == [f"{path}@2" for path in REPORTS]
    assert await inputs(engine) is None


async def test_each_value_of_a_capture_has_its_own_round(engine: Engine) -> None:
    await watch(engine, ["in/{topic}/a.md", "in/{topic}/b.md"], mode="all")
    for path in ("in/cats/a.md", "in/dogs/b.md", "in/dogs/a.md"):
        await save(engine, path, path)
    assert await inputs(engine) == ["in/dogs/a.md@1", "in/dogs/b.md@1"]
    assert await inputs(engine) is None
    assert (await told(engine, "trigger.fired"))[0]["key"] == {"topic": "dogs"}


async def test_a_shared_input_counts_for_every_key_also_for_one_that_comes_later(engine: Engine) -> None:
    await watch(engine, ["in/{topic}.md", "brief.md"], mode="all")
    await save(engine, "in/cats.md", "cats")
    await save(engine, "brief.md", "brief")
    await save(engine, "in/dogs.md", "dogs")
    found = [await inputs(engine), await inputs(engine), await inputs(engine)]
    assert found == [["in/cats.md@1", "brief.md@1"], ["in/dogs.md@1", "brief.md@1"], None]
    await save(engine, "in/dogs.md", "more dogs")
    assert await claim(engine) is None, "the brief is consumed for this key"
    await save(engine, "brief.md", "another brief")
    assert await inputs(engine) == ["in/dogs.md@2", "brief.md@2"]


async def test_an_input_that_arrives_while_the_consumer_runs_is_not_dropped(engine: Engine) -> None:
    await watch(engine, ["draft.md"])
    await save(engine, "draft.md", "one")
    job = await claim(engine)
    for text in ("two", "three"):
        await save(engine, "draft.md", text)
    assert await claim(engine) is None, "one firing in flight at a time"
    await finish(engine, job)
    assert await inputs(engine) == ["draft.md@3"]
    assert await inputs(engine) is None


async def test_refire_any_makes_a_new_round_of_one_new_input(engine: Engine) -> None:
    await watch(engine, REPORTS, mode="all", refire="any")
    for path in REPORTS:
        await save(engine, path, path)
    await inputs(engine)
    await save(engine, REPORTS[1], "again")
    assert await inputs(engine) == ["research/cats.md@1", "research/dogs.md@2", "research/owls.md@1"]


async def test_a_firing_waits_until_its_input_is_unlocked(engine: Engine) -> None:
    await watch(engine, ["draft.md"])
    lock = (await engine.locks.lock_files(ANN, paths=["draft.md"]))["lock"]
    await save(engine, "draft.md", "one", lock=lock)
    await save(engine, "draft.md", "two", lock=lock)
    assert await claim(engine) is None
    await engine.locks.unlock_files(ANN, lock=lock)
    assert await inputs(engine) == ["draft.md@2"]


async def test_a_lock_that_expires_lets_the_firing_go(engine: Engine, clock: ManualClock) -> None:
    await watch(engine, ["draft.md"])
    lock = (await engine.locks.lock_files(ANN, paths=["draft.md"], ttl_seconds=60))["lock"]
    await save(engine, "draft.md", "one", lock=lock)
    clock.advance(61)
    await engine.locks.expire()
    assert await inputs(engine) == ["draft.md@1"]


async def test_a_lock_granted_later_holds_nothing(engine: Engine, clock: ManualClock) -> None:
    await watch(engine, ["draft.md"], settle={"quiet_ms": 750})
    await save(engine, "draft.md", "one")
    await engine.locks.lock_files(BOB, paths=["draft.md"])
    await turn(engine, clock, 1)
    assert await inputs(engine) == ["draft.md@1"]


async def test_a_shared_lock_holds_nothing(engine: Engine) -> None:
    await watch(engine, ["draft.md"])
    await engine.locks.lock_files(ANN, paths=["draft.md"], mode="shared")
    await save(engine, "draft.md", "one")
    assert await inputs(engine) == ["draft.md@1"]


async def test_a_lock_that_is_held_too_long_makes_the_firing_unclean(engine: Engine, clock: ManualClock) -> None:
    await watch(engine, ["draft.md"], hold_max_seconds=600)
    lock = (await engine.locks.lock_files(ANN, paths=["./"], ttl_seconds=3_600))["lock"]
    await save(engine, "draft.md", "one", lock=lock)
    await turn(engine, clock, 599)
    assert await claim(engine) is None
    await turn(engine, clock, 1)
    job = await claim(engine)
    assert job is not None
    (fired,) = await told(engine, "trigger.fired")
    for said in (job, fired):
        assert (said["inputs"], said["unclean"], said["holders"]) == (
            [{"path": "draft.md", "version": 1}],
            True,
            ["ann"],
        )


async def test_a_deleted_input_is_missing_again(engine: Engine) -> None:
    await watch(engine, ["a.md", "b.md"], mode="all")
    await save(engine, "a.md", "a")
    await engine.files.delete_file(ANN, path="a.md")
    await save(engine, "b.md", "b")
    assert await claim(engine) is None
    await engine.files.restore_file(ANN, path="a.md")
    assert await inputs(engine) == ["a.md@2", "b.md@1"]


async def test_a_file_that_is_moved_into_place_is_an_input_and_away_from_it_none(engine: Engine) -> None:
    await watch(engine, ["a.md", "b.md"], mode="all")
    await save(engine, "a.md", "a")
    await engine.files.move_file(ANN, path="a.md", to="b.md")
    assert await claim(engine) is None
    await save(engine, "a.md", "a")
    assert await inputs(engine) == ["a.md@2", "b.md@1"]


async def test_an_import_fires_nothing_unless_existing_files_count(engine: Engine) -> None:
    await watch(engine, ["old.md"])
    await watch(engine, ["old.md"], name="eager", queue="eager", since="existing")
    await save(engine, "old.md", "old", Caller(agent="import"))
    assert await claim(engine) is None
    assert await inputs(engine, queue="eager") == ["old.md@1"]


async def test_files_that_are_there_count_only_when_asked(engine: Engine) -> None:
    for path in REPORTS:
        await save(engine, path, path)
    later = await watch(engine, REPORTS, mode="all")
    assert "3 of its files" in later["warnings"][0]
    assert await claim(engine) is None
    await watch(engine, REPORTS, name="now", queue="now", mode="all", since="existing")
    assert await inputs(engine, queue="now") == [f"{path}@1" for path in REPORTS]
    await watch(engine, ["research/*.md"], name="each", queue="each", since="existing")
    assert [await inputs(engine, queue="each") for _ in range(4)] == [*([f"{path}@1"] for path in REPORTS), None]


async def test_what_the_job_itself_writes_does_not_fire_its_trigger(engine: Engine) -> None:
    await watch(engine, ["draft.md"])
    await save(engine, "draft.md", "one")
    job = await claim(engine)
    await save(engine, "draft.md", "edited", EDITOR)
    await finish(engine, job)
    assert await claim(engine) is None
    await save(engine, "draft.md", "edited later", EDITOR)
    assert await inputs(engine) == ["draft.md@3"]


async def test_own_writes_count_when_they_are_included(engine: Engine) -> None:
    await watch(engine, ["draft.md"], include_own_writes=True)
    await save(engine, "draft.md", "one")
    job = await claim(engine)
    await save(engine, "draft.md", "edited", EDITOR)
    await finish(engine, job)
    assert await inputs(engine) == ["draft.md@2"]


async def test_a_write_carries_the_chain_of_the_firing_behind_it(engine: Engine) -> None:
    await watch(engine, ["draft.md"])
    await save(engine, "draft.md", "one")
    await claim(engine)
    await save(engine, "inferred.md", "x", EDITOR)
    await save(engine, "named.md", "x", Caller(agent="bob", cause="F1"))
    await save(engine, "unknown.md", "x", Caller(agent="bob", cause="F99"))
    trace = f"00-{trace_of(engine.folder.source, 'F1')}-00f067aa0ba902b7-01"
    await save(engine, "traced.md", "x", Caller(agent="bob", cause=trace))
    await save(
        engine, "foreign.md", "x", Caller(agent="bob", cause="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    )
    causes = [event.get("cause") for event in await told(engine, "file.created")]
    chain = {"firing": "F1", "root": "F1", "depth": 1}
    assert causes == [None, chain, chain, None, chain, None]


async def test_a_loop_ends_at_its_depth_and_a_person_can_see_it(engine: Engine) -> None:
    await watch(engine, ["ping.md"], name="ping", max_depth=3)
    await watch(engine, ["pong.md"], name="pong", max_depth=3)
    await save(engine, "ping.md", "0")
    rounds = 0
    while (job := await claim(engine)) is not None:
        rounds += 1
        other = "pong.md" if job["trigger"] == "ping" else "ping.md"
        await save(engine, other, f"{rounds}", EDITOR)
        await finish(engine, job)
    assert rounds == 3
    (suppressed,) = await told(engine, "trigger.suppressed")
    assert (suppressed["reason"], suppressed["depth"], suppressed["trigger"]) == ("depth", 4, "pong")
    assert suppressed["cause"] == {"firing": "F3", "root": "F1", "depth": 3}


async def test_firings_beyond_the_rate_come_later_and_none_is_lost(engine: Engine, clock: ManualClock) -> None:
    await watch(engine, ["in/*.md"], rate_per_minute=2)
    for number in range(4):
        await save(engine, f"in/{number}.md", "x")
    assert [await inputs(engine) for _ in range(3)] == [["in/0.md@1"], ["in/1.md@1"], None]
    assert [event["reason"] for event in await told(engine, "trigger.suppressed")] == ["rate"]
    await turn(engine, clock, 60)
    assert [await inputs(engine) for _ in range(3)] == [["in/2.md@1"], ["in/3.md@1"], None]


async def test_a_half_complete_set_survives_a_restart(folder: Path, clock: ManualClock) -> None:
    async with reopened(folder, clock) as engine:
        await watch(engine, REPORTS, mode="all")
        for path in REPORTS[:2]:
            await save(engine, path, path)
    async with reopened(folder, clock) as engine:
        await save(engine, REPORTS[2], "owls")
        assert await inputs(engine) == [f"{path}@1" for path in REPORTS]
        assert await inputs(engine) is None


async def test_a_pause_that_ended_while_the_server_was_away_ends_at_start(folder: Path, clock: ManualClock) -> None:
    async with reopened(folder, clock) as engine:
        await watch(engine, ["draft.md"], settle={"quiet_ms": 60_000, "max_wait_ms": 60_000})
        await save(engine, "draft.md", "one")
        assert await engine.automation.due() == ["1 firings wait for their time"]
    clock.advance(61)
    async with reopened(folder, clock) as engine:
        await engine.automation.settle()
        assert await inputs(engine) == ["draft.md@1"]
        assert await engine.automation.due() == []


async def test_a_clock_that_was_set_back_starts_the_pause_anew(folder: Path) -> None:
    async with reopened(folder, ManualClock(wall_s=2e9)) as engine:
        await watch(engine, ["draft.md"], settle={"quiet_ms": 1_000})
        await save(engine, "draft.md", "one")
    clock = ManualClock(wall_s=1e9)
    async with reopened(folder, clock) as engine:
        await engine.automation.settle()
        assert await claim(engine) is None
        await turn(engine, clock, 1)
        assert await inputs(engine) == ["draft.md@1"]


async def test_registering_twice_is_one_trigger(engine: Engine) -> None:
    for _ in range(2):
        assert (await watch(engine, ["draft.md"]))["state"] == "active"
    await save(engine, "draft.md", "one")
    assert await inputs(engine) == ["draft.md@1"]
    assert await inputs(engine) is None
    with pytest.raises(NameTaken):
        await watch(engine, ["other.md"])


async def test_a_deleted_trigger_fires_no_more_and_its_name_is_free(engine: Engine) -> None:
    await watch(engine, ["draft.md"])
    await save(engine, "draft.md", "one")
    job = await claim(engine)
    assert await engine.triggers.delete_trigger(ANN, name="editor") == {"deleted": "editor"}
    await save(engine, "draft.md", "two")
    await finish(engine, job)
    assert await claim(engine) is None
    await watch(engine, ["other.md"])
    with pytest.raises(NotFound):
        await engine.triggers.delete_trigger(ANN, name="gone")


async def test_only_its_maker_or_an_admin_changes_a_webhook(engine: Engine) -> None:
    await engine.triggers.create_trigger(ANN, name="hook", files=["a.md"], url="https://hooks.example/a")
    for fields in ({"url": "https://hooks.example/b"}, {"secret": new_secret()}):
        with pytest.raises(WorkspaceError) as caught:
            await engine.triggers.change_trigger(BOB, name="hook", **fields)
        assert caught.value.code == "forbidden"
    for caller in (ANN, Caller(agent="root", scope=ALL)):
        await engine.triggers.change_trigger(caller, name="hook", instructions=f"For {caller.agent}.")
        (shown,) = (await engine.triggers.list_triggers(caller))["triggers"]
        assert (shown["url"], shown["instructions"]) == ("https://hooks.example/a", f"For {caller.agent}.")


async def test_a_listing_says_what_is_missing_and_why(engine: Engine) -> None:
    await watch(engine, [*REPORTS, "brief.md"], mode="all")
    await save(engine, "brief.md", "brief")
    lock = (await engine.locks.lock_files(BOB, paths=[REPORTS[1]]))["lock"]
    await save(engine, REPORTS[1], "dogs", BOB, lock=lock)
    await save(engine, REPORTS[0], "cats")
    await engine.files.delete_file(ANN, path=REPORTS[0])
    (shown,) = (await engine.triggers.list_triggers(ANN))["triggers"]
    assert shown["keys"] == [
        {
            "key": {},
            "in": [{"path": "brief.md", "version": 1, "by": "ann"}],
            "missing": [
                {"path": REPORTS[0], "reason": "absent"},
                {"path": REPORTS[1], "reason": "locked", "agent": "bob"},
                {"path": REPORTS[2], "reason": "absent"},
            ],
            "in_flight": False,
            "fired": 0,
        }
    ]
    assert (shown["fired"], shown["pending"], shown["failures"]) == (0, 0, 0)


async def test_a_listing_says_which_single_files_have_yet_to_fire_and_why(engine: Engine) -> None:
    await watch(engine, ["*.md"])
    (shown,) = (await engine.triggers.list_triggers(ANN))["triggers"]
    assert "keys" not in shown
    lock = (await engine.locks.lock_files(BOB, paths=["held.md"]))["lock"]
    await save(engine, "held.md", "one", BOB, lock=lock)
    for text in ("one", "two"):  # the second waits for the end of the first one's job
        await save(engine, "busy.md", text)
    (shown,) = (await engine.triggers.list_triggers(ANN))["triggers"]
    told = [(key["in"], key["missing"], bool(key["in_flight"])) for key in shown["keys"]]
    assert told == [
        ([{"path": "busy.md", "version": 2, "by": "ann"}], [], True),
        ([], [{"path": "held.md", "reason": "locked", "agent": "bob"}], False),
    ]


async def test_a_listing_of_a_new_join_names_every_file(engine: Engine) -> None:
    await save(engine, REPORTS[0], "old cats")
    await watch(engine, REPORTS, mode="all")
    (shown,) = (await engine.triggers.list_triggers(ANN, name="editor"))["triggers"]
    assert [one["reason"] for one in shown["keys"][0]["missing"]] == ["old", "absent", "absent"]
    for path in REPORTS:
        await save(engine, path, f"new {path}")
    (shown,) = (await engine.triggers.list_triggers(ANN, name="editor"))["triggers"]
    assert [one["reason"] for one in shown["keys"][0]["missing"]] == ["old", "old", "old"]
    assert shown["last_firing"]["firing"] == "F1"
    assert (shown["fired"], shown["in_flight"], shown["pending"]) == (1, 1, 1)
    assert (await engine.triggers.list_triggers(ANN, name="other"))["triggers"] == []


async def test_an_unknown_field_is_refused_by_its_name(engine: Engine) -> None:
    error = await refused(
        "invalid_argument", engine=engine, name="t", files=["a"], queue="q", options={"manifesto": "m"}
    )
    assert error.facts["argument"] == "manifesto"
    error = await refused("invalid_argument", engine=engine, name="t", files=["a"], queue="q", urls="https://a.b/")
    assert error.facts["argument"] == "urls"


@pytest.mark.parametrize(
    ("argument", "fields"),
    [
        ("schedule", {"schedule": "99 * * * *"}),
        ("schedule", {"schedule": "0 0 30 2 *"}),
        ("timezone", {"schedule": "0 9 * * *", "timezone": "Mars/Olympus"}),
        ("timezone", {"schedule": "0 9 * * *", "timezone": "../etc/passwd"}),
    ],
)
async def test_a_schedule_that_names_no_moment_is_refused(
    engine: Engine, argument: str, fields: dict[str, Any]
) -> None:
    error = await refused("invalid_argument", engine=engine, name="t", queue="q", **fields)
    assert error.facts["argument"] == argument


async def test_a_schedule_is_kept_with_its_time_zone(engine: Engine) -> None:
    await engine.triggers.create_trigger(ANN, name="t", queue="q", schedule="0 9 * * 1", timezone="Europe/Berlin")
    (shown,) = (await engine.triggers.list_triggers(ANN))["triggers"]
    assert (shown["schedule"], shown["timezone"], shown["missed"]) == ("0 9 * * 1", "Europe/Berlin", "once")


async def test_a_field_given_twice_is_refused(engine: Engine) -> None:
    await refused("invalid_argument", engine=engine, name="t", files=["a"], queue="q", options={"queue": "other"})


async def test_fields_may_stand_in_options(engine: Engine) -> None:
    await engine.triggers.create_trigger(
        ANN, name="t", files=["a.md"], mode=None, options={"queue": "q", "settle": "immediate", "refire": None}
    )
    await save(engine, "a.md", "a")
    assert await claim(engine, "q") is not None


async def test_a_name_with_wildcards_that_exists_is_that_path(engine: Engine) -> None:
    await save(engine, "n[1].md", "odd")
    await watch(engine, ["n[1].md"])
    await save(engine, "n1.md", "plain")
    await save(engine, "n[1].md", "odder")
    assert await inputs(engine) == ["n[1].md@2"]
    assert await inputs(engine) is None


async def test_a_webhook_goes_only_where_the_operator_says(engine: Engine) -> None:
    url = "https://hooks.example.com/x"
    waiting = await engine.triggers.create_trigger(ANN, name="t", files=["a.md"], url=url)
    assert waiting["state"] == "needs_approval"
    await save(engine, "a.md", "a")
    assert await told(engine, "trigger.fired") == []
    admin = Caller(agent="root", scope=ALL)
    made = await engine.triggers.create_trigger(admin, name="u", files=["b.md"], url=url)
    assert (made["state"], made["secret"][:6]) == ("active", "whsec_")
    again = await engine.triggers.create_trigger(admin, name="u", files=["b.md"], url=url)
    assert "secret" not in again
    shown = {one["trigger"]: one["url"] for one in (await engine.triggers.list_triggers(ANN))["triggers"]}
    assert shown == {"t": url, "u": "https://hooks.example.com"}
    error = await refused(
        "invalid_argument", engine=engine, caller=admin, name="v", files=["a"], url="https://10.0.0.1/"
    )
    assert error.facts["argument"] == "url"


@pytest.mark.parametrize("secret", ["whsec_c2hvcnQ=", "hunter2"])
async def test_a_secret_too_short_is_refused(engine: Engine, secret: str) -> None:
    url = "https://hooks.example.com/x"
    await refused("invalid_argument", engine=engine, name="t", files=["a"], url=url, options={"secret": secret})
    await refused("invalid_argument", engine=engine, name="t", files=["a"], queue="q", options={"secret": secret})


async def test_triggers_need_their_verb(engine: Engine) -> None:
    reader = Caller(agent="reader", scope=everywhere("read"))
    await refused("forbidden", engine=engine, caller=reader, name="t", files=["a"], queue="q")


async def test_a_trigger_whose_files_are_no_list_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidArgument):
        await engine.triggers.create_trigger(ANN, name="t", files=7, queue="q")  # type: ignore[arg-type]  # on purpose


async def test_a_timer_that_fails_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    class Failing:
        """A source that fails once."""

        def __init__(self) -> None:
            self.ran = asyncio.Event()
            self.looks = 0

        async def next_due_s(self) -> float | None:
            self.looks += 1
            if self.looks == 1:
                raise WorkspaceError("the database is busy")
            return 0 if not self.ran.is_set() else None

        async def run_due(self) -> None:
            self.ran.set()

    source = Failing()
    timers = Timers([source])
    running = asyncio.ensure_future(timers.run())
    timers.look()
    await asyncio.sleep(0)
    timers.look()
    async with asyncio.timeout(30):
        await source.ran.wait()
    running.cancel()
    assert "a timer failed" in caplog.text


async def test_a_file_may_be_called_as_anything_and_fires_all_the_same(engine: Engine) -> None:
    await watch(engine, ["*"])
    for name in ("shared", "shared2"):
        await save(engine, name, "x")
        assert await inputs(engine) == [f"{name}@1"]


async def test_a_move_onto_the_same_bytes_fires_nothing(engine: Engine) -> None:
    await save(engine, "a.txt", "same")
    await save(engine, "b.txt", "same")
    await watch(engine, ["a.txt"])
    await engine.files.move_file(ANN, path="b.txt", to="a.txt", overwrite=True)
    assert await inputs(engine) is None


async def test_many_triggers_are_listed_by_as_many_queries_as_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[Transaction, list[str]] = {}  # which keeps each of them, so that no two are taken for one
    one, some = Transaction.one, Transaction.all

    async def counted_one(tx: Transaction, sql: str, *parameters: Any) -> Any:
        asked.setdefault(tx, []).append(sql)
        return await one(tx, sql, *parameters)

    async def counted_some(tx: Transaction, sql: str, *parameters: Any) -> Any:
        asked.setdefault(tx, []).append(sql)
        return await some(tx, sql, *parameters)

    counts = []
    for number in range(12):
        await watch(engine, [f"{number}.md", "b.md"], name=f"editor-{number}", mode="all", settle=None)
        await save(engine, f"{number}.md", "one")
        with monkeypatch.context() as patched:
            patched.setattr(Transaction, "one", counted_one)
            patched.setattr(Transaction, "all", counted_some)
            asked.clear()
            assert len((await engine.triggers.list_triggers(ANN))["triggers"]) == number + 1
            (asking,) = [made for made in asked.values() if "FROM triggers" in made[0]]  # others look at times, too
            counts.append(len(asking))
    assert len(set(counts)) == 1
