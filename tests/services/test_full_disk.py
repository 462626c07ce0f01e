"""On a full disk reading, unlocking, deleting and the status go on, and everything goes on once there is room."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workspace_server.core.access import Caller
from workspace_server.errors import Unavailable
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction
from workspace_server.storage.reserve import Reserve

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("the folder is checked from outside")]

ANN = Caller(agent="ann")
BIG = "".join(f"{number} is not like any other line\n" for number in range(1_800))


async def pages(tx: Transaction) -> int:
    [(count,)] = await tx.all("PRAGMA page_count")
    return int(count)


async def fill(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the disk of *engine* be full: its database can grow only by what the reserve leaves once it is spent."""
    free = [0]
    monkeypatch.setattr(Reserve, "free_bytes", lambda _self: free[0])
    full_at = await engine.db.write(pages)
    database = engine.db._connection
    database.execute(f"PRAGMA max_page_count = {full_at}")
    spend = Reserve.spend

    def spent(self: Reserve) -> None:
        spend(self)
        database.execute(f"PRAGMA max_page_count = {full_at + 1_000}")

    monkeypatch.setattr(Reserve, "spend", spent)

    def has_room() -> None:
        free[0] = 1 << 30

    return has_room


async def refused(engine: Engine) -> str:
    with pytest.raises(Unavailable) as refusal:
        await engine.files.write_file(ANN, path="new.md", content=BIG)
    assert refusal.value.retryable
    return str(refusal.value.facts["reason"])


async def test_deleting_and_unlocking_go_on_when_the_disk_is_full(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        await engine.files.write_file(ANN, path=f"d/{number}.md", content=f"{number}\n")
    lock = await engine.locks.lock_files(ANN, paths=["d/0.md"])
    has_room = await fill(engine, monkeypatch)
    assert (await engine.status.status(ANN))["disk"] == {"free_bytes": 0, "reserve": "kept"}

    assert await refused(engine) == "FullError"
    assert (folder / ".workspace" / "reserve").exists(), "it is not for writing"
    await engine.locks.unlock_files(ANN, lock=lock["lock"])
    assert (await engine.files.delete_file(ANN, path="d", recursive=True))["files"] == 30
    await engine.tree.materialiser.finish()

    assert (await engine.status.status(ANN))["disk"]["reserve"] == "spent"
    assert not (folder / "d").exists()
    assert await refused(engine) == "disk full"
    with pytest.raises(Unavailable):
        await engine.locks.lock_files(ANN, paths=["d/1.md"])
    versions = (await engine.files.file_history(ANN, path="d/1.md"))["versions"]
    assert {version["version"] for version in versions} == {1}

    has_room()
    await engine._refill()
    assert (await engine.status.status(ANN))["disk"]["reserve"] == "kept"
    assert (await engine.files.write_file(ANN, path="new.md", content="small\n"))["version"] == 1


async def test_content_is_refused_before_it_is_stored_on_a_full_disk(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.db.reserve is not None
    monkeypatch.setattr(Reserve, "free_bytes", lambda _self: 0)
    engine.db.reserve.spend()
    with pytest.raises(Unavailable):
        await engine.files.write_file(ANN, path="large.txt", content=BIG * 5)
    assert [path for path in (folder / ".workspace" / "objects").rglob("*") if path.is_file()] == []


async def test_the_index_waits_for_room(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert engine.db.reserve is not None
    await engine.files.write_file(ANN, path="a.md", content="- Owner: Ann\n")
    await engine.indexing.reach("facts", engine.head_seq, timeout_s=10)
    monkeypatch.setattr(Reserve, "free_bytes", lambda _self: 0)
    engine.db.reserve.spend()
    done = await engine.files.delete_file(ANN, path="a.md")
    assert await engine.indexing.reach("facts", done["seq"], timeout_s=0.3) < done["seq"]
    assert not any(record.exc_info for record in caplog.records)
    monkeypatch.undo()
    await engine._refill()
    assert await engine.indexing.reach("facts", done["seq"], timeout_s=20) >= done["seq"]
