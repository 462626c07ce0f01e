"""Invariant I8 against a plain model: after any history and any clean-up, what is to be kept can be read."""

import asyncio
import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL
from workspace_server.errors import Gone, Unavailable, WorkspaceError
from workspace_server.services.engine import Engine
from workspace_server.services.tree.external import External, Recorded
from workspace_server.services.tree.reconcile import AHEAD_FROM
from workspace_server.services.upkeep import collecting
from workspace_server.services.upkeep.collecting import Collector
from workspace_server.storage import content as contents
from workspace_server.storage.content import ObjectStore, removed
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.disk.watcher import Dirty
from workspace_server.storage.pins import Pins
from workspace_server.storage.upkeep.discarding import Discarded
from workspace_server.storage.upkeep.integrity import find_damage

ADA = Caller(agent="ada")
ADMIN = Caller(agent="op", scope=ALL)
LARGE = "a line of what is stored as an object\n" * 2_000
AGENTS = 8
CONTENTS = ("", "a", "b", LARGE + "a", LARGE + "b")

steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from("xyz"), st.sampled_from(CONTENTS)),
        st.tuples(st.just("append"), st.sampled_from("xyz"), st.sampled_from(("c", "d"))),
        st.tuples(st.just("delete"), st.sampled_from("xyz"), st.just("")),
        st.tuples(st.just("gc"), st.just(""), st.just("")),
    ),
    min_size=3,
    max_size=20,
)
Model = dict[str, list[str]]


async def play(root: Path, happened: list[tuple[str, str, str]], keep: int) -> tuple[Model, set[str]]:
    """Do what happened; return every version that ever was, by path, and the paths that are there."""
    model: Model = {}
    live: set[str] = set()
    async with Engine.open(root, settings=Settings(retention_versions=keep)) as engine:
        for what, path, content in happened:
            if what == "gc":
                await engine.tree.materialiser.finish()
                await Collector(engine.folder, ADMIN, lambda *_: None).run()
            elif what == "delete":
                if path in live:
                    await engine.files.delete_file(ADA, path=path)
                    live.discard(path)
            else:
                before = model[path][-1] if path in live else ""
                after = before + content if what == "append" else content
                await engine.files.write_file(
                    ADA, path=path, content=content, append=what == "append", overwrite=what == "write"
                )
                if path not in live or after != before:
                    model.setdefault(path, []).append(after)
                live.add(path)
        await engine.tree.materialiser.finish()
        await Collector(engine.folder, ADMIN, lambda *_: None).run()
        for path, versions in model.items():
            for number, expected in enumerate(versions, 1):
                within = len(versions) - number < keep
                try:
                    found = await (await engine.files.open_content(ADA, path=path, version=number)).read()
                    assert found.decode() == expected, (path, number)
                except Gone:
                    assert not within, (path, number)
    return model, live


@pytest.mark.blocking
@given(happened=steps, keep=st.integers(1, 3))
@settings(max_examples=25)
def test_clean_up_removes_nothing_that_is_to_be_kept(happened: list[tuple[str, str, str]], keep: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder), happened, keep))
        assert [finding for finding in find_damage(Path(folder)) if finding.damage] == []


class Storm:
    """Clear up all the time while agents go back to what they had and a person drops files into the folder."""

    def __init__(self, engine: Engine, root: Path, turns: int) -> None:
        self.lost: list[str] = []
        self._engine = engine
        self._root = root
        self._turns = turns
        self._at_work = AGENTS + 1
        self._cleared = 0

    async def run(self) -> None:
        async with anyio.create_task_group() as together:
            for name in range(AGENTS):
                together.start_soon(self._agent, name)
            together.start_soon(self._person)
            together.start_soon(self._clean_up)

    async def _agent(self, name: int) -> None:
        for turn in range(self._turns):
            for content in (f"{LARGE}{name}", f"small {turn}", f"{LARGE}{name}"):
                await self._engine.files.write_file(ADA, path=f"{name}.md", content=content, overwrite=True)
                await self._engine.tree.materialiser.finish()  # until then open intents hold what they name
                await self._read(f"{name}.md", content)
        self._at_work -= 1

    async def _person(self) -> None:
        assert self._engine.tree.reconciler is not None
        for turn in range(self._turns // 2):
            made = {f"{turn}-{number}.txt": f"{turn} {number}" for number in range(AHEAD_FROM + 1)}
            for path, content in made.items():
                (self._root / path).write_text(content)
            for _ in range(3):  # a second time for what was to be looked at again
                with contextlib.suppress(Unavailable):
                    await self._engine.tree.reconciler.reconcile(Dirty(True, set()), patient=False)
            for path, content in made.items():
                await self._read(path, content)
        self._at_work -= 1

    async def _clean_up(self) -> None:
        while self._at_work:
            await Collector(self._engine.folder, ADMIN, lambda *_: None, orphan_grace_s=-60.0).run()
            self._cleared += 1
            await asyncio.sleep(0)

    async def cleaned_up(self) -> None:
        """Wait until a clean-up has begun and ended."""
        until = self._cleared + 2
        while self._cleared < until:  # noqa: ASYNC110 - it sends no event
            await asyncio.sleep(0)

    async def _read(self, path: str, expected: str) -> None:
        try:
            found = await (await self._engine.files.open_content(ADA, path=path)).read()
        except WorkspaceError as error:
            self.lost.append(f"{path}: {error}")
            return
        if found.decode() != expected:
            self.lost.append(path)


async def lost_in(root: Path, turns: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what could not be read after it was stored, with a clean-up between all that is done in two steps."""
    async with Engine.open(root, settings=Settings(retention_versions=1)) as engine:
        storm = Storm(engine, root, turns)
        record = External.record

        async def later(*args: Any, **options: Any) -> Recorded:
            await storm.cleaned_up()
            return await record(*args, **options)

        monkeypatch.setattr(External, "record", later)
        await storm.run()
        return storm.lost


def damage(root: Path) -> list[str]:
    return [finding.said for finding in find_damage(root) if finding.damage]


@pytest.mark.blocking
def test_clean_up_beside_agents_and_imports_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert asyncio.run(lost_in(Path(folder), 4, monkeypatch)) == []
        assert damage(Path(folder)) == []


@pytest.mark.blocking
def test_that_would_have_found_an_object_removed_unlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unlooked(_: Database, objects: ObjectStore, hashes: Sequence[str]) -> Discarded:
        for _turn in range(50):  # what is saved again meanwhile has its row by now, and nothing pins it
            await asyncio.sleep(0.001)
        return Discarded(0, sum(removed(path) for path in objects.set_aside(hashes)))

    monkeypatch.setattr(collecting, "discard_objects", unlooked)
    with tempfile.TemporaryDirectory() as folder:
        assert asyncio.run(lost_in(Path(folder), 12, monkeypatch))


@pytest.mark.blocking
def test_that_would_have_found_what_is_stored_ahead_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unchecked(_: Transaction, hashes: Sequence[str]) -> set[str]:
        return set(hashes[:0])

    monkeypatch.setattr(Pins, "free", lambda _, hashes: list(hashes))
    monkeypatch.setattr(contents, "missing", unchecked)
    with tempfile.TemporaryDirectory() as folder:
        assert asyncio.run(lost_in(Path(folder), 4, monkeypatch))
