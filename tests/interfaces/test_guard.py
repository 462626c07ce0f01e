"""Who gets through the one guard of all doors, and under which name."""

from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from workspace_server.core.access import Caller
from workspace_server.errors import Forbidden, InvalidArgument, Unauthenticated
from workspace_server.interfaces.doorway import GuardMiddleware
from workspace_server.interfaces.guard import Guard

KEY = "k" * 43


def connection(*, query: str = "", method: str = "GET", **headers: str) -> HTTPConnection:
    sent = {"host": "127.0.0.1:8765"} | {name.replace("_", "-"): value for name, value in headers.items()}
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    return HTTPConnection({"type": "http", "method": method, "headers": raw, "query_string": query.encode()})


def addressed(host: str, origin: str | None = None) -> Headers:
    return Headers({"host": host} | ({"origin": origin} if origin else {}))


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST", "[::1]:8765", "[::1]", "localhost:1"]
)
def test_loopback_names_are_ours_on_every_port(host: str) -> None:
    Guard().check_address(addressed(host))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "127.0.0.1.evil.example",
        "localhost.",
        "x@127.0.0.1",
        "127.0.0.1/x",
        "[::1",
        "",
    ],
)
def test_a_foreign_name_that_resolves_to_us_is_refused(host: str) -> None:
    with pytest.raises(Forbidden) as refusal:
        Guard().check_address(addressed(host))
    assert refusal.value.facts["reason"] == "host"


def test_a_request_needs_one_host_and_only_one() -> None:
    for raw in ([], [(b"host", b"127.0.0.1"), (b"host", b"evil.example")]):
        with pytest.raises(Forbidden) as refusal:
            Guard().check_address(Headers(raw=raw))
        assert "`Host` once" in str(refusal.value.hint)


def test_the_bound_address_is_ours_but_a_wildcard_is_the_name_of_none() -> None:
    Guard(hosts=["192.0.2.7"]).check_address(addressed("192.0.2.7:8765"))
    Guard(hosts=["2001:db8::1"]).check_address(addressed("[2001:db8::1]:8765"))
    with pytest.raises(Forbidden):
        Guard(hosts=["0.0.0.0"]).check_address(addressed("0.0.0.0:8765"))  # noqa: S104


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8765", "http://localhost:8765", "http://[::1]:8765"])
def test_our_own_pages_may_call(origin: str) -> None:
    Guard().check_address(addressed("127.0.0.1:8765", origin))


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "http://127.0.0.1:9999",
        "http://localhost",
        "file://",
        "https://[::1",
        "ftp://localhost",
    ],
)
def test_pages_of_others_may_not_call(origin: str) -> None:
    with pytest.raises(Forbidden) as refusal:
        Guard().check_address(addressed("127.0.0.1:8765", origin))
    assert refusal.value.facts["reason"] == "origin"


def test_the_public_address_is_ours_behind_a_proxy() -> None:
    guard = Guard(public_url="https://files.example")
    guard.check_address(addressed("files.example", "https://files.example"))
    guard.check_address(addressed("127.0.0.1:8765", "https://files.example"))
    with pytest.raises(Forbidden):
        guard.check_address(addressed("files.example", "http://files.example:8080"))


def test_a_name_comes_from_meta_then_header_then_query() -> None:
    def named(meta: dict[str, Any] | None = None, **given: str) -> str:
        return Guard().admit(connection(**given), door="mcp", meta=meta).agent

    assert named({"workspace/agent": "m"}, x_agent="h", query="agent=q") == "m"
    assert named(x_agent="h", query="agent=q") == "h"
    assert named(query="agent=crew/q") == "crew/q"
    assert named() == "anonymous"


def test_the_query_names_nobody_where_it_holds_arguments() -> None:
    assert Guard().admit(connection(query="agent=alice"), door="http").agent == "anonymous"


def test_ids_come_from_meta_or_the_header() -> None:
    guard = Guard()
    assert guard.admit(connection(idempotency_key="r-1"), door="http").request_id == "r-1"
    caller = guard.admit(connection(), door="mcp", meta={"workspace/requestId": "r-2", "workspace/cause": "F3"})
    assert (caller.request_id, caller.cause) == ("r-2", "F3")
    for bad in ("", "x" * 129, 7, "a\nb"):
        with pytest.raises(InvalidArgument):
            guard.admit(connection(), door="mcp", meta={"workspace/requestId": bad})


def test_what_a_caller_works_for_may_come_as_its_trace() -> None:
    guard, trace = Guard(), f"00-{'4' * 32}-{'5' * 16}-01"
    assert guard.admit(connection(traceparent=trace), door="http").cause == trace
    assert guard.admit(connection(), door="mcp", meta={"traceparent": trace}).cause == trace
    named = {"workspace/cause": "F3", "traceparent": trace}
    assert guard.admit(connection(traceparent=trace), door="mcp", meta=named).cause == "F3"
    for odd in ("", "00", "x" * 500, 7):
        assert guard.admit(connection(), door="mcp", meta={"traceparent": odd}).cause is None


def is_admin(caller: Caller) -> bool:
    return caller.may("admin")


def test_admin_needs_the_key_and_a_wrong_one_is_told() -> None:
    guard = Guard(admin_key=KEY)
    assert is_admin(guard.admit(connection(x_admin_key=KEY), door="http"))
    assert not is_admin(guard.admit(connection(), door="http"))
    with pytest.raises(Unauthenticated):
        guard.admit(connection(x_admin_key="wrong"), door="http")
    with pytest.raises(Unauthenticated):
        Guard().admit(connection(x_admin_key=""), door="http")


def test_a_ticket_gives_the_browsers_cookie_once() -> None:
    guard = Guard(admin_key=KEY)
    ticket = guard.new_ticket()
    value = guard.redeem(ticket)
    assert value is not None
    assert guard.redeem(ticket) is None
    cookie = f"{guard.cookie_name}={value}"
    assert is_admin(guard.admit(connection(cookie=cookie), door="web"))
    assert not is_admin(guard.admit(connection(cookie=f"{guard.cookie_name}=x"), door="web"))


def test_the_cookie_changes_nothing_for_a_page_that_does_not_say_who_it_is() -> None:
    guard = Guard(admin_key=KEY)
    cookie = f"{guard.cookie_name}={guard.redeem(guard.new_ticket())}"
    assert not is_admin(guard.admit(connection(cookie=cookie, method="POST"), door="web"))
    assert is_admin(guard.admit(connection(cookie=cookie, method="POST", origin="http://127.0.0.1:8765"), door="web"))


@pytest.mark.anyio
async def test_the_middleware_answers_with_the_refusal_before_anything_looks() -> None:
    async def app(scope, receive, send) -> None:
        raise AssertionError("never reached")

    sent: list[dict[str, Any]] = []

    async def send(message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "headers": [(b"host", b"evil.example")]}
    await GuardMiddleware(app, Guard())(scope, None, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 403
    assert b'"code":"forbidden"' in sent[1]["body"]
