"""A second workspace from any moment of a first one."""

import asyncio
import shutil
import tomllib
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from workspace_server import config
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.paths import UNFINISHED
from workspace_server.core.scopes import ALL
from workspace_server.errors import InvalidArgument, InvalidPath, LockLost, NotFound, Unauthenticated, Unavailable
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction
from workspace_server.storage.upkeep import rewinding
from workspace_server.storage.upkeep.fork import fork
from workspace_server.storage.upkeep.integrity import find_damage

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]  # a fork is made by a process of its own

ANN = Caller(agent="ann")
LARGE = "a line of a large file\n" * 10_000


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings()) as opened:
        yield opened


async def listed(engine: Engine, seq: int | None = None, **given: Any) -> list[dict[str, Any]]:
    given = {"recursive": True, "detail": "full", "max_tokens": 100_000, "as_of_seq": seq, **given}
    rows: list[dict[str, Any]] = (await engine.listing.list_files(ANN, **given))["files"]
    return rows


async def text(engine: Engine, path: str, seq: int | None = None) -> str:
    return (await (await engine.files.open_content(ANN, path=path, as_of_seq=seq)).read()).decode()


async def busy(engine: Engine) -> list[int]:
    """Do what leaves all kinds of rows behind; return the seqs at which nothing is half made."""
    files = engine.files
    work: list[Any] = [
        lambda: files.write_file(ANN, path="a.md", content="price: 3 EUR\n"),
        lambda: files.write_file(ANN, path="log.txt", content=LARGE),
        lambda: files.write_file(ANN, path="log.txt", content="a tail\n", append=True),
        lambda: files.write_file(ANN, path="dir/Name.md", content="name\n", sources=[{"path": "a.md", "version": 1}]),
        lambda: files.move_file(ANN, path="dir/Name.md", to="dir/name.md"),
        lambda: files.write_file(ANN, path="a.md", content="price: 4 EUR\n", expect_version=1),
        lambda: files.commit_files(
            ANN,
            changes=[
                {"op": "delete", "path": "a.md"},
                {"op": "write", "path": "b.md", "content": "b\n"},
                {"op": "write", "path": "c.md", "content": "c\n"},
            ],
        ),
        lambda: engine.locks.lock_files(ANN, paths=["b.md"]),
        lambda: files.restore_file(ANN, path="a.md", version=1),
    ]
    seqs = [0]
    for step in work:
        await step()
        seqs.append(engine.head_seq)
    return seqs


def damage(root: Path) -> list[str]:
    return [f"{finding.subject}: {finding.said}" for finding in find_damage(root) if finding.damage]


async def test_a_fork_is_what_the_workspace_was_at_that_moment(engine: Engine, tmp_path: Path) -> None:
    seqs = await busy(engine)
    for seq in seqs:
        then = await listed(engine, seq)
        target = tmp_path / f"at-{seq}"

        done = fork(engine.root, target, at_seq=seq)

        async with Engine.open(target, settings=config.load(target)) as other:
            assert await listed(other) == then
            assert await listed(other, deleted=True) == await listed(engine, seq, deleted=True)
            for row in then:
                assert await text(other, row["path"]) == await text(engine, row["path"], seq)
                assert (target / row["path"]).read_text() == await text(engine, row["path"], seq)
            on_disk = [path for path in target.rglob("*") if path.is_file() and ".workspace" not in path.parts]
            assert done.files == len(then) == len(on_disk)
            assert other.head_seq >= done.seq
        assert damage(target) == []


async def test_both_go_on_without_each_other(engine: Engine, tmp_path: Path) -> None:
    await engine.files.write_file(ANN, path="a.md", content="one\n")
    await engine.files.write_file(ANN, path="a.md", content="two\n", expect_version=1)
    fork(engine.root, tmp_path / "other", at_seq=1)

    async with Engine.open(tmp_path / "other", settings=Settings()) as other:
        written = await other.files.write_file(ANN, path="a.md", content="another two\n", expect_version=1)
        await engine.files.write_file(ANN, path="a.md", content="three\n", expect_version=2)
        assert written["version"] == 2
        assert await text(other, "a.md") == "another two\n"
        assert await text(engine, "a.md") == "three\n"
        events = (await other.events.feed(ANN, since_seq=0, types=["file.created", "file.updated"]))["events"]
        assert [(event["path"], event["version"]) for event in events] == [("a.md", 1), ("a.md", 2)]
    assert damage(tmp_path / "other") == []
    assert damage(engine.root) == []


async def test_a_fork_is_whole_while_agents_write(engine: Engine, tmp_path: Path) -> None:
    forked = asyncio.Event()

    async def agent(name: str) -> None:
        for number in range(10_000):
            if forked.is_set():
                return
            content = LARGE + str(number) if number % 10 == 0 else str(number)
            await engine.files.write_file(Caller(agent=name), path=f"{name}.md", content=content, overwrite=True)

    agents = [asyncio.create_task(agent(f"agent-{number}")) for number in range(4)]
    await engine.files.write_file(ANN, path="begun.md", content="x")
    done = await asyncio.to_thread(fork, engine.root, tmp_path / "other", at_seq=None)
    forked.set()
    await asyncio.gather(*agents)

    assert done.seq <= engine.head_seq
    then = await listed(engine, done.seq)
    async with Engine.open(tmp_path / "other", settings=Settings()) as other:
        assert await listed(other, done.seq) == then
    assert damage(tmp_path / "other") == []


async def test_nothing_that_came_later_is_in_its_bytes(engine: Engine, tmp_path: Path) -> None:
    await engine.files.write_file(ANN, path="a.md", content="key: earlier-word\n")
    seq = (await engine.files.write_file(ANN, path="b.md", content="x"))["seq"]
    for path in ("a.md", "late.md"):
        await engine.files.write_file(ANN, path=path, content="token: later-secret\n" * 3, overwrite=True)
    await engine.indexing.reach("facts", engine.head_seq, timeout_s=30)

    fork(engine.root, tmp_path / "other", at_seq=seq)

    stored = b"".join(path.read_bytes() for path in (tmp_path / "other").rglob("*") if path.is_file())
    assert b"earlier-word" in stored
    assert b"later-secret" not in stored
    assert b"later" not in stored
    assert b"late.md" not in stored


async def test_the_facts_of_a_fork_are_those_of_its_moment(engine: Engine, tmp_path: Path) -> None:
    await engine.files.write_file(ANN, path="same.md", content="color: red\n")
    seq = (await engine.files.write_file(ANN, path="a.md", content="price: 3 EUR\n"))["seq"]
    await engine.files.write_file(ANN, path="a.md", content="price: 4 EUR\n", expect_version=1)
    await engine.indexing.reach("facts", engine.head_seq, timeout_s=30)
    fork(engine.root, tmp_path / "other", at_seq=seq)

    async with Engine.open(tmp_path / "other", settings=Settings()) as other:
        await other.indexing.reach("facts", other.head_seq, timeout_s=30)
        facts = (await other.search.query_facts(ANN, detail="full"))["facts"]
        indexed = (await other.events.feed(ANN, since_seq=seq, types=["file.indexed"]))["events"]

    assert sorted((fact["path"], fact["version"], fact["value"]) for fact in facts) == [
        ("a.md", 1, "3 EUR"),
        ("same.md", 1, "red"),
    ]
    assert [event["path"] for event in indexed] == ["a.md"]


async def test_what_belongs_to_the_running_original_stays_there(engine: Engine, tmp_path: Path) -> None:
    await engine.files.write_file(ANN, path="a.md", content="a\n")
    held = await engine.locks.lock_files(ANN, paths=["a.md"])
    await engine.triggers.create_trigger(ANN, name="early", files=["*.md"], queue="q")
    await engine.jobs.add_job(ANN, queue="q", instructions="work")
    seq = (await engine.files.write_file(ANN, path="a.md", content="b\n", lock=held["lock"]))["seq"]
    await engine.files.write_file(ANN, path="x.txt", content="x\n")
    await engine.triggers.create_trigger(ANN, name="late", files=["*.md"], queue="q")

    fork(engine.root, tmp_path / "other", at_seq=seq)

    async with Engine.open(tmp_path / "other", settings=config.load(tmp_path / "other")) as other:
        assert (await other.locks.list_locks(ANN))["locks"] == []
        with pytest.raises(LockLost):
            await other.files.write_file(ANN, path="a.md", content="c\n", lock=held["lock"])
        assert (await other.jobs.claim_job(ANN, queue="q")).get("job") is None
        assert [trigger["trigger"] for trigger in (await other.triggers.list_triggers(ANN))["triggers"]] == ["early"]
        assert (await other.status.status(ANN))["deliveries"]["off"] is True
        assert (await other.locks.lock_files(ANN, paths=["a.md"]))["fence"] > held["fence"]


async def test_the_settings_go_along_but_for_those_of_one_server(engine: Engine, tmp_path: Path) -> None:
    (engine.root / ".workspace" / "config.toml").write_text(
        'name = "first"\nport = 9000\nignore = ["*.tmp", "ü\\u007f"]\ndeliveries = true\n\n'
        "[webhooks]\nallow_loopback = true\n"
    )

    fork(engine.root, tmp_path / "other", at_seq=None)

    settings = config.load(tmp_path / "other", env={})
    assert (settings.deliveries, settings.name, settings.port) == (False, None, Settings().port)
    assert settings.ignore == ("*.tmp", "ü\x7f")
    assert settings.webhooks_allow_loopback is True


async def test_a_fork_asks_for_tokens_and_none_of_the_originals_proves_anything(engine: Engine, tmp_path: Path) -> None:
    owner = Caller(agent="owner", scope=ALL)
    made = await engine.tokens.create_token(owner, agent="ann")

    fork(engine.root, tmp_path / "other", at_seq=None)

    async with Engine.open(tmp_path / "other", settings=Settings()) as other:
        assert other.tokens.required
        with pytest.raises(Unauthenticated):
            other.tokens.bearer(made["token"])
        (listed,) = (await other.tokens.list_tokens(owner))["tokens"]
        assert (listed["state"], listed["revoked_by"]) == ("revoked", "server")


async def test_every_table_is_either_cleared_rewound_or_kept(engine: Engine) -> None:
    with closing(apsw.Connection(str(engine.root / ".workspace" / "workspace.db"))) as connection:
        tables = {
            str(name)
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not str(name).startswith(("sqlite_", "facts_text_", "past_facts_text_"))
        }

    assert sorted(tables) == sorted([*rewinding.CLEARED, *rewinding.REWOUND, *rewinding.KEPT])


@pytest.mark.parametrize("where", ["full", "inside", "itself", "a file"])
async def test_a_place_that_is_not_free_is_refused_and_left_alone(engine: Engine, tmp_path: Path, where: str) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.md").write_text("mine\n")
    target = {"full": full, "inside": engine.root / "new", "itself": engine.root, "a file": full / "mine.md"}[where]

    with pytest.raises(InvalidArgument):
        fork(engine.root, target, at_seq=None)

    assert [path.name for path in full.iterdir()] == ["mine.md"]
    assert not (engine.root / "new").exists()


async def test_a_moment_that_never_was_is_refused_and_nothing_is_left(engine: Engine, tmp_path: Path) -> None:
    await busy(engine)
    [bracket] = (await engine.events.feed(ANN, since_seq=0, types=["files.committed"]))["events"]
    last = bracket["seq"]

    for half in (last - 3, last - 1):
        with pytest.raises(InvalidArgument) as refusal:
            fork(engine.root, tmp_path / "other", at_seq=half)
        assert f"Give {last - 4}, which is before it, or {last}," in str(refusal.value.hint)
    with pytest.raises(InvalidArgument):
        fork(engine.root, tmp_path / "other", at_seq=engine.head_seq + 1_000)
    with pytest.raises(NotFound):
        fork(tmp_path, tmp_path / "other", at_seq=None)
    assert not (tmp_path / "other").exists()


async def test_files_whose_bytes_are_not_kept_any_more_are_named_and_deleted(engine: Engine, tmp_path: Path) -> None:
    await engine.files.write_file(ANN, path="a.md", content="secret\n")
    seq = (await engine.files.write_file(ANN, path="b.md", content="b\n"))["seq"]
    await engine.files.write_file(ANN, path="a.md", content="harmless\n", expect_version=1)

    async def remove(tx: Transaction) -> None:
        await tx.run(
            "UPDATE contents SET data = NULL, removed_at = 1, removed_why = 'purged' WHERE sha256 IN"
            " (SELECT v.sha256 FROM versions v JOIN files f USING (file_id) WHERE f.path = 'a.md' AND v.version = 1)"
        )

    await engine.db.write(remove)

    done = fork(engine.root, tmp_path / "other", at_seq=seq)

    assert (done.seq, done.files, done.missing) == (seq, 1, ("a.md",))
    async with Engine.open(tmp_path / "other", settings=Settings()) as other:
        assert [row["path"] for row in await listed(other)] == ["b.md"]
        [event] = (await other.events.feed(ANN, since_seq=seq, types=["file.deleted"]))["events"]
        assert (event["path"], event["agent"]) == ("a.md", "server")
        assert (await other.files.write_file(ANN, path="a.md", content="new\n"))["version"] == 2
    assert damage(tmp_path / "other") == []


@pytest.mark.parametrize("how", ["damaged", "missing"])
async def test_content_that_is_not_sound_is_not_copied(engine: Engine, tmp_path: Path, how: str) -> None:
    await engine.files.write_file(ANN, path="large.txt", content=LARGE)
    [found] = [path for path in (engine.root / ".workspace" / "objects").rglob("*") if path.is_file()]
    if how == "missing":
        found.unlink()
    else:
        found.write_bytes(b"X" + found.read_bytes()[1:])
    (tmp_path / "other").mkdir()

    with pytest.raises(Unavailable):
        fork(engine.root, tmp_path / "other", at_seq=None)

    assert list((tmp_path / "other").iterdir()) == []


async def test_what_a_killed_fork_leaves_is_no_workspace(engine: Engine, tmp_path: Path) -> None:
    await engine.files.write_file(ANN, path="a.md", content="a\n")
    fork(engine.root, tmp_path / "other", at_seq=None)
    (tmp_path / "other" / ".workspace").rename(tmp_path / "other" / UNFINISHED)

    async with Engine.open(tmp_path / "other", settings=Settings()) as served:
        assert await served.db.read(lambda tx: tx.all("SELECT path FROM files")) == []
        with pytest.raises(InvalidPath):
            await served.files.read_file(ANN, path=f"{UNFINISHED}/workspace.db")
    shutil.rmtree(tmp_path / "other" / ".workspace")
    assert fork(engine.root, tmp_path / "other", at_seq=None).files == 1
    assert tomllib.loads((tmp_path / "other" / ".workspace" / "config.toml").read_text()) == {"deliveries": False}
