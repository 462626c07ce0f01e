"""The log as a subscription sees it: bounded work, and honest about what was skipped."""

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.cursors import Place, cursor
from workspace_server.core.scopes import NOTHING
from workspace_server.core.subscriptions import parse_wanted
from workspace_server.errors import Forbidden
from workspace_server.services.engine import Engine
from workspace_server.services.subscribing import reading

pytestmark = pytest.mark.anyio
ANN = Caller(agent="ann")
DELETED = parse_wanted("file.deleted", {})
CREATED = parse_wanted("file.created", {})


async def written(engine: Engine, count: int) -> None:
    for number in range(count):
        await engine.files.write_file(ANN, path=f"{number}.md", content="x")


async def test_a_page_looks_at_a_bounded_part_of_the_log(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 2)
    await written(engine, 5)
    first = await engine.db.read(lambda tx: reading.look(tx, ANN, DELETED, after_seq=0, most=10, rows_max=3))
    assert (first.found, first.seen_seq, first.more) == ([], 3, True)
    rest = await engine.db.read(lambda tx: reading.look(tx, ANN, DELETED, after_seq=3, most=10, rows_max=100))
    assert (rest.seen_seq >= 5, rest.more) == (True, False)
    part = await engine.db.read(lambda tx: reading.look(tx, ANN, CREATED, after_seq=0, most=3, rows_max=10))
    assert ([event.path for event in part.found], part.more) == (["0.md", "1.md", "2.md"], True)


async def test_more_than_a_reader_goes_back_over_is_skipped_and_told(engine: Engine) -> None:
    await written(engine, 5)

    async def begin(seen: int, most: int) -> Place:
        return await engine.db.read(lambda tx: reading.begin(tx, cursor(seen), max_age_s=None, replay_max=most))

    head = engine.head_seq
    assert await begin(0, head) == Place(0, truncated=False)
    assert await begin(0, 2) == Place(head - 2, truncated=True)
    assert await begin(head - 1, 2) == Place(head - 1, truncated=False)


async def test_a_page_is_the_same_from_memory_from_the_log_and_from_a_long_part_of_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(engine, 3)
    near = await engine.subscribing.reading.page(ANN, CREATED, 0, most=10)
    part = await engine.subscribing.reading.page(ANN, CREATED, 0, most=2)
    assert ([event.path for event in part.found], part.more) == (["0.md", "1.md"], True)
    engine.events.tail._kept.clear()
    short = await engine.subscribing.reading.page(ANN, CREATED, 0, most=10)
    assert [event.seq for event in short.found] == [event.seq for event in near.found]
    monkeypatch.setattr(reading, "FEW", 0)
    assert await engine.subscribing.reading.page(ANN, CREATED, 0, most=10) == short


async def test_who_may_not_read_gets_no_events(engine: Engine) -> None:
    nobody = Caller(agent="eve", scope=NOTHING)
    with pytest.raises(Forbidden):
        await engine.subscribing.reading.begin(nobody, None)
    with pytest.raises(Forbidden):
        await engine.subscribing.reading.page(nobody, CREATED, 0, most=10)
