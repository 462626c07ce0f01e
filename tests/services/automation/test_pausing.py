"""Paused triggers: nothing fires, nothing is lost."""

from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import everywhere
from workspace_server.errors import Forbidden, NotFound
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
EDITOR = Caller(agent="editor")
READER = Caller(agent="reader", scope=everywhere("read"))


async def watch(engine: Engine, **fields: Any) -> None:
    given: dict[str, Any] = {"files": ["draft.md"], "settle": "immediate", "queue": "editor", **fields}
    await engine.triggers.create_trigger(ANN, name="editor", **given)


async def claimed(engine: Engine) -> list[str] | None:
    job = (await engine.jobs.claim_job(EDITOR, queue="editor")).get("job")
    if job is None:
        return None
    await engine.jobs.finish_job(EDITOR, job=job["job"])
    return [f"{one['path']}@{one['version']}" for one in job["inputs"]]


async def save(engine: Engine, path: str = "draft.md") -> None:
    content = f"{path} {engine.head_seq}"
    await engine.files.write_file(ANN, path=path, content=content, overwrite=True)


async def test_what_is_saved_in_a_pause_fires_once_it_is_over(engine: Engine) -> None:
    await watch(engine)
    answer = await engine.pausing.pause_trigger(ANN, name="editor", note="the editor is ill")
    await save(engine)
    await save(engine)

    assert answer == {"trigger": "editor", "paused": True}
    assert await claimed(engine) is None
    assert await engine.pausing.resume_trigger(ANN, name="editor") == {"trigger": "editor", "paused": False}
    await engine.automation.settle()
    assert await claimed(engine) == ["draft.md@2"]
    assert await claimed(engine) is None
    events = (await engine.events.feed(ANN, types=["trigger.paused", "trigger.resumed"]))["events"]
    assert [(event["type"], event.get("note")) for event in events] == [
        ("trigger.paused", "the editor is ill"),
        ("trigger.resumed", None),
    ]


async def test_a_pause_is_shown_and_said_once(engine: Engine) -> None:
    await watch(engine)
    await engine.pausing.pause_trigger(ANN, name="editor")
    await engine.pausing.pause_trigger(ANN, name="editor")

    (shown,) = (await engine.triggers.list_triggers(ANN, name="editor"))["triggers"]
    assert shown["state"] == "paused"
    assert len((await engine.events.feed(ANN, types=["trigger.paused"]))["events"]) == 1


async def test_a_schedule_leaves_out_what_falls_into_a_pause(engine: Engine, clock: ManualClock) -> None:
    await watch(engine, files=None, settle=None, schedule="0 * * * *")
    await engine.pausing.pause_trigger(ANN, name="editor")
    clock.advance(7_200)
    await engine.automation.settle()
    await engine.pausing.resume_trigger(ANN, name="editor")
    await engine.automation.settle()

    assert await claimed(engine) is None
    clock.advance(3_600)
    await engine.automation.settle()
    assert await claimed(engine) == []


async def test_who_may_make_no_triggers_pauses_none(engine: Engine) -> None:
    await watch(engine)
    with pytest.raises(Forbidden):
        await engine.pausing.pause_trigger(READER, name="editor")
    with pytest.raises(NotFound):
        await engine.pausing.resume_trigger(ANN, name="nobody")
