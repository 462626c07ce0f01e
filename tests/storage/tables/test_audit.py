"""The audit log in the database: chained as it is written, also by many at once and over restarts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from shutil import copytree, ignore_patterns

import anyio
import apsw
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.audit_chain import Break, ChainHead
from workspace_server.errors import WorkspaceError
from workspace_server.services.engine import Engine
from workspace_server.storage.tables import audit
from workspace_server.storage.upkeep.audit_reading import audit_chain
from workspace_server.storage.upkeep.integrity import find_damage

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]  # it opens the database beside the server

ADA = Caller(agent="ada", door="http", token="0123456789ab", address="192.0.2.7", call_id="call-1")


def looked_at(folder: Path) -> tuple[ChainHead, list[Break]]:
    with closing(apsw.Connection(str(folder / ".workspace" / "workspace.db"))) as connection:
        return audit.broken(connection)


def tampered(folder: Path, sql: str) -> list[Break]:
    with closing(apsw.Connection(str(folder / ".workspace" / "workspace.db"))) as connection:
        connection.execute(sql)
    return looked_at(folder)[1]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with some rows, to be copied and tampered with."""
    folder = tmp_path_factory.mktemp("written")
    anyio.run(write, folder, "one.md", "two.md", "three.md", "four.md")
    return folder


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Engine]:
    """Open a workspace in which the token of `ADA`, which nobody has made, counts as one in force."""
    async with Engine.open(folder, settings=Settings()) as engine:
        engine.folder.recorder.check_open = lambda _caller: None
        yield engine


async def write(folder: Path, *names: str) -> None:
    async with opened(folder) as engine:
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
        "UPDATE audit SET token = NULL, address = NULL, call_id = NULL WHERE audit_id = 3",
        "UPDATE audit SET address = '192.0.2.8' WHERE audit_id = 3",
        "UPDATE audit SET call_id = 'call-2' WHERE audit_id = 3",
        "UPDATE audit SET agent = CAST(agent AS BLOB) WHERE audit_id = 3",
        "UPDATE audit SET agent = CAST(x'ff41' AS TEXT) WHERE audit_id = 3",
        "UPDATE audit SET digest = 'text' WHERE audit_id = 3",
        "UPDATE audit SET digest = 7 WHERE audit_id = 3",
        "UPDATE meta SET value = 'x' WHERE name = 'audit_head'",
        "UPDATE meta SET value = x'ff' WHERE name = 'audit_head'",
        "INSERT OR REPLACE INTO meta (name, value) VALUES ('audit_unchained', 'many')",
        "INSERT OR REPLACE INTO meta (name, value) VALUES ('audit_unchained', 3)",
        "DELETE FROM audit WHERE audit_id = 1",
        "DELETE FROM audit WHERE audit_id = 3",
        "DELETE FROM audit WHERE audit_id = (SELECT max(audit_id) FROM audit)",
        "DELETE FROM audit",
        "INSERT INTO audit (at, agent, verified, door, action) VALUES (1, 'eve', 0, 'mcp', 'write_file')",
        """UPDATE audit SET audit_id = audit_id - 5 WHERE audit_id IN (2, 3);
        UPDATE audit SET audit_id = -audit_id WHERE audit_id < 0""",
    ],
)
def test_an_edit_a_removal_an_exchange_and_an_addition_are_found(written: Path, folder: Path, sql: str) -> None:
    copytree(written / ".workspace", folder / ".workspace", ignore=ignore_patterns("*.sock"))
    assert tampered(folder, sql)


CLOSE = """DELETE FROM audit WHERE audit_id > {last};
    UPDATE meta SET value = '{last} ' || (SELECT lower(hex(digest)) FROM audit WHERE audit_id = {last})
    WHERE name = 'audit_head'"""


async def test_a_log_that_was_cut_and_closed_again_is_found_by_what_lies_beside_the_database(folder: Path) -> None:
    """The chain alone is sound then: the control shows that without the file nothing is found."""
    await write(folder, "one.md", "two.md", "three.md", "four.md")
    assert audit_chain(folder)[1] == []
    assert tampered(folder, CLOSE.format(last=3)) == []
    head, faults = audit_chain(folder)
    assert head.audit_id == 3
    assert "kept outside" in faults[0].said
    await write(folder, "five.md", "six.md", "seven.md", "eight.md", "nine.md")  # the server goes on, and keeps it
    assert any("kept outside" in fault.said for fault in audit_chain(folder)[1])
    assert [finding.kind for finding in find_damage(folder)] == ["audit"]


async def test_a_head_that_is_malformed_is_passed_over(folder: Path) -> None:
    await write(folder, "one.md")
    (folder / ".workspace" / "audit.head").write_text("no head\n5 zz\n")
    assert audit_chain(folder)[1] == []
    (folder / ".workspace" / "audit.head").unlink()
    assert audit_chain(folder)[1] == []


async def test_rows_of_earlier_programs_hold_beside_those_that_say_from_where(folder: Path) -> None:
    plain = Caller(agent="bob")
    async with opened(folder) as engine:
        await engine.files.write_file(plain, path="a.md", content="of an earlier program")
        await engine.files.write_file(ADA, path="b.md", content="of this one")
    assert looked_at(folder)[1] == []
    with closing(apsw.Connection(str(folder / ".workspace" / "workspace.db"))) as connection:
        rows = list(connection.execute("SELECT token, address, call_id FROM audit WHERE action = 'write_file'"))
    assert rows == [(None, None, None), ("0123456789ab", "192.0.2.7", "call-1")]


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
