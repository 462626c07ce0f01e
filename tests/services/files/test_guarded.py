"""Files that agents obey unasked: no operation makes, changes or removes one without `admin`, in no spelling."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services.tree.folders import aged, reconcile, until
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL, parse_scope
from workspace_server.errors import Forbidden, WorkspaceError
from workspace_server.interfaces.mcp.tools import TOOLS
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("the folder is changed from outside")]

ANN = Caller(agent="ann")
ROOT = Caller(agent="root", scope=ALL)
DOCS = Caller(agent="docs", scope=parse_scope(["read,write,lock,admin:docs/**", "read,write,lock:**"]))
NAMES = [
    "CLAUDE.md",
    "a/b/agents.MD",
    "\uff23\uff2c\uff21\uff35\uff24\uff25.md",
    "x/.v\u017fcode/tasks.json",
    ".claude/deep/settings.json",
]
Call = Callable[[Engine, Caller, str], Awaitable[Any]]


async def chunks() -> AsyncIterator[bytes]:
    yield b"obey"


def committed(**change: Any) -> Call:
    """A commit of one change, in which `{}` stands for the guarded name."""

    def call(engine: Engine, caller: Caller, name: str) -> Awaitable[Any]:
        told = {key: value.replace("{}", name) if isinstance(value, str) else value for key, value in change.items()}
        return engine.files.commit_files(caller, changes=[told])

    return call


def moved(*, copy: bool) -> Call:
    """A directory that is moved so that a guarded name appears below."""

    async def call(engine: Engine, caller: Caller, name: str) -> None:
        above, _, last = f"top/{name}".rpartition("/")
        *above_, guarded_directory = above.split("/")
        if guarded_directory.startswith("."):  # the directory's own name is what guards
            await engine.files.write_file(ROOT, path=f"from/{last}", content="x")
            to = "/".join([*above_, guarded_directory])
        else:
            await engine.files.write_file(ROOT, path=f"from/{name}", content="x")
            to = "top"
        await engine.files.move_file(caller, path="from", to=to, copy=copy)

    return call


MAKE: dict[str, Call] = {
    "write_file": lambda e, c, n: e.files.write_file(c, path=n, content="obey"),
    "write_file append": lambda e, c, n: e.files.write_file(c, path=n, content="obey", append=True),
    "upload": lambda e, c, n: e.files.upload(c, path=n, chunks=chunks()),
    "save_text": lambda e, c, n: e.editing.save_text(c, path=n, typed="obey", base=0),
    "move_file": lambda e, c, n: e.files.move_file(c, path="plain.md", to=n),
    "move_file copy": lambda e, c, n: e.files.move_file(c, path="plain.md", to=n, copy=True),
    "move_file directory": moved(copy=False),
    "move_file copied directory": moved(copy=True),
    "commit_files write": committed(op="write", path="{}", content="obey"),
    "commit_files move": committed(op="move", path="plain.md", to="{}"),
    "check_out": lambda e, c, n: e.checkouts.check_out(c, path=n),
}
"""What would make a guarded file appear."""
CHANGE: dict[str, Call] = {
    "write_file": lambda e, c, n: e.files.write_file(c, path=n, content="obey", overwrite=True),
    "write_file merged": lambda e, c, n: e.files.write_file(
        c, path=n, content="obey", expect_version=1, on_conflict="merge"
    ),
    "edit_file": lambda e, c, n: e.files.edit_file(c, path=n, edits=[{"old_text": "rules", "new_text": "obey"}]),
    "upload": lambda e, c, n: e.files.upload(c, path=n, chunks=chunks(), overwrite=True),
    "save_text": lambda e, c, n: e.editing.save_text(c, path=n, typed="obey", base=1),
    "move_file": lambda e, c, n: e.files.move_file(c, path=n, to="away.md"),
    "move_file onto": lambda e, c, n: e.files.move_file(c, path="plain.md", to=n, overwrite=True),
    "delete_file": lambda e, c, n: e.files.delete_file(c, path=n),
    "restore_file": lambda e, c, n: e.files.restore_file(c, path=n, version=1, overwrite=True),
    "commit_files edit": committed(op="edit", path="{}", edits=[{"old_text": "rules", "new_text": "obey"}]),
    "commit_files delete": committed(op="delete", path="{}"),
    "commit_files move": committed(op="move", path="{}", to="away.md"),
    "undo": lambda e, c, n: e.undo.undo(c, agent="root", since=0),
    "check_out": lambda e, c, n: e.checkouts.check_out(c, path=n),
    "check_in": lambda e, c, n: e.checkouts.check_in(c, path=n),
}
"""What would change one, or take it away."""


async def fresh(engine: Engine) -> None:
    await engine.files.write_file(ROOT, path="plain.md", content="plain")


def test_every_tool_that_writes_files_is_in_the_matrix() -> None:
    tried = {name.partition(" ")[0] for name in MAKE | CHANGE}
    assert {tool.name for tool in TOOLS if tool.verb == "write"} <= tried


@pytest.mark.parametrize("name", NAMES)
async def test_no_operation_makes_a_guarded_file_without_admin(engine: Engine, name: str) -> None:
    await fresh(engine)
    for operation, call in MAKE.items():
        with pytest.raises(Forbidden) as refusal:
            await call(engine, ANN, name)
        assert refusal.value.facts["verb"] == "admin", operation
        if (await engine.db.read(live)) != ["plain.md"]:
            await engine.files.delete_file(ROOT, path="from", recursive=True)
    assert await engine.db.read(live) == ["plain.md"]


async def test_every_operation_of_the_matrix_works_for_who_has_admin(engine: Engine) -> None:
    for number, call in enumerate(MAKE.values()):
        await engine.files.write_file(ROOT, path="plain.md", content="plain", overwrite=True)
        await call(engine, ROOT, f"{number}/CLAUDE.md")
    for number, call in enumerate(CHANGE.values()):
        await engine.files.write_file(ROOT, path="plain.md", content="plain", overwrite=True)
        await engine.files.write_file(ROOT, path=f"c{number}/CLAUDE.md", content="rules", overwrite=True)
        await call(engine, ROOT, f"c{number}/CLAUDE.md")
        if (await engine.db.read(live)).count("away.md"):
            await engine.files.delete_file(ROOT, path="away.md")


@pytest.mark.parametrize("name", NAMES)
async def test_no_operation_changes_a_guarded_file_without_admin(engine: Engine, name: str) -> None:
    await fresh(engine)
    for content in ("rules one", "rules two"):
        await engine.files.write_file(ROOT, path=name, content=content, overwrite=True)
    for operation, call in CHANGE.items():
        with pytest.raises(Forbidden) as refusal:
            await call(engine, ANN, name)
        assert refusal.value.facts["verb"] == "admin", operation
    assert (await engine.files.read_file(ANN, path=name)).text == "rules two", "reading it needs no more than elsewhere"


@pytest.mark.parametrize("name", NAMES)
async def test_who_may_administer_a_part_writes_guarded_files_there_alone(engine: Engine, name: str) -> None:
    await engine.files.write_file(DOCS, path=f"docs/{name}", content="rules")
    await engine.files.write_file(DOCS, path="plain.md", content="plain")
    for call in (
        engine.files.write_file(DOCS, path=name, content="x"),
        engine.files.move_file(DOCS, path=f"docs/{name}", to=name),
        engine.files.move_file(DOCS, path="plain.md", to=name),
        engine.files.move_file(DOCS, path="docs", to="other"),
    ):
        with pytest.raises(WorkspaceError) as refusal:
            await call
        assert (refusal.value.code, refusal.value.facts["verb"]) == ("forbidden", "admin")


async def test_each_change_of_a_guarded_file_is_marked_in_the_audit_log(engine: Engine, folder: Path) -> None:
    await engine.files.write_file(ROOT, path="plain.md", content="x")
    await engine.files.write_file(ROOT, path="d/CLAUDE.md", content="x")
    await engine.files.move_file(ROOT, path="d", to="e")
    await engine.files.delete_file(ROOT, path="e/CLAUDE.md")
    assert await engine.db.read(marked) == [
        ("root", "d/CLAUDE.md"),
        ("root", "e/CLAUDE.md"),
        ("root", "d/CLAUDE.md"),
        ("root", "e/CLAUDE.md"),
    ]

    aged(folder / "sub" / "AGENTS.md", b"saved by an editor")
    await reconcile(engine)

    async def seen() -> bool:
        return (await engine.db.read(marked))[-1] == ("external", "sub/AGENTS.md")

    await until(seen)


async def live(tx: Transaction) -> list[str]:
    return [row[0] for row in await tx.all("SELECT path FROM files WHERE live = 1")]


async def marked(tx: Transaction) -> list[tuple[str, str]]:
    rows = await tx.all("SELECT agent, subject FROM audit WHERE action = 'change_guarded' ORDER BY audit_id")
    return [(row[0], row[1]) for row in rows]
