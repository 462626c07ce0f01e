"""What an agent is told of the files that it has read: each change once, and none of its own or that it knows."""

from dataclasses import replace
from typing import Any

import pytest

from tests.services.files.test_conflicts import LINES, look, stale
from tests.services.files.test_drafts import refused
from tests.services.files.test_writing import ANN, BOB, write
from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument, SuspiciousWrite, Unavailable
from workspace_server.services.engine import Engine
from workspace_server.services.files.seen import READ_FOR_S, STALE_SHOWN_MAX, Seen
from workspace_server.storage.database import Body, Transaction
from workspace_server.storage.tables import files
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.files import FileRow

pytestmark = pytest.mark.anyio


async def test_a_replayed_answer_leaves_what_it_does_not_say_for_the_next(engine: Engine) -> None:
    await write(engine, "in.md", "1")
    await look(engine, "in.md")
    bob = replace(BOB, request_id="once", asked="the same")
    await write(engine, "out.md", "x", bob)
    await write(engine, "in.md", "2", expect_version=1)
    again = await write(engine, "out.md", "x", bob)
    assert (again["replayed"], stale(again)) == (True, [])
    assert [one["path"] for one in stale(await write(engine, "b.md", "x", BOB))] == ["in.md"]


async def test_who_is_told_that_nothing_changed_is_up_to_date(engine: Engine) -> None:
    await write(engine, "in.md", "one")
    await look(engine, "in.md")
    await write(engine, "in.md", "two", expect_version=1)
    await write(engine, "in.md", "one", expect_version=2)
    assert (await look(engine, "in.md", since_version=1))["unchanged"]
    assert stale(await write(engine, "out.md", "x", BOB)) == []
    await write(engine, "in.md", "three", expect_version=3)
    assert [one["you_read"] for one in stale(await write(engine, "b.md", "x", BOB))] == [3]


async def test_who_read_a_part_and_then_the_diff_is_up_to_date_and_has_still_seen_a_part(engine: Engine) -> None:
    await write(engine, "in.md", LINES)
    await look(engine, "in.md", max_lines=100)
    await write(engine, "in.md", "first\n" + LINES.replace("line 300\n", "line CCC\n"), expect_version=1)
    assert (await look(engine, "in.md", since_version=1))["diff"]
    assert stale(await write(engine, "out.md", "x", BOB)) == []
    told = await refused(engine, SuspiciousWrite, "in.md", "first\n", expect_version=2)
    assert told["lost_lines"] == 400 - 100 - 7  # of what was shown, the diff around line 300 is seven lines
    assert (await look(engine, "in.md", since_version=2))["unchanged"]
    await refused(engine, SuspiciousWrite, "in.md", "first\n", expect_version=2)


@pytest.mark.parametrize(
    ("paths", "tool", "given"),
    [
        (["a.md"], "delete_file", {"path": "a.md"}),
        (["d/a.md", "d/e/b.md"], "delete_file", {"path": "d", "recursive": True}),
        (["a.md"], "move_file", {"path": "a.md", "to": "b.md"}),
        (["d/a.md", "d/e/b.md"], "move_file", {"path": "d", "to": "f"}),
    ],
)
async def test_a_change_warns_of_nothing_that_it_takes_away_itself(
    engine: Engine, paths: list[str], tool: str, given: dict[str, Any]
) -> None:
    for path in (*paths, "other.md"):
        await write(engine, path, "1")
        await look(engine, path)
        await write(engine, path, "2", expect_version=1)
    assert [one["path"] for one in stale(await getattr(engine.files, tool)(BOB, **given))] == ["other.md"]


def changed(path: str) -> Event:
    return Event(seq=1, at=0.0, type="file.updated", path=path, version=2, agent="ann", data={})


def test_so_many_are_named_as_are_shown_and_what_is_long_past_is_forgotten() -> None:
    seen = Seen()
    for number in range(3 * STALE_SHOWN_MAX):
        path = f"{number:03}.md"
        seen.show("bob", path, 1, at=float(number >= STALE_SHOWN_MAX))
        seen.notice([changed(path)])
    own = [f"{number:03}.md" for number in range(STALE_SHOWN_MAX, STALE_SHOWN_MAX + 9)]
    found = seen.moved_on("bob", own, now_s=READ_FOR_S)
    first = STALE_SHOWN_MAX + 9
    assert [one["path"] for one in found] == [f"{number:03}.md" for number in range(first, first + STALE_SHOWN_MAX)]
    assert seen.moved_on("bob", [], now_s=READ_FOR_S - 1)[0]["path"] == own[0]  # those before it are gone


def test_what_was_read_again_meanwhile_is_not_forgotten() -> None:
    seen = Seen()
    seen.show("bob", "a.md", 1, at=0.0)
    seen.notice([changed("a.md")])
    told = [str(one["path"]) for one in seen.moved_on("bob", [], now_s=1.0)]
    seen.show("bob", "a.md", 2, at=1.0)
    seen.told("bob", told)
    seen.notice([changed("a.md")._replace(version=3)])
    assert [one["you_read"] for one in seen.moved_on("bob", [], now_s=1.0)] == [2]


async def test_each_source_is_looked_up_once_and_no_more_than_are_shown(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 2 * STALE_SHOWN_MAX
    for content in ("1", "2"):
        entries = [{"op": "write", "path": f"{n}.md", "content": content, "overwrite": True} for n in range(count)]
        await engine.files.commit_files(ANN, changes=entries)
    await engine.indexing.reach("facts", engine.head_seq, timeout_s=30)  # it looks at files as well
    looked: list[str] = []
    by_path = files.by_path

    async def noted(tx: Transaction, path: str) -> FileRow | None:
        looked.append(path)
        return await by_path(tx, path)

    monkeypatch.setattr(files, "by_path", noted)
    sources = [{"path": f"{number}.md", "version": 1} for number in range(count)] * 2
    done = await write(engine, "out.md", "x", BOB, sources=[{"path": "0.md", "version": 2}] * 5 + sources)
    assert len(stale(done)) == STALE_SHOWN_MAX
    assert looked.count("0.md") == 2  # version 2, and version 1
    assert f"{count - 1}.md" not in looked


async def test_a_commit_names_so_many_sources_at_most(engine: Engine) -> None:
    each = [{"path": "in.md", "version": 1}] * LIMITS.sources_max
    entries = [
        {"op": "write", "path": f"{number}.md", "content": "x", "sources": each}
        for number in range(LIMITS.commit_sources_max // LIMITS.sources_max + 1)
    ]
    with pytest.raises(InvalidArgument, match="sources together"):
        await engine.files.commit_files(ANN, changes=entries)
    await engine.files.commit_files(ANN, changes=entries[:-1])


async def test_what_was_read_is_written_once_the_disk_has_room(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, works = engine.folder.seen, engine.db.write

    async def rows(tx: Transaction) -> Any:
        return [row[0] for row in await tx.all("SELECT path FROM reads ORDER BY path")]

    async def full(body: Body[Any], *, essential: bool = False) -> Any:
        raise Unavailable("The disk is full.", hint="")

    for path in ("gone.md", "kept.md"):
        seen.show("bob", path, 1, at=engine.clock.wall_s())
    await seen.flush(engine.db)
    assert await engine.db.read(rows) == ["gone.md", "kept.md"]
    monkeypatch.setattr(engine.db, "write", full)
    seen.show("bob", "late.md", 1, at=engine.clock.wall_s())
    seen.notice([changed("gone.md")])
    seen.told("bob", ["gone.md"])
    await seen.flush(engine.db)
    monkeypatch.setattr(engine.db, "write", works)
    await seen.flush(engine.db)
    assert await engine.db.read(rows) == ["kept.md", "late.md"]
