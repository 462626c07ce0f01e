"""One run of a program: what it is told, what it prints, how it ends. Blocks, and so belongs into a thread."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from workspace_server.core.kept_log import KeptLog

GRACE_S: Final = 10.0
"""How long a program may take to end when it is asked to; then it is killed."""
CHUNK_BYTES: Final = 1 << 16
LEASH: Final = Path(__file__).with_name("leash.py")


class Program:
    """A program that runs, with all that it started in one group; it does not outlive this process.

    Attributes:
        log: What is kept of its output; look at it through `printed` while it runs.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", asker: socket.socket) -> None:
        self._process = process
        self._asker = asker
        self._log = KeptLog()
        self._logging = threading.Lock()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        told: bytes,
        cwd: Path | None = None,
        grace_s: float = GRACE_S,
    ) -> "Program":
        """Start a program with *told* on its standard input.

        Raises:
            OSError: It cannot be run.
        """
        asker, theirs = socket.socketpair()
        leash = [sys.executable, "-I", str(LEASH), str(theirs.fileno()), str(grace_s), *argv]
        try:
            # A file, not a pipe: what a program never reads would hold up whoever writes it.
            with theirs, tempfile.TemporaryFile() as given:
                given.write(told)
                given.seek(0)
                process = subprocess.Popen(  # noqa: S603  # the operator's or the user's own
                    leash,
                    stdin=given,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env=dict(env),
                    cwd=cwd,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            failed = int(asker.recv(16) or b"0")
        except OSError:
            asker.close()
            raise
        if failed:
            asker.close()
            process.communicate()
            raise OSError(failed, os.strerror(failed))
        return cls(process, asker)

    def wait(self, timeout_s: float) -> int | None:
        """Return its exit code once it has ended, or None after *timeout_s* seconds."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        self._asker.close()
        self._reading.join(1.0)  # for what is still in the pipe; a daemon that it left may hold that open
        return code

    def end(self) -> None:
        """End it with all that it started: politely, then by force."""
        with suppress(OSError):
            self._asker.shutdown(socket.SHUT_RDWR)
        self._process.wait()
        self._asker.close()
        self._reading.join(1.0)

    def printed(self) -> tuple[str, int]:
        """Return what is kept of what it has printed so far, and how much that was in bytes."""
        with self._logging:
            return self._log.text(), self._log.size_bytes

    def printed_last(self, bytes_max: int) -> str:
        """Return the last *bytes_max* bytes that it has printed so far."""
        with self._logging:
            return self._log.end(bytes_max)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            while printed := os.read(output.fileno(), CHUNK_BYTES):
                with self._logging:
                    self._log.add(printed)
