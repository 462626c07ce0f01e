"""Outgoing requests over real connections on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from workspace_server.core.limits import LIMITS
from workspace_server.delivery.guard import Policy, parse_allow
from workspace_server.delivery.sender import Sender, system_lookup

pytestmark = pytest.mark.anyio
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOOPBACK = Policy(allow_loopback=True)


@asynccontextmanager
async def receiver(handler: Handler) -> AsyncIterator[int]:
    """Serve *handler* on every path of a free loopback port."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    try:
        yield site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]  # a started site has sockets
    finally:
        await runner.cleanup()


async def answer_ok(request: web.Request) -> web.Response:
    return web.Response(text=f"{request.method} {(await request.read()).decode()}")


async def test_a_request_is_answered() -> None:
    async with receiver(answer_ok) as port, Sender(LOOPBACK) as sender:
        answer = await sender.post(f"http://127.0.0.1:{port}/hook", b"hello", {"webhook-id": "msg_1"})
    assert answer.delivered
    assert (answer.status, answer.excerpt, answer.failure) == (200, "POST hello", None)
    assert answer.latency_ms > 0


async def test_a_name_is_resolved_once_and_the_judged_address_is_the_one_connected_to() -> None:
    asked: list[str] = []

    async def lookup(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with receiver(answer_ok) as port, Sender(LOOPBACK, lookup=lookup) as sender:
        for _ in range(3):
            assert (await sender.post(f"http://rebinding.example:{port}/", b"", {})).delivered
    assert asked == ["rebinding.example"], "the connection is kept alive"


async def test_one_bad_answer_of_the_resolver_spoils_the_rest() -> None:
    async def lookup(host: str, port: int) -> list[str]:
        return ["127.0.0.1", "169.254.169.254"]

    async with receiver(answer_ok) as port, Sender(LOOPBACK, lookup=lookup) as sender:
        answer = await sender.post(f"http://mixed.example:{port}/", b"", {})
    assert (answer.failure, answer.status) == ("refused", None)
    assert "169.254.169.254" in answer.detail


async def test_a_literal_address_is_judged_although_nothing_is_resolved() -> None:
    async with receiver(answer_ok) as port, Sender(Policy()) as sender:
        for host in ("127.0.0.1", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"):
            assert (await sender.post(f"http://{host}:{port}/", b"", {})).failure == "refused", host
        for host in ("2130706433", "0x7f.1", "127.1", "0177.0.0.1"):
            assert (await sender.post(f"http://{host}:{port}/", b"", {})).status is None, host


async def test_a_name_that_leads_to_loopback_is_refused() -> None:
    async with receiver(answer_ok) as port, Sender(Policy()) as sender:
        assert (await sender.post(f"https://localhost:{port}/", b"", {})).failure == "refused"


async def test_our_own_port_is_refused_although_loopback_is_allowed() -> None:
    async with receiver(answer_ok) as port, Sender(Policy(allow_loopback=True, own_ports=frozenset({port}))) as sender:
        assert (await sender.post(f"http://localhost:{port}/", b"", {})).failure == "refused"


async def test_a_listed_host_is_reached_over_http() -> None:
    async def lookup(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    policy = Policy(allow=parse_allow(["hooks.lan"]))
    async with receiver(answer_ok) as port, Sender(policy, lookup=lookup) as sender:
        assert (await sender.post(f"http://hooks.lan:{port}/", b"", {})).delivered
        assert (await sender.post(f"http://other.lan:{port}/", b"", {})).failure == "refused"


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    seen: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=307, headers={"Location": "/inside"})

    async with receiver(redirect) as port, Sender(LOOPBACK) as sender:
        answer = await sender.post(f"http://127.0.0.1:{port}/hook", b"", {})
    assert (answer.status, answer.delivered, seen) == (307, False, ["/hook"])


async def test_no_more_of_an_answer_is_read_than_is_kept() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        except ConnectionResetError:
            return response

    async with receiver(endless) as port, Sender(LOOPBACK) as sender:
        answer = await sender.post(f"http://127.0.0.1:{port}/", b"", {})
    assert (answer.status, answer.excerpt) == (500, "x" * LIMITS.delivery_answer_bytes_max)

    async def full(_: web.Request) -> web.Response:
        return web.Response(text="y" * LIMITS.delivery_answer_bytes_max)

    async with receiver(full) as port, Sender(LOOPBACK) as sender:
        answer = await sender.post(f"http://127.0.0.1:{port}/", b"", {})
    assert answer.excerpt == "y" * LIMITS.delivery_answer_bytes_max


async def test_the_receivers_wish_to_be_asked_later_is_handed_on() -> None:
    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "7"})

    async with receiver(busy) as port, Sender(LOOPBACK) as sender:
        answer = await sender.post(f"http://127.0.0.1:{port}/", b"", {})
    assert (answer.status, answer.retry_after) == (429, "7")


async def test_nobody_there_is_a_failed_attempt() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with Sender(LOOPBACK) as sender:
            answer = await sender.post(f"http://127.0.0.1:{taken.getsockname()[1]}/", b"", {})
    assert (answer.failure, answer.status) == ("connection", None)


async def test_a_name_without_an_address_is_a_failed_attempt() -> None:
    async def lookup(host: str, port: int) -> list[str]:
        return []

    async with Sender(LOOPBACK, lookup=lookup) as sender:
        assert (await sender.post("https://nowhere.example/", b"", {})).failure == "connection"


async def test_a_name_that_nobody_answers_for_is_looked_up_once_and_ends_in_time() -> None:
    asked: list[str] = []

    async def lookup(host: str, port: int) -> list[str]:
        asked.append(host)
        if host == "silent.example":
            await asyncio.Event().wait()
        return ["127.0.0.1"]

    async with receiver(answer_ok) as port, Sender(LOOPBACK, lookup=lookup, connect_s=0.05) as sender:
        silent = [sender.post(f"http://silent.example:{port}/", b"", {}) for _ in range(5)]
        answers = await asyncio.gather(*silent, sender.post(f"http://there.example:{port}/", b"", {}))
    assert [one.failure for one in answers] == ["timeout"] * 5 + [None]
    assert sorted(asked) == ["silent.example", "there.example"]


async def test_a_look_up_that_fails_fails_for_all_who_wait_and_is_made_again_later() -> None:
    asked: list[str] = []

    async def lookup(host: str, port: int) -> list[str]:
        asked.append(host)
        await asyncio.sleep(0)
        raise OSError("no such name")

    async with Sender(LOOPBACK, lookup=lookup) as sender:
        for _ in range(2):
            posts = [sender.post("http://nowhere.example/", b"", {}) for _ in range(3)]
            assert {one.failure for one in await asyncio.gather(*posts)} == {"connection"}
    assert len(asked) == 2


async def test_a_receiver_that_never_answers_is_given_up_in_time() -> None:
    leave = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        await leave.wait()
        return web.Response()

    async with receiver(hang) as port, Sender(LOOPBACK, total_s=0.05) as sender:
        answer = await sender.post(f"http://127.0.0.1:{port}/", b"", {})
        leave.set()
    assert (answer.failure, answer.status) == ("timeout", None)


async def test_a_receiver_that_answers_drop_by_drop_is_given_up_in_time() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.01)

    async with receiver(drip) as port, Sender(LOOPBACK, total_s=0.1) as sender:
        assert (await sender.post(f"http://127.0.0.1:{port}/", b"", {})).failure == "timeout"


async def test_a_peer_that_accepts_no_connection_is_given_up_in_time() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = []
        for _ in range(8):  # what does not fit into its queue any more is neither taken nor refused
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(address)
            waiting.append(one)
        async with Sender(LOOPBACK, connect_s=0.1) as sender:
            answer = await sender.post(f"http://127.0.0.1:{address[1]}/", b"", {})
        for one in waiting:
            one.close()
    assert answer.failure == "timeout"


SPELLINGS = [
    *("2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.1", "0177.0.0.1", "127.0.0.1."),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
    *("[::1]", "[::]", "0.0.0.0", "0", "localhost", "LOCALHOST", "[fe80::1%25lo]"),  # noqa: S104 - judged, not bound
]


@pytest.mark.parametrize("host", SPELLINGS)
async def test_this_machine_is_not_reached_however_it_is_spelled(host: str) -> None:
    reached: list[str] = []

    async def inside(request: web.Request) -> web.Response:
        reached.append(request.host)
        return web.Response()

    async with receiver(inside) as port, Sender(Policy(), connect_s=1.0) as sender:
        answer = await sender.post(f"http://{host}:{port}/", b"", {})
    assert answer.status is None
    assert reached == []


@pytest.mark.parametrize("bad", ["169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "ff02::1"])
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_one_bad_address_among_good_ones_is_enough_wherever_it_stands(bad: str, place: int) -> None:
    async def lookup(host: str, port: int) -> list[str]:
        good = ["127.0.0.1", "127.0.0.1", "::1"]
        good[place] = bad
        return good

    async with receiver(answer_ok) as port, Sender(LOOPBACK, lookup=lookup) as sender:
        answer = await sender.post(f"http://mixed.example:{port}/", b"", {})
    assert answer.failure == "refused"
    assert bad in answer.detail


async def test_plain_text_where_tls_is_spoken_is_a_failed_attempt() -> None:
    async with receiver(answer_ok) as port, Sender(LOOPBACK) as sender:
        answer = await sender.post(f"https://127.0.0.1:{port}/", b"", {})
    assert answer.failure in {"tls", "connection"}


async def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with receiver(answer_ok) as port, Sender(LOOPBACK) as sender:
        assert (await sender.post(f"http://127.0.0.1:{port}/", b"", {})).delivered


async def test_an_attempt_that_is_cut_off_leaves_the_sender_usable() -> None:
    arrived, leave = asyncio.Event(), asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        arrived.set()
        await leave.wait()
        return web.Response()

    async with receiver(hang) as port, Sender(LOOPBACK) as sender:
        attempt = asyncio.ensure_future(sender.post(f"http://127.0.0.1:{port}/", b"", {}))
        await arrived.wait()
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        leave.set()
        assert (await sender.post(f"http://127.0.0.1:{port}/", b"", {})).delivered


async def test_the_systems_resolver_gives_numeric_addresses() -> None:
    assert set(await system_lookup("localhost", 80)) <= {"127.0.0.1", "::1"}
