"""The log from its end: what is chosen of it, page by page, and how little of it is read for that."""

from dataclasses import replace
from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.events import EVENT_TYPES
from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument
from workspace_server.services.activity import Wanted
from workspace_server.services.engine import Engine
from workspace_server.storage.tables import event_search
from workspace_server.storage.tables.event_search import Sought, Stretch

pytestmark = pytest.mark.anyio

ANN, BOB = Caller(agent="ann"), Caller(agent="bob")
FILES = [kind for kind in EVENT_TYPES if kind.startswith("file.") and kind != "file.indexed"]


async def write(engine: Engine, path: str, agent: Caller = ANN) -> None:
    await engine.files.write_file(agent, path=path, content=path, append=True)


def told(found: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(one["agent"], one.get("path")) for one in found["events"]]


@pytest.fixture
async def filled(engine: Engine) -> Engine:
    for path, agent in (("a.md", ANN), ("dir/b.md", BOB), ("a.md", BOB), ("dir/c.txt", ANN)):
        await write(engine, path, agent)
    await engine.files.move_file(ANN, path="dir/b.md", to="b.md")
    return engine


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["b.md", "dir/c.txt", "a.md", "dir/b.md", "a.md"]),
        ({"agent": "bob"}, ["a.md", "dir/b.md"]),
        ({"agent": "nobody"}, []),
        ({"path": "a.md"}, ["a.md", "a.md"]),
        ({"path": "a.md", "agent": "ann"}, ["a.md"]),
        ({"path": "dir"}, ["b.md", "dir/c.txt", "dir/b.md"]),
        ({"path": "dir/", "agent": "ann"}, ["b.md", "dir/c.txt"]),
        ({"path": "**/*.txt"}, ["dir/c.txt"]),
        ({"types": ["file.moved"]}, ["b.md"]),
        ({"types": ["file.created"], "path": "dir/b.md"}, ["dir/b.md"]),
        ({"path": "dir/b.md"}, ["b.md", "dir/b.md"]),
        ({"path": "dir/b.md", "agent": "bob"}, ["dir/b.md"]),
    ],
)
async def test_the_log_is_chosen_by_type_agent_and_place(
    filled: Engine, wanted: dict[str, Any], expected: list[str]
) -> None:
    found = await filled.activity.recent(ANN, Wanted(**{"types": FILES, **wanted}))

    assert [one["path"] for one in found["events"]] == expected
    assert "older" not in found
    assert found["seq"] == filled.events.head_seq


@pytest.mark.parametrize("path", [None, "d*.md", "dir/"])
@pytest.mark.parametrize("squash", [False, True])
async def test_page_after_page_everything_comes_once(
    engine: Engine, path: str | None, squash: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace_server.services.activity.CHUNK", 3)
    for number in range(9):
        await write(engine, f"d{number}.md")
        await write(engine, f"dir/{number}.txt")
    wanted, before, seen = Wanted(types=FILES, path=path, squash=squash), None, list[str]()
    while True:
        page = await engine.activity.recent(ANN, wanted, before=before, limit=4)
        seen += [one["path"] for one in page["events"]]
        before = page.get("older")
        if before is None:
            break

    fits = {None: ("d",), "d*.md": ("d0 d1 d2 d3 d4 d5 d6 d7 d8".split()), "dir/": ("dir/",)}[path]
    expected = [f"{name}{number}{end}" for number in range(9) for name, end in (("d", ".md"), ("dir/", ".txt"))]
    assert sorted(seen) == sorted(one for one in expected if one.startswith(tuple(fits)))


async def test_a_line_per_path_tells_of_how_many_changes_it_is_the_last(engine: Engine) -> None:
    for path in ("a.md", "b.md", "a.md", "a.md"):
        await write(engine, path)
    found = await engine.activity.recent(ANN, Wanted(types=FILES, squash=True))

    assert [(one["path"], one["version"], one.get("changes")) for one in found["events"]] == [
        ("a.md", 3, 3),
        ("b.md", 1, None),
    ]


async def test_only_what_is_new_comes_to_a_page_that_stays_open(engine: Engine) -> None:
    await write(engine, "a.md")
    seen = (await engine.activity.recent(ANN, Wanted(types=FILES)))["seq"]
    await write(engine, "b.md")

    assert told(await engine.activity.recent(ANN, Wanted(types=FILES), after=seen)) == [("ann", "b.md")]
    assert told(await engine.activity.recent(ANN, Wanted(types=FILES, path="*.md"), after=seen)) == [("ann", "b.md")]


async def test_a_pattern_looks_through_a_part_of_the_log_and_says_where_it_stopped(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(engine, "rare.md")
    for number in range(30):
        await write(engine, f"{number}.txt")
    monkeypatch.setattr("workspace_server.services.activity.LIMITS", replace(LIMITS, events_looked_through_max=20))
    first = await engine.activity.recent(ANN, Wanted(types=FILES, path="r*.md"))
    assert first["events"] == []

    before = first["older"]
    while before is not None:
        found = await engine.activity.recent(ANN, Wanted(types=FILES, path="r*.md"), before=before)
        before = found.get("older")
    assert told(found) == [("ann", "rare.md")]


@pytest.mark.parametrize(
    ("given", "argument"),
    [({"types": ["gossip"]}, "types"), ({"agent": "x" * 65}, "agent"), ({"path": "/a*"}, "path")],
)
async def test_what_cannot_be_looked_for_is_refused(engine: Engine, given: dict[str, Any], argument: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await engine.activity.recent(ANN, Wanted(**given))
    assert caught.value.facts["argument"] == argument


async def test_a_moment_leads_to_its_place_in_the_log(engine: Engine, clock: ManualClock) -> None:
    async def seq_of(at_s: float) -> int:
        return await engine.activity.seq_of(ANN, at_s=at_s)

    assert await seq_of(0) == 1  # an empty log
    begun = clock.wall_s()
    seqs = []
    for number in range(20):
        await write(engine, f"{number}.md")
        seqs.append((await engine.activity.recent(ANN, Wanted(types=FILES), limit=1))["events"][0]["seq"])
        clock.advance(10)

    assert await seq_of(begun - 1) == 1
    for number in range(1, 20):
        found = await seq_of(begun + 10 * number)
        newest = await engine.activity.recent(ANN, Wanted(types=FILES), before=found, limit=1)
        assert newest["events"][0]["path"] == f"{number - 1}.md"
    assert await seq_of(begun + 1_000) == engine.events.head_seq + 1


async def test_every_question_is_answered_by_an_index(engine: Engine) -> None:
    for sought, index in (
        (Sought(["lock.broken"]), "events_type"),
        (Sought(["lock.broken"], agent="ann"), "events_agent"),
        (Sought(["file.updated"], path="a.md"), "events_path"),
        (Sought(["file.moved"], path="a.md"), "events_moved_from"),
    ):
        asked: list[str] = []

        async def explained(tx: Any, sought: Sought = sought, asked: list[str] = asked) -> list[Any]:
            run = tx.all

            async def all_(sql: str, *parameters: Any) -> Any:
                asked.extend(str(row[3]) for row in await run(f"EXPLAIN QUERY PLAN {sql}", *parameters))
                return []

            class Asking:
                all = staticmethod(all_)

            await event_search.newest(Asking(), sought, Stretch(0, 9), limit=5)  # type: ignore[arg-type]
            return []

        await engine.db.read(explained)
        assert any(index in line for line in asked)
        assert not any(line.startswith("SCAN events") for line in asked)
