"""One server process: it owns the folder, opens the engine and serves all faces on one address until told to end."""

import asyncio
import contextlib
import gc
import ipaddress
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.middleware import Middleware

from indexer.processes.in_processes import InProcesses
from indexer.remote.process import IndexInProcess
from workspace_server.app.admission import routes as admission_routes
from workspace_server.app.connections import BoundedProtocol
from workspace_server.app.door import SOCKET_NAME, listening_socket
from workspace_server.app.ending import Ending, EndingMiddleware
from workspace_server.app.idling import Idling
from workspace_server.app.owner import Kind, OwnerRecord, Ownership, state_directory
from workspace_server.config import Settings
from workspace_server.core.limits import LIMITS, Limits
from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.core.places import Places
from workspace_server.errors import InvalidArgument, Unavailable
from workspace_server.interfaces.challenges import metadata_routes
from workspace_server.interfaces.doorway import GuardMiddleware
from workspace_server.interfaces.guard import LOOPBACK_NAMES, Guard
from workspace_server.interfaces.http.routes import routes as http_routes
from workspace_server.interfaces.mcp.server import WorkspaceMcp
from workspace_server.interfaces.mcp.streamable import SessionManager, mcp_routes
from workspace_server.interfaces.mcp.unix_socket import SocketDoor
from workspace_server.interfaces.web.routes import routes as web_routes
from workspace_server.interfaces.web.unknown import refusals
from workspace_server.services.engine import Engine
from workspace_server.storage.disk import filesystem
from workspace_server.storage.upkeep.new_folders import workspace_around

PORTS_TRIED = 100
"""How many ports above the default one are tried when it is taken."""
BACKLOG = 2_048
SWITCH_S = 0.0005
"""How long a thread that computes may keep the interpreter from others. A save takes it ten times and more, as each
statement and each system call lets it go: beside one such thread it took 17 to 27 ms with Python's own 5 ms, and 3 to 8
with this (2026-11-30)."""
DRAIN_S = 5
"""How long open requests may take once the server ends; streams are cut then."""

Announce = Callable[[OwnerRecord], None]


def run(root: Path, settings: Settings, *, kind: Kind = "serve", announce: Announce | None = None) -> None:
    """Own *root* and serve it until SIGTERM or SIGINT; return when all is drained.

    Args:
        announce: Called once the server answers, with where it does.

    Raises:
        Owned: Another server owns the folder.
        InvalidArgument: It is to listen where others than this machine could reach it.
        Unavailable: No port is free, the database is of a newer program, or the folder lies on a network file system.
    """
    if not _is_loopback(settings.host):
        raise InvalidArgument(
            f"{settings.host} can be reached from other machines, and nothing would ask callers who they are.",
            hint="Listen on 127.0.0.1, and let a proxy or a tunnel that checks callers lead there.",
            argument="host",
            reason="not a loopback address",
        )
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
        Ownership.take(root, kind) as own,
        listening(settings, kind, last=own.last_port) as listener,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        contextlib.suppress(asyncio.CancelledError),  # by a signal that came before the server answered
    ):
        # The code lives as long as the process: 136,000 objects that each full collection would look at again for 69 ms
        # in which nobody else runs (2026-11-30), and once more at the end.
        gc.freeze()
        sys.setswitchinterval(SWITCH_S)
        runner.run(_serve(root, settings, own, listener, announce))


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
            # Each connection has it from here. Without it the system takes 4 MB and more from the server for a reader
            # that takes nothing: two hundred of them kept everybody waiting for seconds (2026-12-01).
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LIMITS.unsent_bytes_max)
            yield listener
        return
    raise Unavailable(
        f"Nothing can listen on {settings.host} port {first}: {reason}.",
        hint="Choose another with --port, or --port 0 for any free one.",
    )


async def _serve(
    root: Path, settings: Settings, own: Ownership, listener: socket.socket, announce: Announce | None
) -> None:
    main = asyncio.current_task()
    assert main is not None
    _on_signals(main.cancel)
    async with (
        contextlib.aclosing(InProcesses(scratch=root / STATE_DIRECTORY / "extracting")) as extracting,
        Engine.open(root, settings=settings, extracting=extracting, open_index=IndexInProcess) as engine,
    ):
        port = listener.getsockname()[1]
        url = address(settings.host, port)
        engine.automation.listens_on(port)
        engine.folder.base_url = (settings.public_url or url).rstrip("/")
        engine.folder.local_url = url
        guard = Guard(
            admin_key=own.record.admin_key,
            hosts=[settings.host],
            public_url=settings.public_url,
            heard=engine.automation.terms.heard_of,
            tokens=engine.tokens,
            issuer=engine.issuer,
            refused=engine.auditing.refuse,
        )
        mcp = WorkspaceMcp(engine, guard)
        ending = Ending()
        server = Server(application(engine, guard, mcp, ending), log_level=settings.log_level)
        serving = asyncio.create_task(server.serve(sockets=[listener]))

        def end() -> None:
            ending.say()
            mcp.end_streams()
            server.should_exit = True

        _on_signals(end)
        await server.answers(serving)
        door = SocketDoor(engine, mcp)
        with listening_socket(state_directory(root)) as processes:
            connecting = asyncio.create_task(door.serve(processes))
            own.publish(url=url, socket=SOCKET_NAME)
            if announce is not None:
                announce(own.record)
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


def application(engine: Engine, guard: Guard, mcp: WorkspaceMcp, ending: Ending) -> Starlette:
    """Return the application of all faces over one engine."""
    sessions = SessionManager(mcp)

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
            *http_routes(engine, guard),
            *web_routes(engine, guard),
        ],
        middleware=[Middleware(GuardMiddleware, guard=guard), Middleware(EndingMiddleware, ending=ending)],
        exception_handlers=refusals(engine, guard),
        lifespan=lifespan,
    )


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _is_loopback(host: str) -> bool:
    if host in LOOPBACK_NAMES:
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def address(host: str, port: int) -> str:
    """Return the web address of what listens on *host* and *port*."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - shown, not bound
    return f"http://{shown}:{port}"


class Server(uvicorn.Server):
    """Uvicorn's server, ended by us: its own handlers would end the process by the signal, not with exit code 0."""

    def __init__(
        self, app: Starlette, *, log_level: str, most: int = 2_048, most_of_one: int = 1_024, limits: Limits = LIMITS
    ) -> None:
        places = Places[BoundedProtocol](most=most, most_of_one=most_of_one)
        super().__init__(
            uvicorn.Config(
                app,
                http=cast("type[asyncio.Protocol]", partial(BoundedProtocol, places=places, limits=limits)),
                ws="none",
                lifespan="on",
                log_level=log_level,
                access_log=False,
                timeout_graceful_shutdown=DRAIN_S,
                timeout_keep_alive=limits.keep_alive_s,
                server_header=False,
            )
        )

    @property
    def connected(self) -> int:
        """How many connections are open."""
        return len(self.server_state.connections)

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
