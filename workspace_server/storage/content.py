"""Immutable bytes by their hash: small ones in the database, large ones as object files.

Invariant I1: content is durable before the row that names it. Inline content is part of the same commit; an object file
is synced, renamed and its directory synced before the transaction starts.
"""

import asyncio
import errno
import hashlib
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import aiofiles
import zstandard
from anyio import CancelScope

from workspace_server.core.limits import LIMITS
from workspace_server.errors import TooLarge, Unavailable
from workspace_server.storage.database import Transaction

Form = Literal["raw", "zstd", "object"]
CHUNK_BYTES = 1 << 18
COMPRESS_FROM_BYTES = 512
"""Below this, compression saves less than it costs."""
ZSTD_LEVEL = 1
HEAD_BYTES = 8192
"""How much of a stream is kept to tell its media type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Bytes that can be committed: their hash, their size, and where they are.

    Attributes:
        data: The stored form when it is inline; None for an object file.
        head: The first bytes, uncompressed, from which the media type is told.
    """

    sha256: str
    size_bytes: int
    form: Form
    data: bytes | None
    head: bytes


class ObjectStore:
    """The object files under one directory, two characters of fan-out."""

    def __init__(self, directory: Path, temporary: Path) -> None:
        self._directory = directory
        self._temporary = temporary
        for made in (directory, temporary):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Return where the object of that hash is, or would be."""
        return self._directory / sha256[:2] / sha256[2:]

    def put(self, data: bytes) -> Content:
        """Return *data* as content; when it is large, durable on disk first. Blocks.

        Raises:
            Unavailable: The disk does not take it; nothing is kept.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if len(data) <= LIMITS.inline_bytes_max:
            return _inline(sha256, data)
        temporary = self._temporary / f"object-{secrets.token_hex(8)}"
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()  # a disk that is nearly full takes a part of it, and leaves the rest in this buffer
                self._finish(file.fileno(), temporary, sha256)
        except OSError as error:
            raise _refused(error) from error
        finally:
            temporary.unlink(missing_ok=True)
        return Content(sha256=sha256, size_bytes=len(data), form="object", data=None, head=data[:HEAD_BYTES])

    async def put_stream(self, chunks: AsyncIterator[bytes], *, bytes_max: int) -> Content:
        """Take a stream of any size in and return it as content.

        Raises:
            TooLarge: It has more than *bytes_max* bytes; nothing is kept.
            Unavailable: The disk does not take it; nothing is kept.
        """
        digest = hashlib.sha256()
        size = 0
        head = b""
        temporary = self._temporary / f"object-{secrets.token_hex(8)}"
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
                    await asyncio.to_thread(self._finish, file.fileno(), temporary, digest.hexdigest())
            if size <= LIMITS.inline_bytes_max:
                async with aiofiles.open(temporary, "rb") as file:
                    return _inline(digest.hexdigest(), await file.read())
        except OSError as error:
            raise _refused(error) from error
        finally:
            with CancelScope(shield=True):
                await asyncio.to_thread(temporary.unlink, missing_ok=True)
        return Content(sha256=digest.hexdigest(), size_bytes=size, form="object", data=None, head=head)

    def _finish(self, descriptor: int, temporary: Path, sha256: str) -> None:
        os.fdatasync(descriptor)
        target = self.path(sha256)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        temporary.replace(target)
        for directory in (target.parent, self._directory):
            handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


async def keep(tx: Transaction, content: Content) -> None:
    """Make the row for *content*, unless it is there."""
    await tx.run(
        "INSERT INTO contents (sha256, size_bytes, form, data) VALUES (?, ?, ?, ?) ON CONFLICT (sha256) DO NOTHING",
        content.sha256,
        content.size_bytes,
        content.form,
        content.data,
    )


async def stored(tx: Transaction, sha256: str) -> tuple[int, Form, bytes | None]:
    """Return (size in bytes, form, stored bytes) of known content."""
    row = await tx.one("SELECT size_bytes, form, data FROM contents WHERE sha256 = ?", sha256)
    assert row is not None, f"no content {sha256}"
    return row[0], row[1], row[2]


def expand(form: Form, data: bytes | None, path: Path) -> bytes:
    """Return the bytes themselves; reads the object file at *path* when that is where they are. Blocks."""
    if form == "zstd":
        return zstandard.ZstdDecompressor().decompress(data or b"")
    if form == "raw":
        return data or b""
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


def _refused(error: OSError) -> Unavailable:
    return Unavailable(
        "The disk refused the content; nothing was changed.",
        hint="See `workspace-server status`; try again when the disk has room.",
        retryable=True,
        reason=errno.errorcode.get(error.errno or 0, "OSError"),
    )


def _inline(sha256: str, data: bytes) -> Content:
    stored_form: Form = "raw"
    stored_data = data
    if len(data) >= COMPRESS_FROM_BYTES:
        packed = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(data)
        if len(packed) < len(data):
            stored_form, stored_data = "zstd", packed
    return Content(sha256=sha256, size_bytes=len(data), form=stored_form, data=stored_data, head=data[:HEAD_BYTES])
