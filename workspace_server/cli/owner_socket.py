"""The folder's owner as seen from outside: its Unix socket, and how one is started when there is none.

On the standard library alone, as `stdio` is.
"""

import contextlib
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STATE_DIRECTORY = ".workspace"
SOCKET_NAME = "owner.sock"
CHUNK_BYTES = 1 << 16
OWNER_S = 60.0
REFUSED, REFUSED_FOR_GOOD = 2, 3
"""The exit codes of an owner that cannot start, now or ever, as `app.background` gives them; its log says why."""
LAST_BYTES = 4_096
"""How long an owner may take to start: it takes the folder in before it answers."""
AGAIN_S = 0.5
"""How long to wait before another try to start one."""

Message = dict[str, Any]


class Unreachable(Exception):
    """No owner answers, and none could be started."""


class Owner:
    """One connection to the folder's owner."""

    def __init__(self, state: Path) -> None:
        # Socket paths end at 107 bytes; through the descriptor of its directory the path is short.
        directory = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(f"/proc/self/fd/{directory}/{SOCKET_NAME}")
        except OSError:
            self._socket.close()
            raise
        finally:
            os.close(directory)
        self._lines = self._read()

    def greet(self, preface: Message) -> Message:
        """Say who we are and return the owner's answer."""
        self.send(as_line(preface))
        answer: Message = json.loads(next(self._lines, b"{}"))
        return answer

    def send(self, line: bytes) -> None:
        """Send one line."""
        self._socket.sendall(line)

    def lines(self) -> Iterator[bytes]:
        """Yield the owner's lines until it goes away."""
        return self._lines

    def close(self) -> None:
        """End the connection, also for a thread that reads from it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self) -> Iterator[bytes]:
        parts: list[bytes] = []
        while True:
            try:
                chunk = self._socket.recv(CHUNK_BYTES)
            except OSError:
                return
            if not chunk:
                return
            *whole, rest = chunk.split(b"\n")
            for end in whole:
                parts.append(end)
                yield b"".join(parts) + b"\n"
                parts.clear()
            if rest:
                parts.append(rest)


@contextlib.contextmanager
def starting(state: Path) -> Iterator[bool]:
    """Yield whether this process is the one that starts an owner; of many at once, one does."""
    with (state / "start.lock").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def start(root: Path, state: Path, deadline: float) -> Owner:
    """Start a background owner and return a connection to it, or to another that came first."""
    import subprocess  # takes as long as all the rest, and is seldom needed

    process = None
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return Owner(state)
        if process is not None and process.poll() in (REFUSED, REFUSED_FOR_GOOD):
            raise Unreachable(last_words(state))
        if process is None or process.poll() is not None:
            if process is not None:
                time.sleep(AGAIN_S)  # another one is taking the folder over, or this one failed: its log says why
            with (state / "server.log").open("ab") as log:
                process = subprocess.Popen(  # noqa: S603 - our own program
                    [sys.executable, "-m", "workspace_server.app.background", str(root)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    cwd="/",
                )
        time.sleep(0.01)
    raise Unreachable(f"no server could be started for {root}; see {state / 'server.log'}")


def last_words(state: Path) -> str:
    """Return the last line of the log of the servers in the background."""
    with contextlib.suppress(OSError), (state / "server.log").open("rb") as log:
        log.seek(-min(LAST_BYTES, log.seek(0, 2)), 2)
        lines = log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""
    return ""


def as_line(message: Message) -> bytes:
    """Return a message as one line; what UTF-8 cannot carry is left for the owner to refuse."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"
