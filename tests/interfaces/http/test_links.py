"""Share links over HTTP."""

import httpx2
import pytest

from tests.interfaces.listening import ADMIN_KEY, Listening

pytestmark = pytest.mark.anyio

ADMIN = {"X-Admin-Key": ADMIN_KEY}


async def test_a_link_is_made_listed_and_revoked(served: Listening, client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"one\n")
    made = await client.post("/links", json={"path": "a.md", "version": 1, "note": "for bo"}, headers=ADMIN)
    assert made.status_code == 201
    assert made.json()["url"].startswith(f"{served.url}/s/")

    (listed,) = (await client.get("/links?path=a.md")).json()["links"]
    assert (listed["link"], listed["path"], listed["version"], listed["state"]) == ("S1", "a.md", 1, "open")
    assert "url" not in listed

    assert (await client.delete("/links/S1", headers=ADMIN)).json() == {"link": "S1", "state": "revoked"}
    assert (await client.delete("/links/S9", headers=ADMIN)).status_code == 404


async def test_whoever_may_not_administrate_makes_none(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"one\n")

    assert (await client.post("/links", json={"path": "a.md"})).status_code == 403
    assert (await client.delete("/links/S1")).status_code == 403
    assert (await client.post("/links", json={"path": "b.md"}, headers=ADMIN)).status_code == 404
    assert (
        await client.post("/links", json={"path": "a.md", "expires_in_seconds": 1}, headers=ADMIN)
    ).status_code == 400


async def test_the_answer_to_a_repeated_request_lacks_the_address(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"one\n")
    once = {**ADMIN, "Idempotency-Key": "once"}
    first = await client.post("/links", json={"path": "a.md"}, headers=once)
    again = await client.post("/links", json={"path": "a.md"}, headers=once)

    assert "url" in first.json()
    assert (again.json()["link"], again.json()["replayed"], "url" in again.json()) == ("S1", True, False)
