"""Whatever is sent, the answer is a refusal by code: never a fault, never anything outside touched."""

import json
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from tests.interfaces.listening import Listening
from workspace_server.core.limits import LIMITS

pytestmark = pytest.mark.anyio

HOSTILE = json.loads((Path(__file__).parents[2] / "data" / "hostile_paths.json").read_text())["paths"]
REFUSED = {400, 404, 409}
GUARDED = 403
"""A name that agents and tools obey unasked: an ordinary one to read, but not to write."""


async def test_every_hostile_path_is_treated_as_the_list_says(served: Listening) -> None:
    wrong = {}
    for entry in HOSTILE:
        if "setup" in entry:
            continue
        target = quote(entry["path"].encode("utf-8", "surrogatepass"), safe="/")
        put, _ = await served.raw("PUT", f"/api/v1/files/{target}", body=b"x")
        got, _ = await served.raw("GET", f"/api/v1/files/{target}")
        page, _ = await served.raw("GET", f"/files/{target}")
        described, _ = await served.raw("GET", f"/api/v1/files/{target}:describe")
        deleted, _ = await served.raw("DELETE", f"/api/v1/files/{target}")
        statuses = (put, got, page, described, deleted)
        refused = {put, got} <= REFUSED or put == GUARDED
        taken = statuses == (201, 200, 200, 200, 200)
        if max(statuses) >= 500 or not {"reject": refused, "accept": taken, "accept-but-escape": taken}.get(
            entry["expect"], refused or taken
        ):
            wrong[entry["id"]] = (entry["path"], entry["expect"], statuses)

    assert wrong == {}
    assert [path.name for path in served.engine.root.parent.iterdir()] == [served.engine.root.name]


async def test_a_path_that_is_not_utf8_is_refused_not_repaired(served: Listening) -> None:
    for target in ("%ff", "a%c3%28.md", "%ed%a0%80", "a/%80/b"):
        for method in ("GET", "PUT", "DELETE"):
            status, said = await served.raw(method, f"/api/v1/files/{target}", body=b"x" if method == "PUT" else b"")
            assert status == 400, target
            assert '"code":"invalid_path"' in said, target


async def test_a_path_is_decoded_once(served: Listening) -> None:
    twice, said = await served.raw("PUT", "/api/v1/files/a%252fb.md", body=b"x")
    slash, _ = await served.raw("PUT", "/api/v1/files/a%2Fb.md", body=b"x")
    listed, found = await served.raw("GET", "/api/v1/files?recursive=true")

    assert twice in {201, 400}, said
    assert (slash, listed) == (201, 200)
    assert '"path":"a/b.md"' in found


SENSELESS = [
    ("/files?max_tokens=many", "max_tokens"),
    ("/files?max_tokens=-1", "max_tokens"),
    ("/files?max_tokens=1", "max_tokens"),
    ("/files?colour=red", "colour"),
    ("/files?path=a&path=b", "path"),
    ("/files?path=%ff", "query"),
    ("/files?cursor=nonsense", "cursor"),
    ("/files?recursive=perhaps", "recursive"),
    ("/files/a.md?version=99999999999999999999999", "version"),
    ("/files/a.md:history?limit=0", "limit"),
    ("/files/a.md:diff", "from"),
    ("/events?limit=0", "limit"),
    ("/events?limit=100000", "limit"),
    ("/events?wait_seconds=1000", "wait_seconds"),
    ("/events?since_seq=-5", "since_seq"),
    ("/events?types=file.invented", "types"),
    ("/search", "query"),
    ("/search?query=x&mode=psychic", "mode"),
    ("/search?query=" + "x" * 5000, "query"),
    ("/facts?kind=gossip", "kind"),
    ("/deliveries?limit=100000", "limit"),
    ("/deliveries?state=lost", "state"),
]


async def test_an_argument_that_makes_no_sense_is_named(client: httpx2.AsyncClient) -> None:
    for target, argument in SENSELESS:
        answer = await client.get(target)

        assert answer.status_code == 400, (target, answer.text)
        assert (answer.json()["error"]["code"], answer.json()["error"]["argument"]) == ("invalid_argument", argument), (
            target
        )


BODIES = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"\xff\xfe",
    b'{"a":' * 2000,
    b'{"unknown": 1}',
    b'{"edits": [{"old_text": 1, "new_text": 2}]}',
    b'{"edits": []}',
    b'{"edits": [{"old_text": "a", "new_text": "\\ud800"}]}',
    b'{"to": 7}',
    b'{"to": "../x"}',
    b'{"to": "b.md", "expect_version": true}',
    b'{"to": "b.md", "expect_version": 99999999999999999999}',
    b'{"changes": [{"op": "explode", "path": "a"}]}',
    b'{"changes": [{"op": "write", "path": "a", "content": "!", "encoding": "base64"}]}',
    b'{"paths": ["["]}',
    b'{"paths": [""], "ttl_seconds": 1e400}',
    b'{"paths": ["a"], "ttl_seconds": -1}',
    b'{"paths": [{"pattern": "a"}]}',
    b'{"instructions": "x", "inputs": ["../../etc/passwd"]}',
    b'{"instructions": "x", "inputs": [{"path": "a.md", "version": 400}]}',
    b'{"name": "x", "files": ["a"], "queue": "q", "url": "http://127.0.0.1/"}',
    b'{"name": "x", "files": ["{a}{b}"], "queue": "q"}',
    b'{"name": "x", "files": ["a"], "queue": "q", "settle": {"quiet_ms": 99999999999}}',
    b'{"name": "x", "files": ["a"], "url": "file:///etc/passwd"}',
    b'{"name": "x", "files": ["a"], "url": "http://[::1"}',
    b'{"outcome": "boredom"}',
    b'{"visibility_seconds": -1}',
    b'{"delay_seconds": 1e30}',
]
CALLS = [
    ("PATCH", "/files/a.md"),
    ("POST", "/files/a.md:move"),
    ("POST", "/files/a.md:copy"),
    ("POST", "/files/absent.md:restore"),
    ("POST", "/commits"),
    ("POST", "/locks"),
    ("PATCH", "/locks/L1-abcd"),
    ("POST", "/triggers"),
    ("POST", "/queues/q:add"),
    ("POST", "/queues/a%20b:claim"),
    ("POST", "/jobs/J1:finish"),
    ("POST", "/jobs/J1:log"),
    ("POST", "/jobs/nothing:revive"),
    ("POST", "/deliveries/%00:redeliver"),
    ("POST", "/attention/A1:approve"),
]


@pytest.mark.parametrize(("method", "target"), CALLS)
async def test_no_body_makes_a_fault(client: httpx2.AsyncClient, method: str, target: str) -> None:
    await client.put("/files/a.md", content=b"one\n")
    for body in BODIES:
        answer = await client.request(method, target, content=body)
        assert answer.status_code < 500, (body, answer.text)
        if answer.status_code >= 400:
            error = answer.json()["error"]
            assert {"code", "message", "hint", "retryable"} <= set(error)


async def test_a_message_that_is_not_utf8_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.put("/files/a.md", content=b"x", headers={b"X-Message": b"na\xefve"})

    assert (answer.status_code, answer.json()["error"]["argument"]) == (400, "X-Message")


async def test_a_body_beyond_the_bound_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/commits", content=b" " * (17 * 1024 * 1024))

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


async def test_json_is_nested_so_deep_and_no_deeper(served: Listening, client: httpx2.AsyncClient) -> None:
    most = LIMITS.json_depth_max
    for depth in (most, most + 1, 100_000):
        answer = await client.post("/locks", content=b"[" * depth + b"]" * depth)
        refusal = answer.json()["error"]
        assert (answer.status_code, refusal["code"]) == (400, "invalid_argument")
        assert ("recursion limit" in refusal["message"]) == (depth > most)
    accepted = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    modern = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list"}
    for headers in (accepted, accepted | modern):
        deep = b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":' + b'{"x":' * 100_000
        answer = await client.post(f"{served.url}/mcp", content=deep, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32700)


async def test_an_announced_size_beyond_the_bound_is_refused_at_once(served: Listening) -> None:
    status, said = await served.raw("PUT", "/api/v1/files/huge.bin", f"Content-Length: {1 << 40}")

    assert status == 413
    assert '"code":"too_large"' in said


async def test_an_unknown_address_is_refused_like_everything(served: Listening) -> None:
    for target in ("/nothing", "/files/a.md:explode", "/locks/a/b", "/jobs/J1", "/", "/openapi"):
        status, said = await served.raw("POST", f"/api/v1{target}", body=b"{}")

        assert status in {404, 405}, target
        assert '"error":{"code":' in said, target


async def test_a_method_that_is_not_there_says_which_are(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/files/a.md", json={})

    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PATCH, PUT"
    refusal = answer.json()["error"]
    assert (refusal["code"], refusal["argument"]) == ("invalid_argument", "method")
    assert refusal["hint"] == "Use one of: DELETE, GET, HEAD, PATCH, PUT."


async def test_a_page_of_another_site_is_refused_at_this_door_too(client: httpx2.AsyncClient) -> None:
    foreign = await client.put("/files/a.md", content=b"x", headers={"Origin": "https://evil.example"})
    rebound = await client.get("/files", headers={"Host": "evil.example"})

    assert (foreign.status_code, foreign.json()["error"]["code"]) == (403, "forbidden")
    assert (rebound.status_code, rebound.json()["error"]["code"]) == (403, "forbidden")


async def test_a_name_that_is_none_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/files", headers={"X-Agent": "no spaces"})

    assert (answer.status_code, answer.json()["error"]["argument"]) == (400, "agent")


async def test_a_fault_of_ours_tells_an_id_and_nothing_else(
    served: Listening, client: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    del served.engine.listing
    answer = await client.get("/files")
    error = answer.json()["error"]

    assert (answer.status_code, error["code"]) == (500, "internal")
    assert "listing" not in answer.text
    assert error["request_id"] in caplog.text
