"""The sockets on which a server listens: the one that others call, and one for this machine beside it."""

import contextlib
import socket
from collections.abc import Iterator

from workspace_server.app.owner import Kind
from workspace_server.config import Settings
from workspace_server.core.limits import LIMITS
from workspace_server.core.peers import is_loopback
from workspace_server.errors import Unavailable

PORTS_TRIED = 100
"""How many ports above the default one are tried when it is taken."""
BACKLOG = 2_048
LOCAL = "127.0.0.1"


@contextlib.contextmanager
def listening(settings: Settings, kind: Kind, *, last: int | None = None) -> Iterator[socket.socket]:
    """Yield a socket that listens: on the port that was asked for, the next free one after the default, or any.

    A background owner takes the port of the folder's last owner when it is free: that is where HTTP clients and open
    pages still look.

    Raises:
        Unavailable: None is free.
    """
    chosen = settings.origin("port") != "default"
    first = settings.port
    if kind == "background" and not chosen:
        ports = [port for port in (last, 0) if port is not None]
    else:
        ports = [*range(first, first + 1 if chosen or first == 0 else first + PORTS_TRIED + 1)]
    for port in ports:
        try:
            listener = socket.create_server((settings.host, port), family=_family(settings.host), backlog=BACKLOG)
        except OSError as error:
            reason = error.strerror
            continue
        with listener:
            prepare(listener)
            yield listener
        return
    raise Unavailable(
        f"Nothing can listen on {settings.host} port {first}: {reason}.",
        hint="Choose another with --port, or --port 0 for any free one.",
    )


@contextlib.contextmanager
def local_listener(settings: Settings) -> Iterator[socket.socket | None]:
    """Yield a socket for the command line and the commands of this machine; None where the other one serves for them.

    They neither have a certificate's name to call the server by, nor may they be kept out as others in plain text are.
    """
    if is_loopback(settings.host) and settings.tls_certificate is None:
        yield None
        return
    with socket.create_server((LOCAL, 0), backlog=BACKLOG) as listener:
        prepare(listener)
        yield listener


def address(host: str, port: int, *, scheme: str = "http") -> str:
    """Return the web address of what listens on *host* and *port*."""
    shown = {"0.0.0.0": LOCAL, "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - shown, not bound
    return f"{scheme}://{shown}:{port}"


def prepare(listener: socket.socket) -> None:
    """Let each connection send at once, keep little for one that takes nothing, and end when that goes on."""
    # What has a head and a body would wait 40 ms for the acknowledgement of the head, under loops that leave this out.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Each connection has it from here. Without it the system takes 4 MB and more from the server for a reader
    # that takes nothing: two hundred of them kept everybody waiting for seconds (2026-12-01).
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LIMITS.unsent_bytes_max)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, LIMITS.unread_s * 1000)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
