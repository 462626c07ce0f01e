"""Tokens over HTTP."""

import anyio
import httpx2
import pytest

from tests.interfaces.listening import ADMIN_KEY, Listening
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL

pytestmark = pytest.mark.anyio
ADMIN = {"X-Admin-Key": ADMIN_KEY}


async def test_a_token_is_made_listed_used_and_revoked(served: Listening, client: httpx2.AsyncClient) -> None:
    wanted = {"agent": "crew", "crew": True, "allow": ["read,write:docs/**"], "expires_in_seconds": 3600}
    made = await client.post("/tokens", json=wanted, headers=ADMIN)
    assert made.status_code == 201
    proof = {"Authorization": f"Bearer {made.json()['token']}"}
    (listed,) = (await client.get("/tokens", headers=ADMIN)).json()["tokens"]
    assert (listed["agent"], listed["crew"], listed["state"]) == ("crew", True, "live")
    assert "token" not in listed

    assert (await client.put("/files/docs/a.md", content=b"one\n", headers=proof)).is_success
    assert (await client.put("/files/a.md", content=b"one\n", headers=proof)).status_code == 403
    history = (await client.get("/files/docs/a.md:history", headers=proof)).json()
    assert history["versions"][0]["by"] == "crew/ana"
    assert (await client.get("/tokens", headers=proof)).status_code == 403

    gone = await client.delete(f"/tokens/{listed['id']}", headers=ADMIN)
    assert gone.json() == {"id": listed["id"], "state": "revoked"}
    assert (await client.get("/files/docs/a.md", headers=proof)).status_code == 401


async def test_an_answer_is_given_again_to_a_token_that_grants_the_same(
    served: Listening, client: httpx2.AsyncClient
) -> None:
    boss = Caller(agent="boss", scope=ALL)
    first, same, less = [
        {"Authorization": f"Bearer {made['token']}", "Idempotency-Key": "1"}
        for allow in ("all:**", "all:**", "all:open/**")
        for made in [await served.engine.tokens.create_token(boss, agent="ana", allow=[allow])]
    ]
    for path in ("open/a.md", "secret/a.md"):
        await client.put(f"/files/{path}", content=b"x", headers={**first, "Idempotency-Key": path})
    asked = {"agent": "ana", "since": "1h"}
    done = await client.post("/undo", json=asked, headers=first)
    assert [one["path"] for one in done.json()["files"]] == ["open/a.md", "secret/a.md"]
    again = await client.post("/undo", json=asked, headers=same)
    assert again.json()["replayed"]
    other = await client.post("/undo", json=asked, headers=less)
    assert other.json()["error"]["code"] == "invalid_argument"
    assert "secret" not in other.text


async def test_what_makes_no_token_is_refused(client: httpx2.AsyncClient) -> None:
    for wrong in ({"agent": ""}, {"agent": "ann", "allow": ["**"]}, {"agent": "ann", "expires_in_seconds": 1}):
        assert (await client.post("/tokens", json=wrong, headers=ADMIN)).status_code == 400
    assert (await client.post("/tokens", json={"agent": "ann"})).status_code == 403
    assert (await client.delete("/tokens/nothing", headers=ADMIN)).status_code == 404


async def test_an_open_stream_ends_with_its_token(served: Listening) -> None:
    boss = Caller(agent="boss", scope=ALL)
    made = await served.engine.tokens.create_token(boss, agent="ann", allow=["read:open/**"])
    headers = {"authorization": f"Bearer {made['token']}", "accept": "text/event-stream"}
    async with (
        httpx2.AsyncClient(base_url=served.url) as reading,
        reading.stream("GET", "/api/v1/events", headers=headers) as stream,
    ):
        lines = stream.aiter_lines()
        for path in ("secret.md", "open/a.md"):
            await served.engine.files.write_file(boss, path=path, content="x")
        with anyio.fail_after(60):
            while "open/a.md" not in (line := await anext(lines)):
                assert "secret.md" not in line
            await served.engine.tokens.revoke_token(boss, token=made["id"])
            await served.engine.files.write_file(boss, path="open/b.md", content="x")
            assert not [line async for line in lines if "open/b.md" in line]
