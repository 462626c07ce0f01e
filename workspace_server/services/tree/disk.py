"""Reads files of the working tree into content, one stable state of each."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from typing import NamedTuple

from workspace_server.core.limits import LIMITS
from workspace_server.errors import TooLarge, WorkspaceError
from workspace_server.storage.content import Content, ObjectStore, inline
from workspace_server.storage.disk.reading import Reading
from workspace_server.storage.disk.signatures import Signature
from workspace_server.storage.disk.tree import Tree

QUIET_NS = 150_000_000
"""A file that changed within this time may be half-written."""


class Unsteady(Exception):
    """The file changes while it is read, or did a moment ago: look again later."""


class Read(NamedTuple):
    """What stands at a path: its signature, its hash, and the content itself unless the hash was expected.

    With `trusted`, whatever changes the file later shows in its signature.
    """

    signature: Signature
    sha256: str
    content: Content | None
    trusted: bool


class Disk:
    """Reads from the tree, and stores what it reads."""

    def __init__(self, tree: Tree, objects: ObjectStore) -> None:
        self._tree = tree
        self._objects = objects

    async def read(self, path: str, *, expected: str | None = None, patient: bool = True) -> Read | None:
        """Return what stands at *path*, or None when no file of ours does.

        Args:
            expected: The hash for which the content itself is not wanted.
            patient: Whether a file that changed just now is left for later.

        Raises:
            Unsteady: It changes, or did a moment ago.
            OSError: It cannot be read.
        """
        reading = await asyncio.to_thread(self._open, path)
        if reading is None:
            return None
        with reading:
            age_ns = time.time_ns() - reading.signature.mtime_ns
            if patient and 0 <= age_ns < QUIET_NS:
                raise Unsteady
            content = await self._content(reading, expected)
            trusted = reading.signature.trusted(reading.taken_ns)
            if isinstance(content, str):
                return Read(reading.signature, content, None, trusted)
            return Read(reading.signature, content.sha256, content, trusted)

    def read_now(self, path: str, *, expected: str | None = None, patient: bool = True) -> Read | None:
        """Do what `read` does for a small file, in this thread.

        Raises:
            Unsteady: It changes, it did a moment ago, or it is not small.
        """
        reading = self._open(path)
        if reading is None:
            return None
        with reading:
            if reading.size_bytes > LIMITS.inline_bytes_max:
                raise Unsteady
            if patient and 0 <= time.time_ns() - reading.signature.mtime_ns < QUIET_NS:
                raise Unsteady
            data = reading.read_all()
            if not reading.unchanged():
                raise Unsteady
        sha256 = hashlib.sha256(data).hexdigest()
        content = None if sha256 == expected else inline(sha256, data)
        return Read(reading.signature, sha256, content, reading.signature.trusted(reading.taken_ns))

    async def temporary(self, name: str) -> Content | None:
        """Return the content of a temporary file, or None when it is gone.

        Raises:
            Unsteady: Somebody still writes to it.
        """
        reading = await asyncio.to_thread(self._tree.open_temporary, name)
        if reading is None:
            return None
        with reading:
            content = await self._content(reading, None)
            assert not isinstance(content, str)
            return content

    def _open(self, path: str) -> Reading | None:
        try:
            return self._tree.open(path)
        except WorkspaceError:
            return None

    async def _content(self, reading: Reading, expected: str | None) -> Content | str:
        """Return what is read, or its hash when that is the expected one."""
        if reading.size_bytes <= LIMITS.inline_bytes_max:
            data = await asyncio.to_thread(reading.read_all)
            if not reading.unchanged():
                raise Unsteady
            sha256 = hashlib.sha256(data).hexdigest()
            return sha256 if sha256 == expected else self._objects.put(data)
        if expected is not None:
            # Hashed before it is stored: an append's whole is known by its hash, and is stored as a tail only.
            if await asyncio.to_thread(reading.sha256) == expected and reading.unchanged():
                return expected
            reading.rewind()
        try:
            content = await self._objects.put_stream(_chunks(reading), bytes_max=LIMITS.file_bytes_max)
        except TooLarge:  # it has grown since it was opened
            raise Unsteady from None
        if not reading.unchanged():
            raise Unsteady
        return content


async def _chunks(reading: Reading) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(reading.read):
        yield chunk
