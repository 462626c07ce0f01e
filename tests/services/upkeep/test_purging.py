"""A purge: no byte of what was removed is left in the workspace, and what else there is stays as it was."""

import secrets
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL
from workspace_server.errors import Conflict, Forbidden, Gone, InvalidArgument, Locked, NotFound, Unavailable
from workspace_server.services.engine import Engine
from workspace_server.services.upkeep.purging import Purging
from workspace_server.storage.upkeep.integrity import find_damage

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]  # the tests read the server's files

ADA = Caller(agent="ada", request_id=None)
ADMIN = Caller(agent="op", scope=ALL)


def secret() -> str:
    """Return what cannot be packed and stands nowhere else."""
    return f"password: {secrets.token_hex(24)}"


def holding(folder: Path, text: str) -> list[str]:
    """Return the files below *folder*, the server's own too, in which *text* stands."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and text.partition(": ")[2].encode() in path.read_bytes()
    ]


async def until(seen: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        while not seen():  # noqa: ASYNC110 - upkeep sends no event
            await anyio.sleep(0.01)


async def indexed(engine: Engine) -> None:
    await engine.indexing.reach("passages", engine.head_seq, timeout_s=30)


async def test_no_byte_of_a_purged_file_is_left(folder: Path) -> None:
    leaked, large = secret(), secret()
    async with Engine.open(folder, settings=Settings()) as engine:
        await engine.files.write_file(ADA, path="other.md", content="kept\n")
        for text in (leaked, large + "\n" + secrets.token_hex(80_000), "clean\n"):
            await engine.files.write_file(ADA, path="conf.md", content=text, overwrite=True)
        await engine.files.write_file(ADA, path="conf.md", content=leaked + "\nback again\n", overwrite=True)
        await indexed(engine)
        assert holding(folder, leaked)
        assert holding(folder, large)
        result = await engine.upkeep.purge(ADMIN, path="conf.md")
        assert (result["versions"], result["deleted"], result["also"]) == ([1, 2, 3, 4], 4, [])
        await until(lambda: not engine.upkeep.is_busy)
        assert (await engine.upkeep.status(ADMIN))["last"].keys() == {"task", "at", "copies"}
        assert holding(folder, leaked) == []
        assert holding(folder, large) == []
        with pytest.raises(Gone) as refusal:
            await engine.files.read_file(ADA, path="conf.md", version=2)
        assert (refusal.value.facts["reason"], refusal.value.facts["oldest_version"]) == ("purged", None)
        history = (await engine.files.file_history(ADA, path="conf.md"))["versions"]
        assert [row["version"] for row in history if row["op"] != "delete"] == [4, 3, 2, 1]
        assert (await engine.files.read_file(ADA, path="other.md")).text == "kept\n"
        await indexed(engine)
        assert (await engine.search.search(ADA, query="kept"))["hits"]
    assert [finding for finding in find_damage(folder) if finding.damage] == []


async def test_one_version_is_removed_and_the_head_stays(folder: Path) -> None:
    leaked = secret()
    async with Engine.open(folder, settings=Settings()) as engine:
        for text in ("one\n", leaked, "three\n"):
            await engine.files.write_file(ADA, path="a.md", content=text, overwrite=True)
        head = engine.head_seq
        result = await engine.upkeep.purge(ADMIN, path="a.md", version=2)
        assert (result["versions"], "deleted" in result) == ([2], False)
        await until(lambda: not engine.upkeep.is_busy)
        assert holding(folder, leaked) == []
        assert (folder / "a.md").read_text() == "three\n"
        assert (await engine.files.read_file(ADA, path="a.md", version=1)).text == "one\n"
        with pytest.raises(Gone):
            await engine.files.restore_file(ADA, path="a.md", version=2, overwrite=True)
        happened = (await engine.events.list_events(ADA, since_seq=head, squash=False))["events"]
        assert [event for event in happened if event["type"] != "file.indexed"] == []
        rows = await engine.db.read(lambda tx: tx.all("SELECT agent, subject FROM audit WHERE action = 'purge'"))
        assert rows == [("op", "a.md@2")]


async def test_the_same_content_elsewhere_is_listed_or_refuses_it(folder: Path) -> None:
    leaked = secret()
    async with Engine.open(folder, settings=Settings()) as engine:
        await engine.files.write_file(ADA, path="a.md", content=leaked)
        await engine.files.move_file(ADA, path="a.md", to="b.md", copy=True)
        with pytest.raises(Conflict) as refusal:
            await engine.upkeep.purge(ADMIN, path="a.md")
        assert refusal.value.facts["also"] == [{"path": "b.md", "version": 1}]
        assert (folder / "a.md").exists()
        await engine.files.write_file(ADA, path="b.md", content="clean", expect_version=1)
        assert (await engine.upkeep.purge(ADMIN, path="a.md"))["also"] == [{"path": "b.md", "version": 1}]
        await until(lambda: not engine.upkeep.is_busy)
        assert holding(folder, leaked) == []
        assert (await engine.files.read_file(ADA, path="b.md")).text == "clean"


async def test_content_that_stands_elsewhere_is_kept_and_named_and_the_rest_goes(folder: Path) -> None:
    leaked = secret()
    async with Engine.open(folder, settings=Settings()) as engine:
        await engine.files.write_file(ADA, path="pkg/__init__.py", content="")
        for text in ("", leaked):
            await engine.files.write_file(ADA, path="secret.env", content=text, overwrite=True)
        result = await engine.upkeep.purge(ADMIN, path="secret.env")
        assert (result["versions"], result["kept"]) == ([2], [{"path": "pkg/__init__.py", "version": 1}])
        assert result["not_removed"] == [1]
        await until(lambda: not engine.upkeep.is_busy)
        assert holding(folder, leaked) == []
        assert (await engine.files.read_file(ADA, path="pkg/__init__.py")).text == ""
        assert not (folder / "secret.env").exists()


async def test_a_tail_that_is_kept_does_not_rest_on_what_goes(folder: Path) -> None:
    base = secrets.token_hex(50_000)
    async with Engine.open(folder, settings=Settings()) as engine:
        await engine.files.write_file(ADA, path="log.txt", content=base)
        await engine.files.write_file(ADA, path="log.txt", content="more\n", append=True)
        await engine.files.move_file(ADA, path="log.txt", to="copy.txt", copy=True)
        result = await engine.upkeep.purge(ADMIN, path="log.txt")
        assert (result["versions"], result["kept"]) == ([1], [{"path": "copy.txt", "version": 1}])
        await until(lambda: not engine.upkeep.is_busy)
        found = await engine.files.open_content(ADA, path="copy.txt")
        assert await found.read() == (base + "more\n").encode()
    assert [finding for finding in find_damage(folder) if finding.damage] == []


async def test_what_was_appended_to_it_is_stored_anew(folder: Path) -> None:
    base = secrets.token_hex(50_000)
    async with Engine.open(folder, settings=Settings()) as engine:
        await engine.files.write_file(ADA, path="log.txt", content=base)
        for number in range(3):
            await engine.files.write_file(ADA, path="log.txt", content=f"line {number}\n", append=True)
        await engine.upkeep.purge(ADMIN, path="log.txt", version=1)
        await until(lambda: not engine.upkeep.is_busy)
        for version, lines in ((2, 1), (3, 2), (4, 3)):
            found = await engine.files.open_content(ADA, path="log.txt", version=version)
            assert await found.read() == (base + "".join(f"line {n}\n" for n in range(lines))).encode()
    assert [finding for finding in find_damage(folder) if finding.damage] == []


async def test_what_is_lost_and_what_was_refused_goes_too(folder: Path) -> None:
    leaked = secret()
    async with Engine.open(folder, settings=Settings()) as engine:
        await engine.files.write_file(ADA, path="a.md", content=leaked)
        with pytest.raises(Exception, match="version"):
            await engine.files.write_file(ADA, path="a.md", content=leaked + " and more")
        lost = folder / ".workspace" / "lost"
        lost.mkdir()
        (lost / "copy-of-a").write_text(leaked)
        (lost / "of-somebody").write_text("another thing")
        await engine.upkeep.purge(ADMIN, path="a.md")
        await until(lambda: not engine.upkeep.is_busy)
        assert holding(folder, leaked) == []
        assert (lost / "of-somebody").exists()


async def test_a_purge_that_was_interrupted_is_finished_at_the_next_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaked = secret()

    async def interrupted(*_: object) -> None:
        raise OSError("the machine goes down")

    async with Engine.open(folder, settings=Settings()) as engine:
        await engine.files.write_file(ADA, path="a.md", content=leaked)
        await indexed(engine)
        with monkeypatch.context() as patched:
            patched.setattr(Purging, "clear", interrupted)
            await engine.upkeep.purge(ADMIN, path="a.md")
            await until(lambda: not engine.upkeep.is_busy)
    async with Engine.open(folder, settings=Settings()) as engine:
        await until(lambda: not engine.upkeep.is_busy and (engine.upkeep.told()["last"] or {}).get("task") == "purge")
        assert holding(folder, leaked) == []


async def test_what_cannot_be_purged_is_refused_with_the_way(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        await engine.files.write_file(ADA, path="a.md", content="one")
        await engine.files.write_file(ADA, path="a.md", content="two", expect_version=1)
        for error, caller, path, version in (
            (Forbidden, ADA, "a.md", None),
            (NotFound, ADMIN, "never.md", None),
            (NotFound, ADMIN, "a.md", 3),
            (InvalidArgument, ADMIN, "a.md", 2),
        ):
            with pytest.raises(error):
                await engine.upkeep.purge(caller, path=path, version=version)
        await engine.locks.lock_files(ADA, paths=["a.md"])
        with pytest.raises(Locked):
            await engine.upkeep.purge(ADMIN, path="a.md")
        await engine.upkeep.purge(ADMIN, path="a.md", version=1)
        with pytest.raises(Unavailable):
            await engine.upkeep.purge(ADMIN, path="a.md", version=1)
        await until(lambda: not engine.upkeep.is_busy)
        with pytest.raises(Gone):
            await engine.upkeep.purge(ADMIN, path="a.md", version=1)
        assert (await engine.files.read_file(ADA, path="a.md")).text == "two"


async def test_a_history_and_a_listing_tell_what_is_gone(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        for text in ("secret\n", "clean\n"):
            await engine.files.write_file(ADA, path="a.md", content=text, overwrite=True)
        await engine.upkeep.purge(ADMIN, path="a.md", version=1)
        await until(lambda: not engine.upkeep.is_busy)
        told = (await engine.files.file_history(ADA, path="a.md"))["versions"]
        assert [(one["version"], one.get("gone")) for one in told] == [(2, None), (1, "purged")]
        assert "gone" not in (await engine.listing.list_files(ADA, detail="full"))["files"][0]
        await engine.upkeep.purge(ADMIN, path="a.md")
        await until(lambda: not engine.upkeep.is_busy)
        rows = (await engine.listing.list_files(ADA, detail="full", deleted=True))["files"]
        assert [(row["path"], row["gone"]) for row in rows] == [("a.md", "purged")]
        assert "[deleted, purged]" in (await engine.listing.list_files(ADA, deleted=True))["tree"]
