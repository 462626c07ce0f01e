"""Uvicorn's server, with bounds on connections, and ended by us."""

import asyncio
import contextlib
import resource
import socket
import ssl
from collections.abc import Iterator
from functools import partial
from typing import cast

import uvicorn
from starlette.applications import Starlette

from workspace_server.app.connections import BoundedProtocol
from workspace_server.core.limits import LIMITS, Limits
from workspace_server.core.peers import Peers
from workspace_server.core.places import Places
from workspace_server.errors import Unavailable

DRAIN_S = 5
"""How long open requests may take once the server ends; streams are cut then."""
OTHER_FILES = 1_024
"""How many files the process has open beside its connections, with room to spare."""
NOBODYS = Peers()


class Server(uvicorn.Server):
    """Uvicorn's server, ended by us: its own handlers would end the process by the signal, not with exit code 0.

    Args:
        most: How many connections there may be at once; fewer when the system lets the process open no more files.
        most_of_one: How many of one address.
        peers: Says whose connections are taken, and which addresses stand for many.
        tls: What the server proves itself with to those who come to its own sockets.
        local: A socket besides, without TLS.
    """

    def __init__(
        self,
        app: Starlette,
        *,
        log_level: str,
        most: int = 2_048,
        most_of_one: int = 1_024,
        limits: Limits = LIMITS,
        peers: Peers = NOBODYS,
        tls: ssl.SSLContext | None = None,
        local: socket.socket | None = None,
    ) -> None:
        places = Places[BoundedProtocol](most=_with_files_for(most), most_of_one=most_of_one)
        self._protocol = partial(BoundedProtocol, places=places, limits=limits, peers=peers)
        self._local = local
        super().__init__(
            uvicorn.Config(
                app,
                http=cast("type[asyncio.Protocol]", self._protocol),
                ws="none",
                lifespan="on",
                log_level="info" if log_level == "debug" else log_level,
                log_config=None,
                access_log=False,
                proxy_headers=False,  # `EdgeMiddleware` believes those that the settings name, and nobody else
                timeout_graceful_shutdown=DRAIN_S,
                timeout_keep_alive=limits.keep_alive_s,
                server_header=False,
                ssl_context_factory=None if tls is None else lambda *_: tls,
            )
        )

    @property
    def connected(self) -> int:
        """How many connections are open."""
        return len(self.server_state.connections)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on *sockets*, and on the local one in plain text."""
        await super().startup(sockets)
        if self._local is not None:
            protocol = partial(self._protocol, self.config, self.server_state, self.lifespan.state)
            self.servers.append(await asyncio.get_running_loop().create_server(protocol, sock=self._local))

    async def answers(self, serving: "asyncio.Task[None]") -> None:
        """Return once requests are answered; raise what kept it from starting."""
        while not self.started:
            if serving.done():
                await serving
                raise Unavailable("The server ended while it started.", hint="Its log says why.")
            await asyncio.sleep(0.005)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield


def _with_files_for(most: int) -> int:
    """Return how many connections of *most* the process can have, once it was let open as many files as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return most if soft == resource.RLIM_INFINITY else max(1, min(most, soft - OTHER_FILES))
