"""Many new files at once: recorded in a few statements, with the same outcome as one by one."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.services.tree.folders import ANN, BOB, aged, history, opened, reconcile, text, until, write
from workspace_server.core.locks import Mode
from workspace_server.services.engine import Engine
from workspace_server.services.tree import arrivals
from workspace_server.services.tree.edits import Edit
from workspace_server.services.tree.external import External, Recorded
from workspace_server.storage.database import Transaction
from workspace_server.storage.disk.tree import Tree
from workspace_server.storage.disk.watcher import Watcher
from workspace_server.storage.tables import totals
from workspace_server.storage.upkeep.integrity import find_damage

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("it plays the programs that make files, in the same thread")]

NAMES = ["a.md", "A.md", "b.bin", "caf\u00e9.md", ".gitignore", "x.pyc", "deep/a.md", "Deep/b.md", "a.md/below.txt"]
PATHS = st.sampled_from([*NAMES, *(f"d/{name}" for name in NAMES), *(f"D/{name}" for name in NAMES)])
BYTES = {
    "empty": b"",
    "one": b"1",
    "two": b"2",
    "binary": b"\0" * 2_000,
    "long": b"x\n" * 900,
    "large": b"y\n" * 60_000,
}
FOLDERS = st.dictionaries(PATHS, st.sampled_from(list(BYTES)), max_size=12)
FACTS = ("sha256", "size_bytes", "media_type", "op", "commit", "files", "previous_version", "reason", "copy")


class Story(NamedTuple):
    """What stands in a folder at first, what agents do then, and what is deleted and made beside that from outside."""

    first: dict[str, str]
    written: list[str]
    deleted: list[str]
    locked: list[tuple[str, Mode]]
    gone: list[str]
    later: dict[str, str]
    policy: str


STORIES = st.builds(
    Story,
    FOLDERS,
    st.lists(PATHS, max_size=4, unique=True),
    st.lists(PATHS, max_size=2, unique=True),
    st.lists(
        st.tuples(st.sampled_from(["d/", "d/a.md", "*.md", "deep/a.md"]), st.sampled_from(["exclusive", "intent"])),
        max_size=2,
        unique=True,
    ),
    st.lists(PATHS, max_size=4, unique=True),
    FOLDERS,
    st.sampled_from(["accept", "conflict_copy"]),
)


def make(root: Path, some: dict[str, str]) -> None:
    """Write what can be written: where a file stands, no directory can."""
    for path, content in sorted(some.items()):
        try:
            aged(root / path, BYTES[content])
        except OSError:
            continue


async def attempt(doing: Any) -> None:
    try:
        await doing
    except Exception as error:  # whatever is refused is refused alike in both
        if not hasattr(error, "code"):
            raise


async def told(root: Path, story: Story) -> list[Any]:
    """Play a story and return what the workspace then holds, without the numbers that the order gives."""
    make(root, story.first)
    async with opened(root, external_edits=story.policy) as engine:
        for path in story.written:
            await attempt(write(engine, path, f"by ann {path}", overwrite=True))
        for path in story.deleted:
            await attempt(engine.files.delete_file(ANN, path=path))
        for path, mode in story.locked:
            await attempt(engine.locks.lock_files(BOB, paths=[path], mode=mode, ttl_seconds=600))
        await engine.tree.materialiser.sync()
        for path in story.gone:
            with contextlib.suppress(OSError):
                (root / path).unlink()
        make(root, story.later)
        for _ in range(3):
            await reconcile(engine)
        await engine.tree.materialiser.finish()
        assert engine.tree.reconciler is not None
        counts = sorted(engine.tree.reconciler.left_out.counts.items())
        return [counts, *await engine.db.read(held)]


async def held(tx: Transaction) -> list[Any]:
    files = await tx.all(
        "SELECT path, fold, live, version, sha256, size_bytes, media_type, modified_by, tree_sha256,"
        " tree_signature IS NOT NULL FROM files ORDER BY path"
    )
    versions = await tx.all(
        "SELECT path, v.version, op, agent, message, v.sha256, v.size_bytes, v.media_type, sources, moved_from"
        " FROM versions v JOIN files USING (file_id) ORDER BY path, v.version"
    )
    contents = await tx.all("SELECT sha256, size_bytes, form, data FROM contents ORDER BY sha256")
    events = await tx.all("SELECT type, path, version, agent, data FROM events WHERE type <> 'file.indexed'")
    facts = sorted(
        (kind, path or "", version or 0, agent, [(name, str(data[name])) for name in FACTS if name in data])
        for kind, path, version, agent, data in ((*row[:4], json.loads(row[4])) for row in events)
    )
    audit = await tx.all("SELECT DISTINCT agent, action FROM audit WHERE agent <> 'server' ORDER BY 1, 2")
    locks = await tx.all("SELECT mode, state FROM locks ORDER BY lock_id")
    assert await tx.all("SELECT * FROM intents") == []
    assert await tx.all("SELECT count(*) FROM events WHERE seq > (SELECT count(*) FROM events)") == [(0,)]
    wrong = "SELECT f.path FROM versions v JOIN files f USING (file_id) LEFT JOIN events e ON e.seq = v.seq"
    assert await tx.all(f"{wrong} WHERE e.path IS NOT f.path AND v.op IN ('import', 'external')") == []
    return [files, versions, contents, facts, audit, locks]


TWO_SPELLINGS = Story({}, [], [], [("*.md", "exclusive")], [], {"a.md": "empty", "A.md": "empty"}, "conflict_copy")
"""Copies of two spellings of a path, named by the same bytes, have names that differ only by case as well."""


@given(story=STORIES)
@example(story=TWO_SPELLINGS)
@settings(max_examples=12, deadline=None)
def test_files_that_come_together_are_recorded_as_if_each_came_alone(story: Story) -> None:
    found = []
    for least in (1, 1_000_000):
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(arrivals, "ARRIVALS_MIN", least)
            patch.setattr(Watcher, "start", lambda _self: False)  # it is said when to look
            found.append(asyncio.run(told(Path(folder), story)))
            assert [finding for finding in find_damage(Path(folder)) if finding.damage] == []
    assert found[0] == found[1]


def many(root: Path, directory: str, count: int = arrivals.ARRIVALS_MIN + 6) -> list[str]:
    paths = [f"{directory}/{number:03}.md" for number in range(count)]
    for path in paths:
        aged(root / path, path.encode())
    return paths


def before_recording(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Awaitable[None]]) -> None:
    """Call *act* once, when the first edits have been read and are about to be recorded."""
    record, done = External.record, False

    async def later(*given: Any, **how: Any) -> Recorded:
        nonlocal done
        if not done:
            done = True
            await act()
        return await record(*given, **how)

    monkeypatch.setattr(External, "record", later)


def noting(done: list[str], told: Callable[[Edit], bool]) -> Callable[[Edit], bool]:
    """Return what notes that edits have been read, as they are judged."""

    def judge(edit: Edit) -> bool:
        if done[-1:] != ["read"]:
            done.append("read")
        return told(edit)

    return judge


async def unsettled(engine: Engine) -> int:
    """Return how many files are not known to stand in the folder for good."""
    count = "SELECT count(*) FROM files WHERE tree_sha256 IS NOT sha256 OR tree_signature IS NULL"
    row = await engine.db.read(lambda tx: tx.one(count))
    assert row is not None
    return int(row[0])


async def test_new_files_are_durable_in_the_folder_before_they_are_recorded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync = Tree.sync

    def synced(self: Tree, paths: Iterable[str]) -> None:
        sync(self, paths)
        done.append("synced")

    async def recording() -> None:
        done.append("recording")

    monkeypatch.setattr(Tree, "sync", synced)
    monkeypatch.setattr(arrivals, "may_arrive", noting(done, arrivals.may_arrive))
    before_recording(monkeypatch, recording)
    paths = many(folder, "old")
    async with opened(folder) as engine:
        # The first was begun beside the reading; what counts is the one after it.
        assert done[: done.index("recording") + 1][-3:] == ["read", "synced", "recording"]
        assert await unsettled(engine) == 0
        assert await history(engine, paths[0]) == [(1, "import", "import")]


async def test_where_the_folder_cannot_be_synced_files_are_recorded_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Tree, _paths: Iterable[str]) -> None:
        raise OSError(5, "Input/output error")

    many(folder, "old")
    with monkeypatch.context() as patch:
        patch.setattr(Tree, "sync", refuse)
        async with opened(folder) as engine:
            assert await history(engine, "old/000.md") == [(1, "import", "import")]
            assert await unsettled(engine) == arrivals.ARRIVALS_MIN + 6
    async with opened(folder) as engine:
        assert await unsettled(engine) == 0


async def test_a_save_between_reading_and_recording_is_the_next_version(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def save() -> None:
        (folder / "old/001.md").write_bytes(b"meanwhile")

    before_recording(monkeypatch, save)
    many(folder, "old")
    async with opened(folder) as engine:

        async def seen() -> bool:
            return await text(engine, "old/001.md") == "meanwhile"

        await until(seen)
        assert await history(engine, "old/001.md") == [(2, "external", "external"), (1, "import", "import")]


async def test_content_that_was_cleared_before_it_was_named_is_read_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(folder) as engine:

        async def clear() -> None:
            await engine.db.write(lambda tx: tx.run("DELETE FROM contents"))

        before_recording(monkeypatch, clear)
        paths = many(folder, "new")

        async def all_there() -> bool:
            return (await engine.db.read(totals.of_workspace))[0] == len(paths)

        await until(all_there)
        assert await text(engine, paths[-1]) == paths[-1]
        await reconcile(engine)
        assert await unsettled(engine) == 0
    assert [finding for finding in find_damage(folder) if finding.damage] == []


async def test_triggers_see_each_of_many_new_files_but_none_of_an_import(folder: Path) -> None:
    many(folder, "in")
    async with opened(folder) as engine:
        await engine.triggers.create_trigger(
            ANN, name="each", files=["in/*.md"], mode="each", queue="q", settle="immediate"
        )
        many(folder, "in", arrivals.ARRIVALS_MIN * 2 + 12)
        await reconcile(engine)

        async def counted() -> bool:
            row = await engine.db.read(lambda tx: tx.one("SELECT count(*) FROM join_slots"))
            return row == (arrivals.ARRIVALS_MIN + 6,)

        await until(counted)
