"""What is kept of what a program prints: its beginning and its end, however much there was between them."""

from workspace_server.core.limits import LIMITS

HEAD_SHARE = 4
"""One part in so many is for the beginning: how it was called stands there, and why it failed at the end."""
GAP_BYTES = 64
"""Room for the line that says how much is left out."""


class KeptLog:
    """A bounded log in the making. Not safe for several threads at once."""

    def __init__(self, bytes_max: int = LIMITS.job_log_bytes_max) -> None:
        self._head_bytes = bytes_max // HEAD_SHARE
        self._tail_bytes = bytes_max - self._head_bytes - GAP_BYTES
        self._head = b""
        self._tail = bytearray()
        self.size_bytes = 0
        """How much was printed in all."""

    def add(self, printed: bytes) -> None:
        """Take what was printed next."""
        self.size_bytes += len(printed)
        room = self._head_bytes - len(self._head)
        self._head += printed[:room]
        self._tail += printed[room:]
        if len(self._tail) > 2 * self._tail_bytes:  # not at every line: moving the rest costs its length
            del self._tail[: -self._tail_bytes]

    @property
    def left_out_bytes(self) -> int:
        """How much of the middle is not kept."""
        return max(0, self.size_bytes - self._head_bytes - self._tail_bytes)

    def text(self) -> str:
        """Return what is kept, with a line that says how much is left out; what is no UTF-8 is replaced."""
        if not self.left_out_bytes:
            return (self._head + bytes(self._tail)).decode(errors="replace")
        gap = f"\n… {self.left_out_bytes} bytes are left out …\n"
        return self._head.decode(errors="replace") + gap + self._tail[-self._tail_bytes :].decode(errors="replace")

    def end(self, bytes_max: int) -> str:
        """Return the last *bytes_max* bytes of what is kept."""
        return (self._head + bytes(self._tail))[-bytes_max:].decode(errors="replace")
