"""Programs in processes of their own, without the second or two that importing the product takes each time.

One process per worker of pytest has imported the product, and forks itself for each program. What runs then is the same
module with the same arguments, in a process that is signalled and killed like any other. That the commands also start
from nothing is shown by the tests that run `PROGRAM`.
"""

import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from coverage import process_startup

IMPORTED: Final = ("workspace_server.cli.serve", "workspace_server.app.server", "uvicorn.protocols.http.h11_impl")
"""What takes the second, with all that these import."""
REQUEST_BYTES_MAX: Final = 200_000
FORKED_S: Final = 60.0
"""Longest wait for a process to be there, on a machine that is busy with others."""
STREAMS: Final = (0, 1, 2)

_asking = threading.Lock()


class Forked:
    """A program, run as `python -m MODULE ARGUMENTS…` would be: as much of `subprocess.Popen` as tests need.

    Args:
        streams: The descriptors that it gets for its standard streams.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        start_new_session: bool = False,
        streams: Sequence[int] = STREAMS,
    ) -> None:
        request = {
            "module": module,
            "arguments": list(arguments),
            "env": dict(env),
            "folder": str(cwd or Path.cwd()),
            "session": start_new_session,
        }
        self.returncode: int | None = None
        self._news, theirs = socket.socketpair()
        with theirs, _asking:
            socket.send_fds(_forker().way, [json.dumps(request).encode()], [theirs.fileno(), *streams])
        self._news.settimeout(FORKED_S)
        self.pid = int(self._told())

    def poll(self) -> int | None:
        """Return its exit code, negative for a signal's number, or None while it runs."""
        try:
            return self.wait(timeout=0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return its exit code."""
        if self.returncode is None:
            self._news.settimeout(timeout)
            try:
                self.returncode = int(self._told())
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0) from None
            self._news.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _told(self) -> bytes:
        told = self._news.recv(100)
        assert told, "the process that forks the programs has ended"
        return told


@dataclass(frozen=True, slots=True)
class _Forker:
    """The process that forks, and the way to it. It ends once this end of the way is closed, which is when we end."""

    way: socket.socket
    process: "subprocess.Popen[bytes]"


@cache
def _forker() -> _Forker:
    """Return the one of this process, started by the first who asks."""
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.forking", str(theirs.fileno())]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    with theirs:
        return _Forker(ours, subprocess.Popen(command, pass_fds=[theirs.fileno()], env=plain, start_new_session=True))


def _become_one_of_many(way: socket.socket) -> dict[str, Any]:
    """Fork for each request. Returns in the children alone, with what was requested."""
    watched = selectors.DefaultSelector()
    watched.register(way, selectors.EVENT_READ)
    while True:
        for key, _ in watched.select():
            if key.fileobj is not way:
                pid, news = key.data
                watched.unregister(key.fd)
                os.close(key.fd)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                _tell(news, code)
                news.close()
                continue
            message, descriptors, _, _ = socket.recv_fds(way, REQUEST_BYTES_MAX, 1 + len(STREAMS))
            if not message:
                sys.exit(0)
            request: dict[str, Any] = json.loads(message)
            pid = os.fork()
            if pid == 0:
                watched.close()
                _take_streams(descriptors)
                return request
            news, *streams = descriptors
            for stream in streams:
                os.close(stream)
            told = socket.socket(fileno=news)
            _tell(told, pid)
            watched.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, told))


def _tell(news: socket.socket, number: int) -> None:
    with suppress(BrokenPipeError):  # a test may end without waiting for its program
        news.send(str(number).encode())


def _take_streams(descriptors: list[int]) -> None:
    """Keep the streams that were handed over, and nothing else that is open."""
    for stream, given in zip(STREAMS, descriptors[1:], strict=True):
        os.dup2(given, stream)
    os.closerange(len(STREAMS), os.sysconf("SC_OPEN_MAX"))


def _run(request: dict[str, Any]) -> None:
    """Be the program that was requested."""
    if request["session"]:
        os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv[1:] = request["arguments"]
    process_startup(force=True)  # measures when the environment asks for it
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    for name in IMPORTED:
        import_module(name)
    gc.freeze()
    _run(_become_one_of_many(socket.socket(fileno=int(sys.argv[1]))))
