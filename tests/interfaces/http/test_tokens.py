"""Tokens over HTTP."""

import httpx2
import pytest

from tests.interfaces.listening import ADMIN_KEY, Listening

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


async def test_what_makes_no_token_is_refused(client: httpx2.AsyncClient) -> None:
    for wrong in ({"agent": ""}, {"agent": "ann", "allow": ["**"]}, {"agent": "ann", "expires_in_seconds": 1}):
        assert (await client.post("/tokens", json=wrong, headers=ADMIN)).status_code == 400
    assert (await client.post("/tokens", json={"agent": "ann"})).status_code == 403
    assert (await client.delete("/tokens/nothing", headers=ADMIN)).status_code == 404
