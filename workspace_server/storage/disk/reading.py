"""One open file of the tree, and whether what was read of it was one state."""

import hashlib
import os
import time
from types import TracebackType
from typing import Self

from workspace_server.storage.disk.leases import is_open_elsewhere
from workspace_server.storage.disk.signatures import Signature

_CHUNK_BYTES = 1 << 20


class Reading:
    """One open file; read it, then ask `unchanged` whether that was one state of it."""

    def __init__(self, descriptor: int, taken_ns: int, signature: Signature) -> None:
        self._descriptor = descriptor
        self.taken_ns = taken_ns
        self.signature = signature
        self.size_bytes = signature.size

    @classmethod
    def of(cls, descriptor: int) -> Self:
        """Return a reading of an open file as it is now."""
        return cls(descriptor, time.time_ns(), Signature.of(os.fstat(descriptor)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def read(self, size: int = _CHUNK_BYTES) -> bytes:
        """Return up to *size* further bytes; none at the end."""
        return os.read(self._descriptor, size)

    def read_all(self) -> bytes:
        """Return the whole rest; the caller has looked at `size_bytes`."""
        first = os.read(self._descriptor, self.size_bytes + 1)
        if len(first) == self.size_bytes:  # nearly always all of it; `unchanged` tells when more has come
            return first
        chunks = [first]
        while chunk := self.read():
            chunks.append(chunk)
        return b"".join(chunks)

    def sha256(self) -> str:
        """Return the hash of the whole rest."""
        digest = hashlib.sha256()
        while chunk := self.read():
            digest.update(chunk)
        return digest.hexdigest()

    def rewind(self) -> None:
        """Read from the start again."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)

    def unchanged(self) -> bool:
        """Return whether the file is as it was when it was opened."""
        now = os.fstat(self._descriptor)
        # The ctime counts too: a writer may set the mtime back.
        return Signature.of(now) == self.signature

    def has_writer(self) -> bool:
        """Return whether some process has it open for writing, as far as the system tells."""
        return is_open_elsewhere(self._descriptor, for_writing=True) is True
