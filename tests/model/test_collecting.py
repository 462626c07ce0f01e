"""Invariant I8 against a plain model: after any history and any clean-up, what is to be kept can be read."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspace_server.config import Settings
from workspace_server.core.access import ALL_VERBS, Caller
from workspace_server.errors import Gone
from workspace_server.services.engine import Engine
from workspace_server.services.upkeep.collecting import Collector
from workspace_server.storage.upkeep.integrity import find_damage

ADA = Caller(agent="ada")
ADMIN = Caller(agent="op", verbs=ALL_VERBS)
LARGE = "a line of what is stored as an object\n" * 2_000
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
