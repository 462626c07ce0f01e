"""The owner's Unix socket in the state directory."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

SOCKET_NAME = "owner.sock"
BACKLOG = 512


@contextlib.contextmanager
def listening_socket(state: Path) -> Iterator[socket.socket]:
    """Yield the socket that the `stdio` processes of the folder connect to; only this user can.

    Its path goes through the descriptor of its directory: socket paths end at 107 bytes, and folders lie deeper.
    """
    file = state / SOCKET_NAME
    file.unlink(missing_ok=True)  # what an owner left that was killed
    directory = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"/proc/self/fd/{directory}/{SOCKET_NAME}")
            file.chmod(0o600)  # before anybody can connect
            listener.listen(BACKLOG)
            listener.setblocking(False)
            yield listener
            file.unlink(missing_ok=True)
    finally:
        os.close(directory)
