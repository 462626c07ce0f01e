"""The bytes of one version, on their way out."""

import asyncio
from collections.abc import AsyncIterator, Callable

from workspace_server.services.folder import Folder
from workspace_server.storage import content as contents
from workspace_server.storage import soundness
from workspace_server.storage.content import Form
from workspace_server.storage.tables.files import VersionRow


class OpenContent:
    """The bytes of one version, to be streamed.

    Attributes:
        newest: Whether it is the head.
        given: Called when all of it has been streamed at once.
    """

    def __init__(
        self, folder: Folder, row: VersionRow, path: str, *, form: Form, data: bytes | None, newest: bool
    ) -> None:
        self.path = path
        self.version = row.version
        self.size_bytes = row.size_bytes
        self.media_type = row.media_type
        self.sha256 = row.sha256
        self.modified_by = row.agent
        self.modified_at = row.at
        self.newest = newest
        self.given: Callable[[], None] = lambda: None
        self._file = folder.objects.path(row.sha256)
        self._form = form
        self._data = data

    async def chunks(self, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from *start* up to, not including, *end*."""
        last = self.size_bytes if end is None else end
        if self._form == "object":
            async for chunk in soundness.chunks(self._file, start, last, self.size_bytes):
                yield chunk
        elif self._form == "tail":
            data = await self.read()
            for at in range(start, min(last, self.size_bytes), contents.CHUNK_BYTES):
                yield data[at : min(at + contents.CHUNK_BYTES, last)]
        else:
            yield soundness.whole(self._form, self._data, self._file)[start:last]
        if (start, last) == (0, self.size_bytes):
            self.given()

    async def read(self) -> bytes:
        """Return all bytes; call it for bounded content only."""
        if self._form in {"object", "tail"}:
            return await asyncio.to_thread(soundness.whole, self._form, self._data, self._file)
        return soundness.whole(self._form, self._data, self._file)
