"""One writer with group commit: each body stands alone, and a failing commit fails them all."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.errors import Conflict, Unavailable
from workspace_server.storage.database import SCANNING_NICENESS, SQLITE_MIN, Database, Transaction, connect
from workspace_server.storage.migrations import migrate, steps
from workspace_server.storage.tables import meta

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database.open(tmp_path / "test.db", clock=ManualClock())
    await opened.write(lambda tx: tx.run("CREATE TABLE notes (note TEXT NOT NULL)"))
    yield opened
    await opened.close()


async def notes(tx: Transaction) -> list[str]:
    return [row[0] for row in await tx.all("SELECT note FROM notes ORDER BY rowid")]


async def test_what_is_written_can_be_read_at_once(database: Database) -> None:
    await database.write(lambda tx: tx.run("INSERT INTO notes VALUES ('a')"))
    assert await database.read(notes) == ["a"]
    assert await database.read_long(notes) == ["a"]


async def test_searches_through_the_files_leave_the_processor_to_the_others(database: Database) -> None:
    async def niceness(_: Transaction) -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert await database.read_scan(niceness) >= SCANNING_NICENESS
    assert await database.read_long(niceness) == os.getpriority(os.PRIO_PROCESS, 0)


async def test_a_refusal_takes_back_its_own_change_and_no_other_of_the_batch(database: Database) -> None:
    async def note(tx: Transaction, text: str) -> str:
        await tx.run("INSERT INTO notes VALUES (?)", text)
        if text.startswith("bad"):
            raise Conflict("no", path=text)
        return text

    wanted = [f"bad {number}" if number % 3 == 0 else f"good {number}" for number in range(60)]
    answers = await asyncio.gather(
        *(database.write(lambda tx, text=text: note(tx, text)) for text in wanted),  # type: ignore[misc]
        return_exceptions=True,
    )
    for text, answer in zip(wanted, answers, strict=True):
        assert answer == text if text.startswith("good") else isinstance(answer, Conflict)
    assert await database.read(notes) == [text for text in wanted if text.startswith("good")]


async def test_a_commit_that_fails_fails_every_change_of_its_batch(database: Database) -> None:
    await database.write(lambda tx: tx.run("CREATE TABLE child (note_id REFERENCES parent (note_id))"))
    await database.write(lambda tx: tx.run("CREATE TABLE parent (note_id INTEGER PRIMARY KEY)"))
    heard: list[str] = []

    async def good(tx: Transaction) -> None:
        await tx.run("INSERT INTO notes VALUES ('good')")
        tx.after_commit(lambda: heard.append("good"))

    async def breaks_the_commit(tx: Transaction) -> None:
        await tx.run("PRAGMA defer_foreign_keys = 1")
        await tx.run("INSERT INTO child VALUES (7)")

    answers = await asyncio.gather(
        database.write(good), database.write(breaks_the_commit), database.write(good), return_exceptions=True
    )
    failed = [isinstance(answer, Unavailable) for answer in answers]
    assert failed[1]
    assert len(await database.read(notes)) == len(heard) == failed.count(False)
    await database.write(good)
    assert (await database.read(notes))[-1] == "good"


async def test_a_database_that_is_full_says_so_and_goes_on_when_it_has_room(database: Database) -> None:
    [(pages,)] = await database.write(lambda tx: tx.all("PRAGMA page_count"))
    await database.write(lambda tx: tx.all(f"PRAGMA max_page_count = {pages + 4}"))
    big = "x" * 100_000
    answers = await asyncio.gather(
        database.write(lambda tx: tx.run("INSERT INTO notes VALUES (?)", big)),
        database.write(lambda tx: tx.run("INSERT INTO notes VALUES ('small')")),
        return_exceptions=True,
    )
    assert isinstance(answers[0], Unavailable)
    assert answers[0].facts["reason"] == "FullError"
    kept = ["small"] if answers[1] is None else []
    assert await database.read(notes) == kept

    await database.write(lambda tx: tx.all("PRAGMA max_page_count = 1000000"))
    await database.write(lambda tx: tx.run("INSERT INTO notes VALUES (?)", big))
    assert await database.read(notes) == [*kept, big]


async def test_a_change_that_swallows_the_end_of_its_transaction_fails_alone_with_its_batch(database: Database) -> None:
    async def swallows(tx: Transaction) -> None:
        await tx.run("ROLLBACK")
        raise ValueError("not a database's error")

    with pytest.raises(Unavailable):
        await database.write(swallows)
    await database.write(lambda tx: tx.run("INSERT INTO notes VALUES ('after')"))
    assert await database.read(notes) == ["after"]


async def test_a_body_that_suspends_is_a_bug_and_changes_nothing(database: Database) -> None:
    async def suspends(tx: Transaction) -> None:
        await tx.run("INSERT INTO notes VALUES ('half')")
        await asyncio.sleep(0)

    with pytest.raises(AssertionError):
        await database.write(suspends)
    assert await database.read(notes) == []


async def test_what_follows_a_commit_runs_in_order_and_only_when_it_is_durable(database: Database) -> None:
    heard: list[object] = []

    async def told(tx: Transaction, number: int) -> None:
        tx.after_commit(lambda: heard.append(number))
        if number == 1:
            raise Conflict("no")

    await asyncio.gather(
        *(database.write(lambda tx, n=n: told(tx, n)) for n in range(3)),  # type: ignore[misc]
        return_exceptions=True,
    )
    assert heard == [0, 2]


async def test_a_callback_that_fails_keeps_nobody_waiting(database: Database) -> None:
    async def told(tx: Transaction) -> str:
        tx.after_commit([].pop)
        return "done"

    assert list(await asyncio.gather(database.write(told), database.write(told))) == ["done", "done"]


async def test_a_caller_that_goes_away_does_not_undo_what_the_writer_has(database: Database) -> None:
    impatient = asyncio.ensure_future(database.write(lambda tx: tx.run("INSERT INTO notes VALUES ('kept')")))
    await asyncio.sleep(0)
    impatient.cancel()
    await database.write(lambda tx: tx.run("INSERT INTO notes VALUES ('next')"))
    assert await database.read(notes) == ["kept", "next"]


async def test_closing_commits_what_is_queued_and_takes_no_more(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "test.db", clock=ManualClock())
    queued = [asyncio.ensure_future(database.write(lambda tx: meta.raise_counter(tx, "seq"))) for _ in range(20)]
    await asyncio.sleep(0)
    await database.close()
    await database.close()
    assert await asyncio.gather(*queued) == list(range(1, 21))
    with pytest.raises(Unavailable):
        await database.write(lambda tx: meta.raise_counter(tx, "seq"))


async def test_more_writes_than_can_wait_are_refused(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "test.db", clock=ManualClock())
    futures = [
        asyncio.ensure_future(database.write(lambda tx: meta.raise_counter(tx, "seq")))
        for _ in range(LIMITS.queue_writes_max * 3)
    ]
    answers = await asyncio.gather(*futures, return_exceptions=True)
    taken = [answer for answer in answers if isinstance(answer, int)]
    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert taken == list(range(1, len(taken) + 1))
    assert len(taken) + len(refused) == len(answers)
    assert refused
    assert all(refusal.retryable for refusal in refused)
    await database.close()


async def test_a_reader_sees_one_moment_while_others_write(database: Database) -> None:
    async def twice(tx: Transaction) -> tuple[int, int]:
        [(before,)] = await tx.all("SELECT count(*) FROM notes")
        for _ in range(2_000):
            await tx.all("SELECT count(*) FROM notes")
        [(after,)] = await tx.all("SELECT count(*) FROM notes")
        return before, after

    reading = asyncio.ensure_future(database.read_long(twice))
    for _ in range(20):
        await database.write(lambda tx: tx.run("INSERT INTO notes VALUES ('x')"))
    before, after = await reading
    assert before == after


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(apsw.ReadOnlyError):
        await database.read(lambda tx: tx.run("INSERT INTO notes VALUES ('x')"))
    assert await database.read(notes) == []


def test_sqlite_is_past_the_versions_that_corrupt_a_database() -> None:
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= SQLITE_MIN


def test_the_settings_that_the_promises_rest_on_are_on(tmp_path: Path) -> None:
    connection = connect(tmp_path / "x.db")
    for pragma, value in {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}.items():
        assert connection.execute(f"PRAGMA {pragma}").fetchall() == [(value,)]
    connection.close()


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    connection = connect(tmp_path / "x.db")
    migrate(connection)
    migrate(connection)
    assert connection.execute("PRAGMA user_version").fetchall() == [(steps()[-1][0],)]
    connection.execute("PRAGMA user_version = 9999")
    with pytest.raises(Unavailable):
        migrate(connection)
    connection.close()


def test_the_steps_are_numbered_without_a_gap() -> None:
    numbers = [number for number, _ in steps()]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_nobody_else_may_read_the_database_even_when_it_was_open_to_all(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    names = ("test.db", "test.db-wal", "test.db-shm")
    first = Database.open(state / "test.db", clock=ManualClock())
    assert [(state / name).stat().st_mode & 0o777 for name in names] == [0o600] * 3
    for name in names:
        (state / name).chmod(0o644)
    state.chmod(0o755)
    second = Database.open(state / "test.db", clock=ManualClock())
    try:
        assert [(state / name).stat().st_mode & 0o777 for name in names] == [0o600] * 3
        assert state.stat().st_mode & 0o777 == 0o700
    finally:
        await second.close()
        await first.close()


async def test_a_closed_database_refuses_work_instead_of_keeping_it_waiting(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "closed.db", clock=ManualClock())
    await database.close()
    async with asyncio.timeout(30):
        with pytest.raises(Unavailable):
            await database.alone(lambda _: None)
        with pytest.raises(Unavailable):
            await database.write(notes)
