"""Runs one program, and ends it with all that it started when whoever asked for it is gone.

A script of its own, `leash.py SOCKET GRACE_S PROGRAM…`, which imports nothing but the standard library. SOCKET is the
number of a file descriptor whose other end the asker holds: it is told there whether the program could be started,
and when it closes that end, or is killed in the middle of whatever it does, the program is ended. Nothing else could
do that: a killed process has no last word, and the kernel tells a child of its parent's end but not a grandchild.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

SIGNALLED = 128
"""Added to the number of the signal that ended a program, as shells do."""
POLL_S = 0.05


def main(arguments: list[str]) -> int:
    """Run the program to its end and return its exit code."""
    asker = socket.socket(fileno=int(arguments[0]))
    grace_s, program = float(arguments[1]), arguments[2:]
    try:
        process = subprocess.Popen(program, start_new_session=True)  # noqa: S603  # what the asker was told to run
    except OSError as error:
        asker.sendall(str(error.errno).encode())
        return 1
    asker.sendall(b"0")
    threading.Thread(target=_watch, args=(asker, process.pid, grace_s), daemon=True).start()
    # Looked at before it is reaped: until then its number, and so that of its group, is nobody else's.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    _signal(process.pid, signal.SIGKILL)  # what it has left behind
    code = process.wait()
    return SIGNALLED - code if code < 0 else code


def _watch(asker: socket.socket, group: int, grace_s: float) -> None:
    """End the group once the asker is gone: politely, then by force."""
    with contextlib.suppress(OSError):
        while asker.recv(64):
            pass
    deadline = time.monotonic() + grace_s
    _signal(group, signal.SIGTERM)
    while time.monotonic() < deadline:
        time.sleep(POLL_S)
    _signal(group, signal.SIGKILL)


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
