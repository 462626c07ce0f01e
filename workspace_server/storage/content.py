"""Immutable bytes by their hash: small ones in the database, large ones as object files.

Invariant I1: content is durable before the row that names it. Inline content is part of the same commit; an object file
is synced, renamed and its directory synced before the transaction starts.
"""

import asyncio
import contextlib
import errno
import hashlib
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import aiofiles
from anyio import CancelScope

from workspace_server.core.limits import LIMITS
from workspace_server.errors import Gone, TooLarge, Unavailable
from workspace_server.storage import hashed
from workspace_server.storage.database import Row, Transaction
from workspace_server.storage.disk.signatures import Signature
from workspace_server.storage.packing import packed, unpacked
from workspace_server.storage.pins import Pin, Pins

Form = Literal["raw", "zstd", "object", "tail"]
CHUNK_BYTES = 1 << 18
TAILS_MAX = 256
"""Most tails on one object file: ten thousand appends to a log of a megabyte then take 40 MB, not 10 GB."""
TAILED_BYTES_MAX = 16 * 1024 * 1024
"""Largest content that is stored as a tail: it is put together in memory."""
SHA256_CHARS = 64
PREFIX = "object-"
"""Begins the names of files that are not objects yet."""
HEAD_BYTES = 8192
"""How much of a stream is kept to tell its media type."""
STORED_HEAD_BYTES = 1024
"""How much of that is kept of content that is stored already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Bytes that can be committed: their hash, their size, and where they are.

    Attributes:
        data: The stored form when it is inline; None for an object file; what was appended for a tail.
        head: The first bytes, uncompressed, from which the media type is told.
        base: The hash of the content that a tail was appended to.
        tails: How many tails stand between it and an object file.
        pin: Keeps it from being cleared before a row names it: its object file, or what was stored ahead.
    """

    sha256: str
    size_bytes: int
    form: Form
    data: bytes | None
    head: bytes
    base: str | None = None
    tails: int = 0
    pin: Pin | None = field(default=None, compare=False, repr=False)

    @property
    def is_stored(self) -> bool:
        """Whether it was stored ahead of the commit that needs it, so that its bytes are not here any more."""
        return self.data is None and self.form != "object"

    @property
    def is_at_hand(self) -> bool:
        """Whether a row can be made of it; else it only names content that has one."""
        if self.form == "object":
            return self.pin is not None
        return self.data is not None and (self.form != "tail" or self.base is not None)

    def stored(self, pin: Pin) -> "Content":
        """Return what is still needed of it once it is stored: `head` is cut to what tells the media type."""
        return Content(
            sha256=self.sha256,
            size_bytes=self.size_bytes,
            form=self.form,
            data=None,
            head=self.head[:STORED_HEAD_BYTES],
            base=self.base,
            tails=self.tails,
            pin=self.pin or pin,
        )


class ObjectStore:
    """The object files under one directory, two characters of fan-out.

    Attributes:
        state: The server's own directory, in which this one is.
        pins: What a row is about to name.
    """

    def __init__(self, directory: Path, temporary: Path) -> None:
        self.state = directory.parent
        self._directory = directory
        self._temporary = temporary
        self.pins = Pins()
        for made in (directory, temporary):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Return where the object of that hash is, or would be."""
        return self._directory / sha256[:2] / sha256[2:]

    def clear_temporary(self) -> None:
        """Remove what a crash has left of uploads that were under way; call at start, when none is."""
        for left in self._temporary.glob(PREFIX + "*"):
            left.unlink(missing_ok=True)

    def put(self, data: bytes) -> Content:
        """Return *data* as content; when it is large, durable on disk first. Blocks.

        Raises:
            Unavailable: The disk does not take it; nothing is kept.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if len(data) <= LIMITS.inline_bytes_max:
            return inline(sha256, data)
        temporary = self._temporary / f"{PREFIX}{secrets.token_hex(8)}"
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()  # a disk that is nearly full takes a part of it, and leaves the rest in this buffer
                pin = self._finish(file.fileno(), temporary, sha256)
        except OSError as error:
            raise _refused(error) from error
        finally:
            _forget(temporary)
        return Content(sha256=sha256, size_bytes=len(data), form="object", data=None, head=data[:HEAD_BYTES], pin=pin)

    async def put_stream(self, chunks: AsyncIterator[bytes], *, bytes_max: int) -> Content:
        """Take a stream of any size in and return it as content.

        Raises:
            TooLarge: It has more than *bytes_max* bytes; nothing is kept.
            Unavailable: The disk does not take it; nothing is kept.
        """
        digest = hashlib.sha256()
        size = 0
        head = b""
        temporary = self._temporary / f"{PREFIX}{secrets.token_hex(8)}"
        try:
            async with aiofiles.open(temporary, "wb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > bytes_max:
                        raise TooLarge("The content is larger than a file may be.", limit=bytes_max, actual=size)
                    digest.update(chunk)
                    head = head if len(head) >= HEAD_BYTES else head + chunk[: HEAD_BYTES - len(head)]
                    await file.write(chunk)
                await file.flush()
                if size > LIMITS.inline_bytes_max:
                    pin = await asyncio.to_thread(self._finish, file.fileno(), temporary, digest.hexdigest())
            if size <= LIMITS.inline_bytes_max:
                async with aiofiles.open(temporary, "rb") as file:
                    return inline(digest.hexdigest(), await file.read())
        except OSError as error:
            raise _refused(error) from error
        finally:
            with CancelScope(shield=True):
                await asyncio.to_thread(_forget, temporary)
        return Content(sha256=digest.hexdigest(), size_bytes=size, form="object", data=None, head=head, pin=pin)

    def _finish(self, descriptor: int, temporary: Path, sha256: str) -> Pin:
        os.fdatasync(descriptor)
        target = self.path(sha256)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with self.pins.placing:
            pin = self.pins.pin(sha256)
            temporary.replace(target)
        hashed.note(target, Signature.of(os.fstat(descriptor)))
        for directory in (target.parent, self._directory):
            handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        return pin

    def hashes(self) -> Iterator[tuple[str, float]]:
        """Yield the hash of every object file, and when it was placed, in seconds since 1970. Blocks."""
        for directory in sorted(self._directory.iterdir()):
            with contextlib.suppress(NotADirectoryError), os.scandir(directory) as entries:
                for entry in entries:
                    yield directory.name + entry.name, entry.stat(follow_symlinks=False).st_mtime

    def set_aside(self, hashes: Iterable[str]) -> list[Path]:
        """Take object files that no row names out of their place, but for pinned ones; return where they are. Blocks.

        For `storage.upkeep.discarding`, which knows that. What a crash leaves of them goes with unfinished uploads.
        """
        found = []
        with self.pins.placing:
            for sha256 in self.pins.free(hashes):
                aside = self._temporary / f"{PREFIX}{secrets.token_hex(8)}"
                with contextlib.suppress(FileNotFoundError):
                    self.path(sha256).rename(aside)
                    found.append(aside)
        return found

    def discard_uploads(self, *, older_than_s: float) -> int:
        """Remove the beginnings of uploads that nothing was added to for a while; return how many bytes. Blocks."""
        freed = 0
        until = time.time() - older_than_s
        for path in self._temporary.glob(PREFIX + "*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < until:
                    freed += removed(path)
        return freed


def removed(path: Path) -> int:
    """Remove a file and return how many bytes that freed. Blocks."""
    size = path.stat().st_size
    path.unlink()
    return size


async def keep(tx: Transaction, content: Content) -> None:
    """Make the row for *content*, unless it is there; content whose bytes were removed comes back with these.

    Raises:
        Unavailable: Its bytes are not at hand, and were removed since somebody looked.
    """
    if not content.is_at_hand:
        if await missing(tx, [content.sha256]):
            raise Unavailable(
                "The content was cleared away meanwhile; nothing was changed.",
                hint="Try again.",
                retryable=True,
                reason="content_cleared",
            )
        return
    row = _row(content)
    await tx.run(_KEEP, *row)
    await tx.run(_REVIVE, *row)


async def keep_all(tx: Transaction, some: Iterable[Content]) -> None:
    """Do what `keep` does for many at once."""
    # In the order of the table's index: in any other, each would be put on another page of it.
    rows = sorted(map(_row, some), key=lambda row: str(row[0]))
    await tx.many(_KEEP, rows)
    if await tx.one("SELECT 1 FROM contents WHERE removed_at IS NOT NULL LIMIT 1"):
        await tx.many(_REVIVE, rows)


async def missing(tx: Transaction, hashes: Sequence[str]) -> set[str]:
    """Return which of *hashes* have no bytes here: of nothing that was ever kept, or removed."""
    rows = await tx.all(
        "SELECT value FROM json_each(?) LEFT JOIN contents ON sha256 = value"
        " WHERE sha256 IS NULL OR removed_at IS NOT NULL",
        json.dumps(hashes),
    )
    return {row[0] for row in rows}


# Not one statement with DO UPDATE: for what that may touch SQLite keeps a journal per row, which took 6 µs beside 8,000
# contents and 17 µs beside 30,000. These two took 6 µs beside either (2026-11-21).
_KEEP = (
    "INSERT INTO contents (sha256, size_bytes, form, data, base, tails) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING"
)
_REVIVE = (
    "UPDATE contents INDEXED BY contents_removed"
    " SET form = ?3, data = ?4, base = ?5, tails = ?6, removed_at = NULL, removed_why = NULL"
    " WHERE sha256 = ?1 AND size_bytes = ?2 AND removed_at IS NOT NULL"
)


def _row(content: Content) -> Row:
    return content.sha256, content.size_bytes, content.form, content.data, content.base, content.tails


async def stored(tx: Transaction, sha256: str) -> tuple[int, Form, bytes | None]:
    """Return (size in bytes, form, stored bytes) of known content; those of a tail as `joined` puts them together.

    Raises:
        Gone: Its bytes were removed.
    """
    row = await tx.one("SELECT size_bytes, form, data, removed_why FROM contents WHERE sha256 = ?", sha256)
    assert row is not None, f"no content {sha256}"
    if row[3] is not None:
        raise Gone(
            "Its bytes were removed for good." if row[3] == "purged" else "Its bytes are beyond what is kept.",
            hint="file_history lists the versions that are kept.",
            reason=row[3],
        )
    data = joined(await tx.all(CHAIN, sha256)) if row[1] == "tail" else row[2]
    return row[0], row[1], data


CHAIN = (
    "WITH RECURSIVE chain (sha256, data, base, depth) AS ("
    " SELECT sha256, data, base, 0 FROM contents WHERE sha256 = ?"
    " UNION ALL SELECT c.sha256, c.data, c.base, chain.depth + 1 FROM chain JOIN contents c ON c.sha256 = chain.base)"
    " SELECT sha256, data FROM chain ORDER BY depth DESC"
)
"""Gives the object file that a tail rests on, and then all tails up to its own."""


def joined(chain: Sequence[Row]) -> bytes:
    """Return what `expand` takes for a tail: the hash of the object file that it rests on, and what follows that."""
    (base, _), *tails = chain
    return b"".join([str(base).encode(), *(bytes(data) for _, data in tails)])


async def extended(tx: Transaction, store: ObjectStore, base: str, base_bytes: int, data: bytes) -> Content:
    """Return *data* as content, by reference where it is the content *base* with something appended. Blocks.

    Args:
        base_bytes: How many bytes of *data* are those of *base*.
    """
    tail_bytes = len(data) - base_bytes
    if LIMITS.inline_bytes_max < base_bytes <= TAILED_BYTES_MAX and tail_bytes <= LIMITS.inline_bytes_max:
        row = await tx.one("SELECT form, tails FROM contents WHERE sha256 = ?", base)
        assert row is not None
        form, tails = row
        if form in {"object", "tail"} and tails < TAILS_MAX:
            return Content(
                sha256=hashlib.sha256(data).hexdigest(),
                size_bytes=len(data),
                form="tail",
                data=data[base_bytes:],
                head=data[:HEAD_BYTES],
                base=base,
                tails=tails + 1,
            )
    return store.put(data)


def expand(form: Form, data: bytes | None, path: Path) -> bytes:
    """Return the bytes themselves; reads an object file when they are there, or begin there. Blocks.

    Args:
        path: Where the object file of this content is, or would be.
    """
    if form == "zstd":
        return unpacked(data or b"")
    if form == "raw":
        return data or b""
    if form == "tail":
        assert data is not None
        base = data[:SHA256_CHARS].decode()
        return (path.parent.parent / base[:2] / base[2:]).read_bytes() + data[SHA256_CHARS:]
    return path.read_bytes()


async def chunks_of(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    """Yield the bytes of an object file from *start* up to, not including, *end*."""
    async with aiofiles.open(path, "rb") as file:
        await file.seek(start)
        left = end - start
        while left > 0:
            chunk = await file.read(min(CHUNK_BYTES, left))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk


def _forget(temporary: Path) -> None:
    """Remove what is left of a temporary file; one that the disk does not let go is cleared at the next start."""
    with contextlib.suppress(OSError):
        temporary.unlink()


def _refused(error: OSError) -> Unavailable:
    return Unavailable(
        "The disk refused the content; nothing was changed.",
        hint="See `workspace-server status`; try again when the disk has room.",
        retryable=True,
        reason=errno.errorcode.get(error.errno or 0, "OSError"),
    )


def inline(sha256: str, data: bytes) -> Content:
    """Return small *data* with its hash as content that lives in the database."""
    form, stored_data = packed(data)
    return Content(sha256=sha256, size_bytes=len(data), form=form, data=stored_data, head=data[:HEAD_BYTES])
