"""One server process: it owns the folder, opens the engine and serves all faces on one address until told to end."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from starlette.applications import Starlette
from starlette.middleware import Middleware

from indexer.processes.in_processes import InProcesses
from indexer.remote.process import IndexInProcess
from workspace_server.app import logs
from workspace_server.app.admission import routes as admission_routes
from workspace_server.app.binding import check_callers, check_way, is_reached, peers_of, tls_context
from workspace_server.app.door import SOCKET_NAME, listening_socket
from workspace_server.app.edge import EdgeMiddleware
from workspace_server.app.ending import Ending, EndingMiddleware
from workspace_server.app.idling import Idling
from workspace_server.app.listening import LOCAL, address, listening, local_listener
from workspace_server.app.owner import Kind, OwnerRecord, Ownership, state_directory
from workspace_server.app.serving import Server
from workspace_server.config import Settings
from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.core.peers import Peers
from workspace_server.delivery.collector import collecting
from workspace_server.errors import InvalidArgument, Unavailable
from workspace_server.interfaces.arrival import ArrivalMiddleware
from workspace_server.interfaces.challenges import metadata_routes
from workspace_server.interfaces.cors import cors
from workspace_server.interfaces.doorway import GuardMiddleware
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.http.routes import routes as http_routes
from workspace_server.interfaces.mcp.server import WorkspaceMcp
from workspace_server.interfaces.mcp.streamable import SessionManager, mcp_routes
from workspace_server.interfaces.mcp.unix_socket import SocketDoor
from workspace_server.interfaces.metrics import Metrics
from workspace_server.interfaces.web.routes import routes as web_routes
from workspace_server.interfaces.web.unknown import refusals
from workspace_server.services.engine import Engine
from workspace_server.services.spans import Tell
from workspace_server.storage.disk import filesystem
from workspace_server.storage.upkeep.new_folders import workspace_around

SWITCH_S = 0.0005
"""How long a thread that computes may keep the interpreter from others. A save takes it ten times and more, as each
statement and each system call lets it go: beside one such thread it took 17 to 27 ms with Python's own 5 ms, and 3 to 8
with this (2026-11-30)."""

Announce = Callable[[OwnerRecord, str], None]
"""Told where the folder's programs find the server, and the address for everybody else."""


def run(root: Path, settings: Settings, *, kind: Kind = "serve", announce: Announce | None = None) -> None:
    """Own *root* and serve it until SIGTERM or SIGINT; return when all is drained.

    Args:
        announce: Called once the server answers, with where it does.

    Raises:
        Owned: Another server owns the folder.
        InvalidArgument: It is to listen where others could reach it unasked, or could read along.
        Unavailable: No port is free, the database is of a newer program, or the folder lies on a network file system.
    """
    logs.set_up(settings.log_level, settings.log_format)
    check_way(settings)
    peers_of(settings)
    cors(settings.cors_origins)
    filesystem.check(root)
    around = workspace_around(root)
    if around is not None:
        raise InvalidArgument(
            f"{root} lies in the workspace {around}: two servers would write to the same files.",
            hint=f"Serve {around}, or a folder outside of it.",
            argument="folder",
            reason="lies in a workspace",
        )
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The folder {root} cannot be made: {error.strerror}.", hint="Serve another one.", reason="unwritable"
        ) from error
    with (
        collecting(settings, os.environ) as tell,
        Ownership.take(root, kind) as own,
        listening(settings, kind, last=own.last_port) as listener,
        local_listener(settings) as local,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        contextlib.suppress(asyncio.CancelledError),  # by a signal that came before the server answered
    ):
        # The code lives as long as the process: 136,000 objects that each full collection would look at again for 69 ms
        # in which nobody else runs (2026-11-30), and once more at the end.
        gc.freeze()
        sys.setswitchinterval(SWITCH_S)
        runner.run(_serve(root, settings, own, Sockets(listener, local), announce, tell=tell))


@dataclass(frozen=True, slots=True)
class Sockets:
    """Where the server listens: for everybody, and for this machine where that is somewhere else."""

    public: socket.socket
    local: socket.socket | None

    def url(self, settings: Settings) -> str:
        """Return the address for everybody, as far as the server itself can tell."""
        scheme = "http" if settings.tls_certificate is None else "https"
        return address(settings.host, self.public.getsockname()[1], scheme=scheme)

    def local_url(self, settings: Settings) -> str:
        """Return the address for programs on this machine."""
        return self.url(settings) if self.local is None else address(LOCAL, self.local.getsockname()[1])

    @property
    def ports(self) -> list[int]:
        """All ports."""
        return [one.getsockname()[1] for one in (self.public, self.local) if one is not None]


async def _serve(
    root: Path,
    settings: Settings,
    own: Ownership,
    sockets: Sockets,
    announce: Announce | None,
    *,
    tell: Tell | None,
) -> None:
    main = asyncio.current_task()
    assert main is not None
    _on_signals(main.cancel)
    async with (
        contextlib.aclosing(InProcesses(scratch=root / STATE_DIRECTORY / "extracting")) as extracting,
        Engine.open(root, settings=settings, extracting=extracting, open_index=IndexInProcess) as engine,
        engine.traced(tell),
    ):
        _ask_others(engine, settings, own.record.kind)
        for port in sockets.ports:
            engine.automation.listens_on(port)
        local_url = engine.folder.local_url = sockets.local_url(settings)
        base_url = engine.folder.base_url = (settings.public_url or sockets.url(settings)).rstrip("/")
        guard = Guard(
            admin_key=own.record.admin_key,
            hosts=[settings.host, *settings.hosts],
            public_url=settings.public_url,
            heard=engine.automation.terms.heard_of,
            tokens=engine.tokens,
            issuer=engine.issuer,
            refused=engine.auditing.refuse,
            tls=settings.tls_certificate is not None,
        )
        mcp = WorkspaceMcp(engine, guard)
        ending = Ending()
        peers = peers_of(settings)
        server = Server(
            application(engine, guard, mcp, ending, outer=outer(settings, peers)),
            log_level=settings.log_level,
            most=settings.connections_max,
            most_of_one=settings.connections_per_address_max,
            peers=peers,
            tls=None if settings.tls_certificate is None else tls_context(settings),
            local=sockets.local,
        )
        serving = asyncio.create_task(server.serve(sockets=[sockets.public]))

        def end() -> None:
            ending.say()
            mcp.end_streams()
            server.should_exit = True

        _on_signals(end)
        await server.answers(serving)
        door = SocketDoor(engine, mcp)
        with listening_socket(state_directory(root)) as processes:
            connecting = asyncio.create_task(door.serve(processes))
            own.publish(url=local_url, socket=SOCKET_NAME)
            if announce is not None:
                announce(own.record, base_url)
            if own.record.kind == "background":
                idling = Idling(engine, lambda: server.connected + door.connected, idle_s=settings.idle_seconds)
                engine.status.include("background", idling.status)
                await _first(serving, idling.over())
                end()
            await serving
            own.withdraw()
            connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await connecting


def _ask_others(engine: Engine, settings: Settings, kind: Kind) -> None:
    """Pass when others than the owner have to prove who they are, where they come in from other machines.

    By an owner in the background the first token is made: it starts without, and lets in nobody else until then.
    """
    if kind == "serve":
        check_callers(settings, asks=engine.tokens.any_live())
    elif is_reached(settings):
        engine.tokens.required = True


def _on_signals(end: Callable[[], object]) -> None:
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, end)


async def _first(serving: "asyncio.Task[None]", over: Coroutine[Any, Any, None]) -> None:
    """Return when the server has ended, or has nothing more to do."""
    waiting = asyncio.create_task(over)
    await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting


def outer(settings: Settings, peers: Peers) -> list[Middleware]:
    """Return what stands before the guard: it may change what a request says of itself, or answer it."""
    strict = settings.public_url is not None and settings.public_url.startswith("https:")
    return [Middleware(EdgeMiddleware, peers=peers, strict=strict), *cors(settings.cors_origins)]


def application(
    engine: Engine, guard: Guard, mcp: WorkspaceMcp, ending: Ending, *, outer: Sequence[Middleware] = ()
) -> Starlette:
    """Return the application of all faces over one engine, with *outer* before the guard of all doors."""
    sessions = SessionManager(mcp)
    metrics = Metrics()
    mcp.observe = metrics.observe

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        telling = asyncio.create_task(mcp.updates.run())
        try:
            async with sessions.run():
                yield
        finally:
            telling.cancel()
            await asyncio.wait([telling])

    return Starlette(
        routes=[
            *mcp_routes(sessions),
            *admission_routes(guard, engine.auditing),
            *metadata_routes(guard.issuer),
            *http_routes(engine, guard, metrics),
            *web_routes(engine, guard),
        ],
        middleware=[
            Middleware(ArrivalMiddleware, metrics=metrics),
            *outer,
            Middleware(GuardMiddleware, guard=guard),
            Middleware(EndingMiddleware, ending=ending),
        ],
        exception_handlers=refusals(engine, guard),
        lifespan=lifespan,
    )
