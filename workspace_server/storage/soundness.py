"""Gives stored bytes out only when they are still what their hash says: damage is refused, not served.

Disks return other bytes than were written, now and then, without a word. The pages of the database have checksums;
object files are told by their names, which are their hashes. Whole content is hashed on its way out (2 µs for 4 KiB,
0.6 ms for 1 MiB, 2026-11-21). For a part of an object file the whole of it is hashed first, and again only when its
stat has changed since: bytes that turn on the disk without that, while the server runs, show in the next whole
reading, and in `verify`.
"""

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import zstandard

from workspace_server.errors import Unavailable
from workspace_server.storage import hashed
from workspace_server.storage.content import CHUNK_BYTES, Form, chunks_of, expand
from workspace_server.storage.disk.signatures import Signature


def whole(form: Form, data: bytes | None, path: Path) -> bytes:
    """Return the bytes of a content. Blocks when they are in an object file.

    Args:
        path: Where the object file of this content is, or would be.

    Raises:
        Unavailable: They are not what they were.
    """
    try:
        found = expand(form, data, path)
    except (OSError, zstandard.ZstdError) as error:
        raise damaged(error) from error
    if hashlib.sha256(found).hexdigest() != _hash_in(path):
        raise damaged()
    return found


def check(path: Path) -> None:
    """Pass when an object file is what its name says, or was when its stat was the same. Blocks.

    Raises:
        Unavailable: It is not, or it cannot be read.
    """
    try:
        signature = Signature.of(path.stat())
        if hashed.was(path, signature):
            return
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise damaged(error) from error
    if found != _hash_in(path):
        raise damaged()
    hashed.note(path, signature)


async def chunks(path: Path, start: int, end: int, size_bytes: int) -> AsyncIterator[bytes]:
    """Yield the bytes of an object file from *start* up to, not including, *end*.

    When that is all of it, its last chunk is held back until the hash of the whole is right.

    Raises:
        Unavailable: They are not what they were.
    """
    if (start, end) != (0, size_bytes) or size_bytes <= CHUNK_BYTES:
        await asyncio.to_thread(check, path)
    digest = hashlib.sha256()
    held = b""
    try:
        async for chunk in chunks_of(path, start, end):
            digest.update(chunk)
            if held:
                yield held
            held = chunk
    except OSError as error:
        raise damaged(error) from error
    if (start, end) == (0, size_bytes) and digest.hexdigest() != _hash_in(path):
        raise damaged()
    if held:
        yield held


def damaged(error: Exception | None = None) -> Unavailable:
    """Return the refusal to give out content that is not what it was."""
    number = error.errno if isinstance(error, OSError) else None
    return Unavailable(
        "The stored content is damaged: it is refused rather than served.",
        hint="Ask a person to run `workspace-server verify`, and to restore it from a backup or another version.",
        reason="damaged" if number in {None, errno.ENOENT} else errno.errorcode.get(number or 0, "damaged"),
    )


def _hash_in(path: Path) -> str:
    return path.parent.name + path.name
