"""Who works here: what each agent does, holds, has written and was served, also over restarts and many pages."""

from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import ALL
from workspace_server.errors import InvalidArgument, NotFound, Unavailable
from workspace_server.services.agents.agents import BATCH
from workspace_server.services.agents.presence import about
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import agents

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana", door="mcp")
BOB = Caller(agent="bob", door="mcp")
OWNER = Caller(agent="owner", scope=ALL)
DAY_S = 24 * 3600


async def ana(engine: Engine) -> dict[str, Any]:
    return await engine.agents.show_agent(OWNER, agent="ana")


async def test_what_an_agent_has_written_is_counted_by_files_versions_and_bytes(
    engine: Engine, clock: ManualClock
) -> None:
    for text in ("one\n", "longer\n"):
        await engine.files.write_file(ANA, path="a.md", content=text, overwrite=True)
    clock.advance(2 * DAY_S)
    await engine.files.write_file(ANA, path="b.md", content="b\n")
    await engine.files.write_file(BOB, path="c.md", content="c\n")

    found = await ana(engine)

    assert found["written"] == {
        "files": 2,
        "versions": 3,
        "bytes": 13,
        "day": {"files": 1, "versions": 1, "bytes": 2},
    }
    assert [one["path"] for one in found["files"]] == ["b.md", "a.md"]
    assert found["last_event"]["path"] == "b.md"


async def test_the_log_is_counted_once_however_long_it_is_and_whatever_ends_between(
    folder: Path, clock: ManualClock
) -> None:
    changes = [{"op": "write", "path": f"{number}.md", "content": "x"} for number in range(BATCH + 10)]
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await engine.files.commit_files(ANA, changes=changes)

    for _ in range(2):
        async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
            await engine.agents.write_down()
            written = (await ana(engine))["written"]
            assert written["versions"] == written["files"] == BATCH + 10


async def test_what_an_agent_was_served_is_counted_by_tool_in_tokens_and_outlives_a_restart(
    folder: Path, clock: ManualClock
) -> None:
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        for size in (401, 3):
            call = engine.agents.presence.begin(ANA, "read_file", about="a.md", client="claude 1.0")
            engine.agents.presence.end(call, size)

    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        presence = engine.agents.presence
        presence.end(presence.begin(ANA, "search", about="tariff"), 40)
        found = await ana(engine)
        assert found["served"] == {"calls": 3, "tokens": 101 + 1 + 10}
        assert [(one["tool"], one["calls"]) for one in found["tools"]] == [
            ("read_file", 2),
            ("search", 1),
        ]
        assert (found["client"], found["door"]) == ("claude 1.0", "mcp")
        assert found["last_call"]["about"] == "tariff"


async def test_what_a_call_is_served_counts_however_long_it_has_waited(engine: Engine) -> None:
    presence = engine.agents.presence
    call = presence.begin(ANA, "wait_for", about="draft.md")
    await engine.agents.write_down()  # who was seen is written down while the call waits
    presence.end(call, 40)
    await engine.agents.write_down()

    assert (await ana(engine))["served"] == {"calls": 1, "tokens": 10}


async def test_what_an_agent_holds_and_waits_for_is_told(engine: Engine) -> None:
    await engine.locks.lock_files(ANA, paths=["a.md", "b.md"], purpose="edit")
    await engine.jobs.add_job(BOB, queue="editor", instructions="do it")
    await engine.jobs.claim_job(ANA, queue="editor")
    presence = engine.agents.presence
    call = presence.begin(ANA, "wait_for", about="draft.md")

    found = await ana(engine)

    assert [(one["paths"], one["purpose"]) for one in found["locks"]] == [(["a.md", "b.md"], "edit")]
    assert found["jobs"] == [{"job": "J1", "queue": "editor"}]
    assert found["waiting"] == [{"tool": "wait_for", "about": "draft.md", "seconds": 0}]
    presence.end(call, 0)
    assert (await ana(engine))["waiting"] == []


async def test_agents_come_by_pages_those_first_that_were_seen_last(engine: Engine, clock: ManualClock) -> None:
    for name in ("a", "b", "c"):
        await engine.files.write_file(Caller(agent=name), path=f"{name}.md", content=name)
        clock.advance(60)

    first = await engine.agents.list_agents(ANA, limit=2)
    second = await engine.agents.list_agents(ANA, limit=2, cursor=first["next_cursor"])

    assert [one["agent"] for one in first["agents"] + second["agents"]] == ["c", "b", "a"]
    assert "next_cursor" not in second
    for cursor in ("made up", "[1]", f'[1{"0" * 400}, "ana"]'):
        with pytest.raises(InvalidArgument):
            await engine.agents.list_agents(ANA, cursor=cursor)


async def test_the_server_the_operator_and_edits_on_disk_are_no_agents(engine: Engine) -> None:
    await engine.files.write_file(OWNER, path="a.md", content="by a person\n")
    call = engine.agents.presence.begin(OWNER, "status")
    engine.agents.presence.end(call, 10)

    assert (await engine.agents.list_agents(OWNER))["agents"] == []
    with pytest.raises(NotFound):
        await engine.agents.show_agent(OWNER, agent="owner")


async def test_a_name_that_only_a_person_has_used_was_never_seen(engine: Engine) -> None:
    await engine.agents.pauses.pause_agent(OWNER, agent="ana")

    found = await ana(engine)

    assert (found["first_seen"], found["last_call"], found["last_event"]) == (None, None, None)
    assert found["paused"] is not None


async def test_the_agents_that_were_seen_longest_ago_are_forgotten_but_for_paused_ones(
    engine: Engine, clock: ManualClock
) -> None:
    for name in ("paused", "old", "new"):
        await engine.files.write_file(Caller(agent=name), path=f"{name}.md", content=name)
        clock.advance(60)
    await engine.agents.pauses.pause_agent(OWNER, agent="paused")
    await engine.agents.write_down()

    async def forget(tx: Transaction) -> None:
        await agents.forget_beyond(tx, 1)

    await engine.db.write(forget)

    assert [one["agent"] for one in (await engine.agents.list_agents(OWNER))["agents"]] == ["new", "paused"]


async def test_what_cannot_be_written_now_is_written_later(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    presence = engine.agents.presence
    presence.end(presence.begin(ANA, "search", client="claude 1.0"), 8)
    with monkeypatch.context() as full:
        full.setattr(engine.db, "write", refuse)
        await engine.agents.write_down()
    presence.end(presence.begin(ANA, "search"), 8)

    found = await ana(engine)

    assert found["served"] == {"calls": 2, "tokens": 4}
    assert found["client"] == "claude 1.0"


async def refuse(*_: object, **__: object) -> None:
    raise Unavailable("The disk is full.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"path": "a.md", "content": "x"}, "a.md"),
        ({"files": ["a.md", "b.md", "c.md"]}, "a.md and 2 more"),
        ({"paths": ["a.md"]}, "a.md"),
        ({"lock": "L1-abcd"}, None),
        ({"queue": "editor"}, "editor"),
        ({"path": 7, "files": [7]}, None),
        ({}, None),
        (None, None),
    ],
)
async def test_what_a_call_is_about_is_told_by_its_arguments(
    arguments: dict[str, Any] | None, said: str | None
) -> None:
    assert about(arguments) == said
