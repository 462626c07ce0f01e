"""Immutable bytes by their hash: small ones in the database, large ones as durable object files."""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.errors import TooLarge, Unavailable
from workspace_server.storage import content as contents
from workspace_server.storage.content import HEAD_BYTES, Content, ObjectStore
from workspace_server.storage.database import Database, Transaction

LARGE = LIMITS.inline_bytes_max + 1


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects", tmp_path / "tmp")


async def in_chunks(data: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def bytes_of(store: ObjectStore, content: Content) -> bytes:
    return contents.expand(content.form, content.data, store.path(content.sha256))


def files_in(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=2_000) | st.builds(lambda part, times: part * times, st.binary(max_size=9), st.integers(0, 999))
)
def test_small_content_comes_back_as_it_was(store: ObjectStore, data: bytes) -> None:
    content = store.put(data)
    assert content.form in {"raw", "zstd"}
    assert (content.sha256, content.size_bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert content.head == data[:HEAD_BYTES]
    assert bytes_of(store, content) == data
    assert len(content.data or b"") <= len(data)


@pytest.mark.parametrize("size", [LIMITS.inline_bytes_max - 1, LIMITS.inline_bytes_max, LARGE, 3_000_000])
def test_only_large_content_becomes_an_object_file(store: ObjectStore, tmp_path: Path, size: int) -> None:
    data = b"ab" * (size // 2) + b"c" * (size % 2)
    content = store.put(data)
    assert (content.form == "object") is (size >= LARGE)
    assert bytes_of(store, content) == data
    assert len(files_in(tmp_path / "objects")) == (size >= LARGE)
    assert files_in(tmp_path / "tmp") == []


@pytest.mark.anyio
@pytest.mark.parametrize("size", [0, 1, LIMITS.inline_bytes_max, LARGE, 1_000_000])
async def test_a_stream_becomes_the_same_content_as_the_whole(store: ObjectStore, tmp_path: Path, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    streamed = await store.put_stream(in_chunks(data), bytes_max=LIMITS.file_bytes_max)
    assert streamed == await asyncio.to_thread(store.put, data)
    assert await asyncio.to_thread(bytes_of, store, streamed) == data
    assert files_in(tmp_path / "tmp") == []


@pytest.mark.anyio
async def test_a_stream_that_is_too_long_is_refused_and_leaves_nothing(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(TooLarge) as refusal:
        await store.put_stream(in_chunks(b"x" * 50_001), bytes_max=50_000)
    assert refusal.value.facts == {"limit": 50_000, "actual": 50_001}
    assert files_in(tmp_path) == []


@pytest.mark.anyio
async def test_a_stream_that_breaks_off_leaves_nothing(store: ObjectStore, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * LARGE
        raise EOFError

    with pytest.raises(EOFError):
        await store.put_stream(broken(), bytes_max=LIMITS.file_bytes_max)
    assert files_in(tmp_path) == []


@pytest.mark.anyio
@pytest.mark.parametrize(("start", "end"), [(0, 300_000), (0, 0), (5, 262_150), (299_999, 300_000), (10, 999_999)])
async def test_any_part_of_an_object_can_be_streamed(store: ObjectStore, start: int, end: int) -> None:
    data = bytes(number % 251 for number in range(300_000))
    content = await asyncio.to_thread(store.put, data)
    parts = [chunk async for chunk in contents.chunks_of(store.path(content.sha256), start, end)]
    assert b"".join(parts) == data[start:end]


@pytest.mark.anyio
async def test_content_is_kept_once(store: ObjectStore, tmp_path: Path) -> None:
    database = Database.open(tmp_path / "test.db", clock=ManualClock())
    content = store.put(b"hello" * 500)

    async def keep(tx: Transaction) -> list[tuple[int, ...]]:
        await contents.keep(tx, content)
        return await tx.all("SELECT count(*) FROM contents")

    assert [await database.write(keep) for _ in range(2)] == [[(1,)], [(1,)]]
    assert await database.read(lambda tx: contents.stored(tx, content.sha256)) == (2_500, content.form, content.data)
    await database.close()


@pytest.mark.anyio
@pytest.mark.parametrize("size_bytes", [3, LARGE])
async def test_content_without_its_bytes_is_refused_unless_it_is_there(
    store: ObjectStore, tmp_path: Path, size_bytes: int
) -> None:
    database = Database.open(tmp_path / "test.db", clock=ManualClock())
    content = await asyncio.to_thread(store.put, b"x" * size_bytes)
    named = replace(content, data=None, pin=None)
    with pytest.raises(Unavailable) as refusal:
        await database.write(lambda tx: contents.keep(tx, named))
    assert refusal.value.facts["reason"] == "content_cleared"
    await database.write(lambda tx: contents.keep(tx, content))
    await database.write(lambda tx: contents.keep(tx, named))
    await database.write(lambda tx: tx.run("UPDATE contents SET data = NULL, form = 'raw', removed_at = 1"))
    with pytest.raises(Unavailable):
        await database.write(lambda tx: contents.keep(tx, named))
    await database.close()


@pytest.mark.anyio
async def test_what_is_appended_to_a_large_content_is_stored_alone(store: ObjectStore, tmp_path: Path) -> None:
    database = Database.open(tmp_path / "test.db", clock=ManualClock())
    data = bytes(number % 251 for number in range(LARGE))
    first = await asyncio.to_thread(store.put, data)
    await database.write(lambda tx: contents.keep(tx, first))
    base, whole = first, data
    forms = []
    for number in range(contents.TAILS_MAX + 2):
        longer = whole + f"line {number}\n".encode()

        async def append(tx: Transaction, at: Content = base, before: bytes = whole, after: bytes = longer) -> Content:
            made = await contents.extended(tx, store, at.sha256, len(before), after)
            await contents.keep(tx, made)
            return made

        base, whole = await database.write(append), longer
        size, form, stored = await database.read(lambda tx, of=base: contents.stored(tx, of.sha256))  # type: ignore[misc]
        assert (size, base.size_bytes, base.sha256) == (len(whole), len(whole), hashlib.sha256(whole).hexdigest())
        assert await asyncio.to_thread(contents.expand, form, stored, store.path(base.sha256)) == whole
        forms.append(form)
    assert forms == ["tail"] * contents.TAILS_MAX + ["object", "tail"]
    await database.close()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("before", "tail"), [(10, 10), (LIMITS.inline_bytes_max - 5, 10), (LARGE, LARGE)], ids=["small", "growing", "long"]
)
async def test_other_appends_are_stored_whole(store: ObjectStore, tmp_path: Path, before: int, tail: int) -> None:
    database = Database.open(tmp_path / "test.db", clock=ManualClock())
    data = b"x" * before + b"y" * tail
    first = await asyncio.to_thread(store.put, data[:before])

    async def append(tx: Transaction) -> Content:
        await contents.keep(tx, first)
        return await contents.extended(tx, store, first.sha256, before, data)

    assert await database.write(append) == await asyncio.to_thread(store.put, data)
    await database.close()


NEARLY_FULL = """
import resource, sys
from pathlib import Path
from workspace_server.errors import Unavailable
from workspace_server.storage.content import ObjectStore
folder, size, room = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
store = ObjectStore(folder / "objects", folder / "tmp")
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
try:
    store.put(b"x" * size)
except Unavailable as refusal:
    sys.exit(0 if refusal.facts["reason"] == "EFBIG" else 3)
sys.exit(4)
"""


@pytest.mark.parametrize("short_by", [1, 100, 8_000, 50_000])
def test_a_disk_that_takes_only_a_part_damages_no_object(store: ObjectStore, tmp_path: Path, short_by: int) -> None:
    """The operating system may take the beginning of a write; the rest must not be forgotten in a buffer."""
    data = b"x" * 200_000
    content = store.put(data)
    command = [sys.executable, "-c", NEARLY_FULL, str(tmp_path), str(len(data)), str(len(data) - short_by)]
    done = subprocess.run(command, check=False, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    assert bytes_of(store, content) == data
    assert files_in(tmp_path / "tmp") == []


def test_a_store_that_cannot_write_says_so(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "tmp").rmdir()
    with pytest.raises(Unavailable) as refusal:
        store.put(b"x" * LARGE)
    assert refusal.value.facts == {"reason": "ENOENT"}
    assert refusal.value.retryable


@pytest.mark.anyio
async def test_a_stream_that_the_disk_refuses_says_so(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "tmp").rmdir()
    with pytest.raises(Unavailable):
        await store.put_stream(in_chunks(b"x"), bytes_max=10)
