"""Any work of several agents on a few files, and an undo: held against a plain model of what must come of it."""

import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workspace_server.config import Settings
from workspace_server.core import undo
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL
from workspace_server.errors import NotFound
from workspace_server.services.engine import Engine

AGENTS = ("ann", "bob", "cy")
PATHS = ("a.md", "b.md", "dir/c.md", "dir/d.bin")
TEXTS = ("", "one\n", "one\ntwo\n", "zero\none\ntwo\nthree\n", "\x00\x01")
PAT = Caller(agent="pat", scope=ALL)

operations = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(AGENTS), st.sampled_from(PATHS), st.sampled_from(TEXTS)),
    st.tuples(st.just("append"), st.sampled_from(AGENTS), st.sampled_from(PATHS), st.just("more\n")),
    st.tuples(st.just("delete"), st.sampled_from(AGENTS), st.sampled_from(PATHS), st.none()),
    st.tuples(st.just("move"), st.sampled_from(AGENTS), st.sampled_from(PATHS), st.sampled_from(PATHS)),
    st.tuples(st.just("restore"), st.sampled_from(AGENTS), st.sampled_from(PATHS), st.none()),
)


@dataclass
class Model:
    """What stands where, and every change in its order: seq, agent, path, and what stood there before."""

    files: dict[str, str] = field(default_factory=dict)
    log: list[tuple[int, str, str, str | None]] = field(default_factory=list)
    moves: list[tuple[int, str, str, str]] = field(default_factory=list)

    def note(self, seq: int, agent: str, path: str, after: str | None) -> None:
        """Take note of a change, if it is one."""
        if self.files.get(path) != after:
            self.log.append((seq, agent, path, self.files.get(path)))
        if after is None:
            self.files.pop(path, None)
        else:
            self.files[path] = after

    def expected(self, agent: str, since: int, until: int) -> dict[str, str | None]:
        """Return what must stand where after the undo, for every path that leaves no doubt.

        That is what nobody but the agent has changed since its first change, with all that moves tie to it, and what
        the agent has not changed at all.
        """
        mine = {path for seq, who, path, _ in self.log if who == agent and since < seq <= until}
        firsts: dict[str, str | None] = {}
        touched: set[str] = set()
        for seq, who, path, before in self.log:
            if who == agent and since < seq <= until:
                firsts.setdefault(path, before)
            elif path in firsts:
                touched.add(path)
        while True:
            tied = {
                end
                for seq, who, *ends in self.moves
                if who == agent and since < seq <= until and touched & set(ends)
                for end in ends
            }
            if tied <= touched:
                break
            touched |= tied
        certain: dict[str, str | None] = {path: self.files.get(path) for path in PATHS if path not in mine | touched}
        return certain | {path: before for path, before in firsts.items() if path not in touched}


async def change(engine: Engine, model: Model, base: str, operation: tuple[str, str, str, Any]) -> None:
    """Do one operation on both sides; what the workspace refuses is no change."""
    kind, agent, path, what = operation
    caller, files = Caller(agent=agent), engine.files
    there = model.files.get(path)
    if kind in {"write", "append"}:
        append = kind == "append"
        done = await files.write_file(caller, path=base + path, content=what, append=append, overwrite=not append)
        model.note(done["seq"], agent, path, (there or "") + what if append else what)
    elif kind == "delete" and there is not None:
        done = await files.delete_file(caller, path=base + path)
        model.note(done["seq"], agent, path, None)
    elif kind == "move" and there is not None and what != path:
        done = await files.move_file(caller, path=base + path, to=base + what, overwrite=True)
        model.note(done["seq"], agent, what, there)
        model.note(done["seq"], agent, path, None)
        model.moves.append((done["seq"], agent, path, what))
    elif kind == "restore" and there is None:
        try:
            done = await files.restore_file(caller, path=base + path)
        except NotFound:
            return
        content = await files.open_content(caller, path=base + path)
        model.note(done["seq"], agent, path, (await content.read()).decode())


async def standing(engine: Engine, base: str) -> dict[str, str]:
    """Return what stands below *base*, by the workspace and by the folder, which must agree."""
    found = {}
    for path in PATHS:
        try:
            content = await engine.files.open_content(PAT, path=base + path)
        except NotFound:
            continue
        found[path] = (await content.read()).decode()
    on_disk = {path: (engine.root / base / path).read_text() for path in PATHS if (engine.root / base / path).exists()}
    assert on_disk == found
    return found


class Runner:
    """One open workspace for all examples, on a loop of its own; each example has a directory of its own."""

    def __init__(self, portal: BlockingPortal, engine: Engine) -> None:
        self.engine = engine
        self._portal = portal
        self._bases = (f"x{number}/" for number in itertools.count())

    def run(self, work: Callable[[Engine, str, Any], Awaitable[None]], what: object) -> None:
        """Run *work* in the workspace's loop, in a new directory."""
        self._portal.call(work, self.engine, next(self._bases), what)


@pytest.fixture
def runner(folder: Path) -> Iterator[Runner]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Engine.open(folder, settings=Settings())) as engine,
    ):
        yield Runner(portal, engine)


Example = tuple[list[tuple[str, str, str, Any]], int, int]
examples = st.tuples(st.lists(operations, min_size=1, max_size=14), st.integers(0, 13), st.integers(1, 14))


async def play(engine: Engine, base: str, example: Example) -> None:
    """Do the work, take ann's part of it back, and hold what stands there against the model."""
    happened, first, length = example
    model = Model()
    seqs = [engine.head_seq]
    for operation in happened:
        await change(engine, model, base, operation)
        seqs.append(model.log[-1][0] if model.log else seqs[0])
    since, until = seqs[min(first, len(happened))], seqs[min(first + length, len(happened))]
    before = await standing(engine, base)
    assert before == model.files
    expected = model.expected("ann", since, until)
    given: dict[str, Any] = {"agent": "ann", "since": since, "until": until, "path": base}

    tried = await engine.undo.undo(PAT, **given, dry_run=True)
    assert await standing(engine, base) == before
    done = await engine.undo.undo(PAT, **given)
    after = await standing(engine, base)

    assert (tried["files"], tried["left"]) == (done["files"], done["left"])
    assert {path: after.get(path) for path in expected} == expected
    left = {one["path"].removeprefix(base) for one in done["left"]}
    assert {path: after.get(path) for path in left} == {path: before.get(path) for path in left}
    if done["commit"] is not None:
        back = await engine.undo.undo(PAT, agent="pat", since=done["until_seq"], path=base)
        assert back["left"] == []
        assert await standing(engine, base) == before


many = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@many
@given(example=examples)
def test_what_nobody_else_has_touched_is_as_it_was_before_the_agent(runner: Runner, example: Example) -> None:
    runner.run(play, example)


def test_an_undo_that_forgets_the_other_end_of_a_move_is_found(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo, "together", lambda _moves, left: dict(left))
    happened = [
        ("write", "bob", "a.md", "one\n"),
        ("move", "ann", "a.md", "b.md"),
        ("move", "bob", "b.md", "dir/c.md"),
    ]

    with pytest.raises(AssertionError):
        runner.run(play_strictly, happened)
    monkeypatch.undo()
    runner.run(play_strictly, happened)


async def play_strictly(engine: Engine, base: str, happened: list[tuple[str, str, str, Any]]) -> None:
    """Take back a move whose file went on: nothing may stand twice."""
    model = Model()
    since = engine.head_seq
    for operation in happened:
        await change(engine, model, base, operation)
    await engine.undo.undo(PAT, agent="ann", since=since, path=base)
    contents = list((await standing(engine, base)).values())
    assert len(contents) == len(set(contents))
