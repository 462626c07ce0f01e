"""A person ends somebody's lock: the holder's next write is refused, and the log says who did it."""

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL
from workspace_server.errors import Forbidden, InvalidArgument, LockLost, NotFound
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANN, BOB = Caller(agent="ann"), Caller(agent="bob")
OP = Caller(agent="op", scope=ALL)


async def taken(engine: Engine, path: str = "a.md") -> tuple[str, str]:
    """Return the handle and the name of a lock that ann now has."""
    handle = str((await engine.locks.lock_files(ANN, paths=[path]))["lock"])
    return handle, handle.partition("-")[0]


async def test_a_broken_lock_refuses_its_holder_and_tells_who_broke_it(engine: Engine) -> None:
    await engine.files.write_file(ANN, path="a.md", content="one\n")
    handle, name = await taken(engine)
    assert await engine.locks.end_lock(OP, name, note="ann is on holiday") == {"released": [name]}
    await engine.files.write_file(BOB, path="a.md", content="two\n", expect_version=1)
    with pytest.raises(LockLost) as refusal:
        await engine.files.write_file(ANN, path="a.md", content="mine\n", lock=handle, overwrite=True)
    assert (refusal.value.facts["reason"], refusal.value.facts["changed_since_lock"]) == ("broken", True)
    assert (refusal.value.facts["by"], refusal.value.facts["note"]) == ("op", "ann is on holiday")
    assert refusal.value.message == "The lock was broken by op: ann is on holiday"
    [event] = (await engine.events.feed(BOB, types=["lock.broken"]))["events"]
    assert (event["agent"], event["by"], event["note"]) == ("ann", "op", "ann is on holiday")
    assert (event["lock"], event["paths"]) == (name, ["a.md"])
    assert handle not in str(event)


async def test_breaking_is_in_the_audit_log_and_raises_the_fence(engine: Engine) -> None:
    _, name = await taken(engine)
    await engine.locks.end_lock(OP, name)
    rows = await engine.db.read(lambda tx: tx.all("SELECT agent, action FROM audit ORDER BY audit_id DESC LIMIT 1"))
    assert rows == [("op", "break_lock")]
    assert (await engine.locks.lock_files(BOB, paths=["b.md"]))["fence"] == 3


async def test_only_who_has_the_verb_admin_breaks_locks(engine: Engine) -> None:
    handle, name = await taken(engine)
    for caller in (ANN, BOB):
        with pytest.raises(Forbidden) as refusal:
            await engine.locks.end_lock(caller, name)
        assert refusal.value.facts["verb"] == "admin"
    await engine.files.write_file(ANN, path="a.md", content="x", lock=handle)


async def test_with_its_handle_the_holder_releases_its_lock(engine: Engine) -> None:
    handle, _ = await taken(engine)
    with pytest.raises(LockLost):
        await engine.locks.end_lock(BOB, handle)
    assert await engine.locks.end_lock(ANN, handle) == {"released": [handle]}
    assert [event["type"] for event in (await engine.events.feed(ANN))["events"]][-1] == "lock.released"


async def test_what_has_ended_cannot_be_broken(engine: Engine, clock: ManualClock) -> None:
    handle, released = await taken(engine)
    await engine.locks.unlock_files(ANN, lock=handle)
    _, expired = await taken(engine, "b.md")
    clock.advance(600)
    _, broken = await taken(engine, "c.md")
    await engine.locks.end_lock(OP, broken)
    for name in (released, expired, broken, "L99"):
        with pytest.raises(NotFound, match=f"no live lock {name}") as refusal:
            await engine.locks.end_lock(OP, name)
        assert "`locks`" in str(refusal.value.hint)
    with pytest.raises(InvalidArgument):
        await engine.locks.end_lock(OP, "L1", note="x" * (LIMITS.note_chars_max + 1))


@pytest.mark.parametrize("made_up", ["L0", "L", "l1", "L1 ", "L\u0661", "L" + "9" * 20, "nothing"])
async def test_what_is_no_name_of_a_lock_is_taken_for_a_handle(engine: Engine, made_up: str) -> None:
    with pytest.raises(LockLost) as refusal:
        await engine.locks.end_lock(OP, made_up)
    assert refusal.value.facts["reason"] == "unknown"
