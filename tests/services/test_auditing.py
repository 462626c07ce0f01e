"""What stands in the audit log beside changes of files."""

import asyncio
from pathlib import Path

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import SERVER, Caller
from workspace_server.core.audit_chain import spell_head
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL
from workspace_server.services.engine import Engine
from workspace_server.storage import audit_heads

pytestmark = pytest.mark.anyio
ADMIN = Caller(agent="root", scope=ALL, verified=True, door="http", address="192.0.2.7", call_id="call-7")


async def rows(engine: Engine, columns: str = "agent, action, subject") -> list[tuple[object, ...]]:
    found = await engine.db.read(lambda tx: tx.all(f"SELECT {columns} FROM audit ORDER BY audit_id"))
    return [tuple(row) for row in found]


async def test_who_is_refused_is_counted_and_written_together(engine: Engine) -> None:
    eve = Caller(agent="anonymous", door="http", address="192.0.2.9", call_id="first")
    for _ in range(3):
        engine.auditing.refuse(eve, "refused: unauthenticated", "0123456789ab")
    engine.auditing.refuse(Caller(agent="anonymous", door="http", address="192.0.2.8"), "refused: host")
    await engine.auditing.flush()
    assert (await rows(engine, "action, subject, address, call_id"))[-2:] == [
        ("refused: unauthenticated", "0123456789ab ×3", "192.0.2.9", "first"),
        ("refused: host", None, "192.0.2.8", None),
    ]


async def test_a_crowd_of_refused_callers_grows_neither_memory_nor_log_without_bound(engine: Engine) -> None:
    before = len(await rows(engine))
    for number in range(LIMITS.refusals_apart_max * 3):
        engine.auditing.refuse(Caller(agent="anonymous", address=f"192.0.2.{number}"), "refused: host")
    await engine.auditing.flush()
    made = (await rows(engine))[before:]
    assert len(made) == LIMITS.refusals_apart_max + 1
    assert made[-1] == (SERVER.agent, "refused: host", f"more of many ×{LIMITS.refusals_apart_max * 2}")


async def test_settings_that_changed_since_the_last_start_are_named_and_not_told(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()):
        pass
    async with Engine.open(folder, settings=Settings()) as engine:
        assert not [row for row in await rows(engine) if row[1] == "change_settings"]
    changed = Settings(idle_seconds=77, models_api_key="sk-secret")
    async with Engine.open(folder, settings=changed) as engine:
        assert (await rows(engine))[-1] == ("config", "change_settings", "idle_seconds, models.api_key")
        facts = await engine.db.read(lambda tx: tx.all("SELECT value FROM meta"))
    assert "sk-secret" not in repr(facts)


async def test_acts_without_an_event_of_their_own_are_in_the_log(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings(deliveries=False)) as engine:
        await _act_on_a_trigger(engine)
        found = [row for row in await rows(engine, "action, subject, address, call_id") if row[2]]
    assert [row[:2] for row in found] == [
        ("create_trigger", "t"),
        ("send_test", "t"),
        ("rotate_secret", "t"),
        ("pause_endpoint", "E1"),
        ("resume_endpoint", "E1"),
        ("change_trigger", "t"),
        ("delete_trigger", "t"),
    ]
    assert {row[2:] for row in found} == {("192.0.2.7", "call-7")}


async def _act_on_a_trigger(engine: Engine) -> None:
    await engine.triggers.create_trigger(
        ADMIN, name="t", files=["a.md"], options={"url": "https://hooks.example.com/in"}
    )
    await engine.endpoints.send_test(ADMIN, trigger="t")
    await engine.endpoints.rotate_secret(ADMIN, trigger="t")
    name = (await engine.endpoints.list_endpoints(ADMIN))["endpoints"][0]["endpoint"]
    await engine.endpoints.pause_endpoint(ADMIN, endpoint=name)
    await engine.endpoints.resume_endpoint(ADMIN, endpoint=name)
    await engine.triggers.change_trigger(ADMIN, name="t", instructions="look")
    await engine.triggers.delete_trigger(ADMIN, name="t")


async def test_a_disk_that_refuses_the_head_keeps_nobody_from_going_on(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    state = engine.folder.root / ".workspace"

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(audit_heads, "keep", refuse)
        await engine.auditing.record(ADMIN, "log_in", None)
        await engine.auditing.flush()
        assert "No space left on device" in caplog.text
        assert await asyncio.to_thread(audit_heads.kept, state) == []

    await engine.auditing.flush()
    kept = await asyncio.to_thread(audit_heads.kept, state)
    assert [spell_head(one) for one in kept] == [await engine.auditing.head()]
