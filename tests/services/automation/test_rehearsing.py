"""Rehearsals: what a trigger would have done, told without doing it."""

from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.errors import InvalidArgument, NotFound
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")


async def save(engine: Engine, path: str, caller: Caller = ANN) -> int:
    content = f"{path} {engine.head_seq}"
    seq: int = (await engine.files.write_file(caller, path=path, content=content, overwrite=True))["seq"]
    return seq


async def tried(engine: Engine, since_seq: int = 0, **fields: Any) -> dict[str, Any]:
    return await engine.rehearsing.test_trigger(ANN, fields={"queue": "editor", **fields}, since_seq=since_seq)


def fired(answer: dict[str, Any]) -> list[tuple[int, list[str]]]:
    return [(one["seq"], [each["path"] for each in one["inputs"]]) for one in answer["firings"]]


async def test_a_new_trigger_tells_what_it_would_have_fired_for(engine: Engine) -> None:
    await save(engine, "a.md")
    seq = await save(engine, "b.md")
    head = engine.head_seq

    answer = await tried(engine, files=["a.md", "b.md"], mode="all")
    assert fired(answer) == [(seq, ["a.md", "b.md"])]
    assert (answer["from_seq"], answer["to_seq"], answer["more"]) == (0, head, False)
    assert engine.head_seq == head, "nothing is kept"
    assert (await engine.triggers.list_triggers(ANN))["triggers"] == []
    assert "job" not in await engine.jobs.claim_job(BOB, queue="editor")


async def test_saves_that_came_close_together_are_one_firing_as_they_were_then(
    engine: Engine, clock: ManualClock
) -> None:
    for pause_s in (0.1, 0.1, 60, 1):
        await save(engine, "draft.md")
        clock.advance(pause_s)

    answer = await tried(engine, files=["draft.md"])
    assert [one["inputs"] for one in answer["firings"]] == [
        [{"path": "draft.md", "version": 3}],
        [{"path": "draft.md", "version": 4}],
    ]


async def test_a_trigger_that_is_there_is_tried_without_touching_what_it_waits_for(engine: Engine) -> None:
    await engine.triggers.create_trigger(ANN, name="pair", files=["a.md", "b.md"], mode="all", queue="editor")
    await save(engine, "a.md")

    answer = await engine.rehearsing.test_trigger(ANN, name="pair")
    assert fired(answer) == []
    (key,) = answer["keys"]
    assert [one["path"] for one in key["missing"]] == ["b.md"]
    seq = await save(engine, "b.md")
    assert fired(await engine.rehearsing.test_trigger(ANN, name="pair", since_seq=0)) == [(seq, ["a.md", "b.md"])]
    assert "job" in await engine.jobs.claim_job(BOB, queue="editor"), "the real one has fired as well"


async def test_a_deadline_that_would_have_passed_is_told(engine: Engine, clock: ManualClock) -> None:
    await save(engine, "a.md")
    clock.advance(100)

    answer = await tried(engine, files=["a.md", "b.md"], mode="all", within_seconds=60, on_timeout="escalate")
    (timed_out,) = answer["timed_out"]
    assert [one["path"] for one in timed_out["missing"]] == ["b.md"]


async def test_a_schedule_is_tried_on_the_time_that_has_passed(engine: Engine, clock: ManualClock) -> None:
    await save(engine, "a.md")
    clock.advance(3 * 3_600)
    await save(engine, "b.md")

    answer = await tried(engine, schedule="0 * * * *")
    assert len(answer["firings"]) == 3
    answer = await tried(engine, schedule="0 * * * *", files=["**"], mode="any")
    assert [[each["path"] for each in one["inputs"]] for one in answer["firings"]] == [["a.md"]]


async def test_a_rehearsal_is_bounded_and_says_where_it_ended(engine: Engine) -> None:
    seqs = [await save(engine, f"{number}.md") for number in range(5)]
    fields = {"files": ["*.md"], "queue": "editor", "settle": "immediate"}

    answer = await engine.rehearsing.test_trigger(ANN, fields=fields, since_seq=0, limit=2)
    assert len(answer["firings"]) == 2
    assert answer["more"]
    answer = await engine.rehearsing.test_trigger(ANN, fields=fields, limit=4)
    # The index may have put its own events behind the saves.
    assert [one["seq"] for one in answer["firings"]] == [seq for seq in seqs if seq > answer["from_seq"]]
    assert answer["to_seq"] - answer["from_seq"] == 4
    assert not answer["more"]


async def test_what_is_no_trigger_is_not_rehearsed(engine: Engine) -> None:
    with pytest.raises(NotFound):
        await engine.rehearsing.test_trigger(ANN, name="nobody")
    with pytest.raises(InvalidArgument):
        await tried(engine, files=["*.md"], mode="all")
    with pytest.raises(InvalidArgument):
        await engine.rehearsing.test_trigger(ANN)
