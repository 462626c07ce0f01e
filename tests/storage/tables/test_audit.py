"""The audit log in the database: chained as it is written, also by many at once and over restarts."""

from contextlib import closing
from functools import partial
from pathlib import Path

import anyio
import apsw
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.audit_chain import Break, ChainHead
from workspace_server.errors import WorkspaceError
from workspace_server.services.engine import Engine
from workspace_server.storage.tables import audit

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]  # it opens the database beside the server

ADA = Caller(agent="ada", door="http")


def looked_at(folder: Path) -> tuple[ChainHead, list[Break]]:
    with closing(apsw.Connection(str(folder / ".workspace" / "workspace.db"))) as connection:
        return audit.broken(connection)


def tampered(folder: Path, sql: str) -> list[Break]:
    with closing(apsw.Connection(str(folder / ".workspace" / "workspace.db"))) as connection:
        connection.execute(sql)
    return looked_at(folder)[1]


async def write(folder: Path, *names: str) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(partial(engine.files.write_file, ADA, path=name, content=name))
        with pytest.raises(WorkspaceError):
            await engine.files.write_file(ADA, path=names[0], content="without a version")


async def test_the_chain_holds_over_batches_refusals_and_restarts(folder: Path) -> None:
    await write(folder, *(f"{number}.md" for number in range(40)))
    first, faults = looked_at(folder)
    assert faults == []
    assert first.audit_id >= 40
    await write(folder, "again.md")
    second, faults = looked_at(folder)
    assert faults == []
    assert second.audit_id > first.audit_id


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit SET agent = 'eve' WHERE audit_id = 3",
        "UPDATE audit SET at = at + 0.001 WHERE audit_id = 3",
        "UPDATE audit SET digest = NULL WHERE audit_id = 3",
        "DELETE FROM audit WHERE audit_id = 1",
        "DELETE FROM audit WHERE audit_id = 3",
        "DELETE FROM audit WHERE audit_id = (SELECT max(audit_id) FROM audit)",
        "DELETE FROM audit",
        "INSERT INTO audit (at, agent, verified, door, action) VALUES (1, 'eve', 0, 'mcp', 'write_file')",
        """UPDATE audit SET audit_id = audit_id - 5 WHERE audit_id IN (2, 3);
        UPDATE audit SET audit_id = -audit_id WHERE audit_id < 0""",
    ],
)
async def test_an_edit_a_removal_an_exchange_and_an_addition_are_found(folder: Path, sql: str) -> None:
    await write(folder, "one.md", "two.md", "three.md", "four.md")
    assert tampered(folder, sql)


async def test_rows_from_before_the_chain_are_counted_and_not_checked(folder: Path) -> None:
    await write(folder, "one.md", "two.md")
    count = looked_at(folder)[0].audit_id
    faults = tampered(
        folder,
        f"UPDATE audit SET digest = NULL; DELETE FROM meta WHERE name = 'audit_head';"
        f"UPDATE meta SET value = '{count}' WHERE name = 'audit_unchained'",
    )
    assert faults == []
    await write(folder, "three.md")
    head, faults = looked_at(folder)
    assert faults == []
    assert head.audit_id > count
    assert tampered(folder, "DELETE FROM audit WHERE audit_id = 1")
