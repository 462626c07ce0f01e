"""What one connection may do: how much it may say, how slowly, and how many there may be beside it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from workspace_server.app.serving import Server
from workspace_server.core.limits import KIB, LIMITS, MIB

pytestmark = pytest.mark.anyio

HEAD = b"Host: x\r\n"
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
SMALL = replace(LIMITS, target_bytes_max=256, headers_max=8, head_bytes_max=2 * KIB, pipelined_max=2)
"""Small bounds of size, with as much time as in life: nobody is cut off for the machine's being slow."""
HASTY = replace(SMALL, slow_window_s=0.2)
"""Ends who sends a body too slowly, or does not read, soon; only who waits for that comes here."""
IMPATIENT = replace(SMALL, head_s=0.2)
"""Ends who does not send a head, soon."""
PIECE = bytes(64 * KIB)


class Door:
    """A server of one small application: what it was told, and where it listens."""

    def __init__(self) -> None:
        self.port = 0
        self.went_away = asyncio.Event()
        self.sent_bytes = 0
        self.asked = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def echo(self, request: Request) -> Response:
        try:
            size = len(await request.body())
        except ClientDisconnect:
            self.went_away.set()
            raise
        return PlainTextResponse(f"{size} bytes", headers={"x-seen": str(len(request.headers))})

    async def endless(self, _: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield PIECE
                    self.sent_bytes += len(PIECE)
                    await asyncio.sleep(0)
            finally:
                self.went_away.set()

        return StreamingResponse(pieces())

    async def waiting(self, _: Request) -> Response:
        self.asked.set()
        await self.goes_on.wait()
        return PlainTextResponse("waited")

    async def connect(self, received: int | None = None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        made = socket.socket()
        if received is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, received)
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", self.port))
        return await asyncio.open_connection(sock=made)

    async def ask(self, *said: bytes) -> tuple[int, Any]:
        """Say all that, and return the status and the refusal, once the server has closed the connection."""
        reader, writer = await self.connect()
        for part in said:
            writer.write(part)
        answer = await reader.read()
        writer.close()
        return int(answer.split(b" ", 2)[1]), json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


@asynccontextmanager
async def door(**bounds: Any) -> AsyncIterator[Door]:
    served = Door()
    app = Starlette(
        routes=[
            Route("/", served.echo, methods=["GET", "POST"]),
            Route("/endless", served.endless),
            Route("/waiting", served.waiting),
        ]
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served.port = listener.getsockname()[1]
        server = Server(app, log_level="critical", **{"limits": SMALL, **bounds})
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await server.answers(serving)
        try:
            yield served
        finally:
            server.should_exit = True
            served.goes_on.set()
            await serving


async def all_of(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the server ends the connection, in whatever way."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        (b"GET /" + b"x" * 300 + b" HTTP/1.1\r\n" + HEAD + b"\r\n", 414, "too_large"),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"A: b\r\n" * 8 + b"\r\n", 431, "too_large"),
        (
            b"GET / HTTP/1.1\r\n" + HEAD + b"A: " + b"x" * 1_500 + b"\r\nB: " + b"x" * 1_500 + b"\r\n\r\n",
            431,
            "too_large",
        ),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"Connection: upgrade\r\nUpgrade: WebSocket\r\n\r\n", 400, "invalid_argument"),
        (b"POST / HTTP/1.1\r\n" + HEAD + H2C + b"Content-Length: 2\r\n\r\nab", 400, "invalid_argument"),
        (
            b"POST / HTTP/1.1\r\n" + HEAD + H2C + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            400,
            "invalid_argument",
        ),
        (b"GET http://evil.example/ HTTP/1.1\r\n" + HEAD + b"\r\n", 400, "invalid_argument"),
        (b"GET http://x@evil.example?/ HTTP/1.1\r\n" + HEAD + b"\r\n", 400, "invalid_argument"),
        (b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "invalid_argument"),
        (
            b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "invalid_argument",
        ),
        (
            b"POST / HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Agent: ada\r\n\r\n",
            400,
            "invalid_argument",
        ),
        *(
            (b"POST / HTTP/1.1\r\n" + HEAD + one + b"\r\n\r\n1\r\na\r\n0\r\n\r\n", 400, "invalid_argument")
            for one in (
                b"Transfer-Encoding: gzip, chunked",
                b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
                b"Transfer-Encoding: chunked, chunked",
            )
        ),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "invalid_argument"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "invalid_argument"),
    ],
)
async def test_a_request_beyond_a_bound_is_refused_and_its_connection_ended(
    served: Door, said: bytes, status: int, code: str
) -> None:
    answered, refusal = await served.ask(said)
    assert (answered, refusal["code"]) == (status, code)


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[Door]:
    async with door() as one:
        yield one


@pytest.fixture(scope="module")
async def hasty() -> AsyncIterator[Door]:
    async with door(limits=HASTY) as one:
        yield one


@pytest.mark.parametrize(
    "said",
    [
        b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 9\r\n\r\nslow",
        b"POST / HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
    ],
)
async def test_a_body_that_comes_too_slowly_is_refused_and_its_connection_ended(hasty: Door, said: bytes) -> None:
    status, refusal = await hasty.ask(said)
    assert (status, refusal["code"], refusal["reason"]) == (408, "unavailable", "slow")


async def test_a_request_at_the_bounds_is_answered(served: Door) -> None:
    reader, writer = await served.connect()
    headers = HEAD + b"Connection: close\r\n" + b"A: b\r\n" * 5 + b"B: " + b"x" * 1_900 + b"\r\n"
    writer.write(b"GET /?" + b"x" * 254 + b" HTTP/1.1\r\n" + headers + b"\r\n")
    answer = await reader.read()
    writer.close()
    assert b" 200 " in answer
    assert b"x-seen: 8" in answer


@pytest.mark.parametrize("extra", [b"", b"Content-Length: 0\r\n"])
async def test_who_offers_another_protocol_is_answered_in_this_one(served: Door, extra: bytes) -> None:
    """And on a connection of its own, as the parser reads on it no more: so do curl and Java begin by themselves."""
    reader, writer = await served.connect()
    writer.write(b"GET http://X/?a=http://y/ HTTP/1.1\r\n" + HEAD + H2C + extra + b"\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer


async def test_headers_that_trickle_in_end_the_connection() -> None:
    async with door(limits=IMPATIENT) as served:
        reader, writer = await served.connect()
        writer.write(b"GET / HTTP/1.1\r\n")
        ended = asyncio.create_task(all_of(reader))
        while not ended.done():
            writer.write(b"A")
            await asyncio.wait([ended], timeout=0.05)
        assert (await ended)[:13] in (b"HTTP/1.1 408 ", b"")  # nothing when what was yet said met a closed connection
        writer.close()


async def test_a_connection_that_asks_nothing_is_ended_without_an_answer() -> None:
    async with door(limits=IMPATIENT) as served:
        reader, writer = await served.connect()
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize("begun", [b"A: ", b"A", b"Transfer-Encoding: chunked\r\n\r\n1;", b"A: b\r\n" * 4 + b"A: "])
async def test_a_part_that_has_no_end_is_not_collected(begun: bytes) -> None:
    async with door(limits=replace(LIMITS, head_bytes_max=SMALL.head_bytes_max)) as served:
        reader, writer = await served.connect()
        writer.write(b"POST / HTTP/1.1\r\n" + HEAD + begun)
        ended = asyncio.create_task(all_of(reader))
        sent_bytes = 0
        while not ended.done():
            writer.write(b"x" * KIB)
            sent_bytes += KIB
            await asyncio.wait([ended], timeout=0.001)
        assert sent_bytes < 16 * MIB
        assert (await ended)[:13] in (b"HTTP/1.1 431 ", b"")
        writer.close()


async def test_what_read_a_body_is_told_that_it_ends(hasty: Door) -> None:
    hasty.went_away.clear()
    await hasty.ask(b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 9\r\n\r\nslow")
    await asyncio.wait_for(hasty.went_away.wait(), 30)


async def test_who_does_not_read_an_answer_is_ended_and_little_was_kept_for_it(hasty: Door) -> None:
    hasty.went_away.clear()
    hasty.sent_bytes = 0
    reader, writer = await hasty.connect(received=4 * KIB)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(b"GET /endless HTTP/1.1\r\n" + HEAD + b"\r\n")
    await asyncio.wait_for(hasty.went_away.wait(), 30)
    assert hasty.sent_bytes < 16 * MIB
    writer.transport.abort()
    assert reader.exception() is None


async def test_requests_wait_in_line_on_a_connection_up_to_a_bound(served: Door) -> None:
    one = b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n"
    last = b"GET / HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n\r\n"
    reader, writer = await served.connect()
    writer.write(one * 2 + last)
    assert (await reader.read()).count(b"HTTP/1.1 200 ") == 3
    writer.close()
    reader, writer = await served.connect()
    writer.write(one * 4 + last)
    assert b"HTTP/1.1 200 " not in await reader.read()
    writer.close()


async def test_a_connection_that_rests_makes_room_and_one_at_work_does_not() -> None:
    async with door(most=2, limits=LIMITS) as served:
        resting, busy = await served.connect(), await served.connect()
        busy[1].write(b"GET /waiting HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n\r\n")
        await asyncio.wait_for(served.asked.wait(), 30)
        served.asked.clear()
        third = await served.connect()
        assert await resting[0].read() == b""
        third[1].write(b"GET /waiting HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n\r\n")
        await asyncio.wait_for(served.asked.wait(), 30)
        status, refusal = await served.ask()
        assert (status, refusal["code"], refusal["reason"]) == (503, "unavailable", "full")
        served.goes_on.set()
        for reader, _ in (busy, third):
            assert b"waited" in await reader.read()
        for _, writer in (resting, busy, third):
            writer.close()


async def test_one_address_has_fewer_places_than_all_together() -> None:
    async with door(most=9, most_of_one=1, limits=LIMITS) as served:
        busy = await served.connect()
        busy[1].write(b"GET /waiting HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n\r\n")
        await asyncio.wait_for(served.asked.wait(), 30)
        assert (await served.ask())[0] == 503
        served.goes_on.set()
        assert b"waited" in await busy[0].read()
        busy[1].close()
