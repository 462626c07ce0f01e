"""What needs a person over HTTP: seen by all, decided by an admin alone."""

import httpx2
import pytest

from tests.interfaces.listening import ADMIN_KEY

pytestmark = pytest.mark.anyio

PROOF = {"X-Admin-Key": ADMIN_KEY, "X-Agent": "pat"}


async def ask(client: httpx2.AsyncClient) -> None:
    trigger = {"name": "publish", "files": ["draft.md"], "approval": "Publish it?", "settle": "immediate"}
    assert (await client.post("/triggers", json=trigger)).status_code == 201
    await client.put("/files/draft.md", content=b"one\n")


async def test_an_approval_is_seen_by_all_and_given_by_an_admin(client: httpx2.AsyncClient) -> None:
    await ask(client)
    [entry] = (await client.get("/attention")).json()["attention"]
    refused = await client.post(f"/attention/{entry['attention']}:approve", json={})
    await client.put("/files/draft.md?overwrite=true", content=b"two\n")
    [stale] = (await client.get("/attention")).json()["attention"]
    moved = await client.post("/attention/A1:approve", json={}, headers=PROOF)
    given = await client.post("/attention/A1:approve", json={"note": "go", "stale": True}, headers=PROOF)

    assert (entry["attention"], entry["kind"], entry["actions"]) == ("A1", "approval", ["approve", "deny"])
    assert (refused.status_code, refused.json()["error"]["verb"]) == (403, "admin")
    assert stale["stale"] == [{"path": "draft.md", "version": 1, "now": 2}]
    assert (moved.status_code, moved.json()["error"]["code"]) == (412, "conflict")
    assert given.json() == {"attention": "A1", "outcome": "approved", "stale": True}
    [granted] = (await client.get("/events?types=approval.granted&since_seq=0")).json()["events"]
    assert (granted["by"], granted["note"], granted["trigger"]) == ("pat", "go", "publish")


async def test_what_was_decided_is_looked_up(client: httpx2.AsyncClient) -> None:
    await ask(client)
    denied = await client.post("/attention/A1:deny", json={"note": "no"}, headers=PROOF)
    again = await client.post("/attention/A1:deny", headers=PROOF)
    [over] = (await client.get("/attention?ended=true&kind=approval")).json()["attention"]

    assert denied.json()["outcome"] == "denied"
    assert (again.status_code, again.json()["error"]["outcome"]) == (412, "denied")
    assert (await client.get("/attention/A1")).json() == over
    assert (over["outcome"], over["ended_by"], over["note"]) == ("denied", "pat", "no")
    assert (await client.get("/attention")).json() == {"attention": [], "open": {}, "open_by_trigger": {}}


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/attention/A9:dismiss", "not_found"),
        ("/attention/A1:dismiss", "invalid_argument"),
        ("/attention/A1:retry", "invalid_argument"),
    ],
)
async def test_what_nobody_can_do_is_refused(client: httpx2.AsyncClient, target: str, code: str) -> None:
    await ask(client)

    answer = await client.post(target, headers=PROOF)

    assert answer.json()["error"]["code"] == code


async def test_a_trigger_that_was_held_back_is_dismissed(client: httpx2.AsyncClient) -> None:
    trigger = {"name": "all", "files": ["*.md"], "queue": "q", "settle": "immediate", "rate_per_minute": 1}
    await client.post("/triggers", json=trigger)
    for name in ("a", "b"):
        await client.put(f"/files/{name}.md", content=b"one\n")
    [entry] = (await client.get("/attention?kind=suppressed")).json()["attention"]
    dismissed = await client.post(f"/attention/{entry['attention']}:dismiss", json={"note": "meant"}, headers=PROOF)

    assert entry["summary"] == "all was held back: it fires too often"
    assert dismissed.json() == {"attention": "A1", "outcome": "dismissed"}


async def test_a_kind_that_is_none_is_refused(client: httpx2.AsyncClient) -> None:
    unknown = await client.get("/attention?kind=boredom")

    assert (unknown.status_code, unknown.json()["error"]["argument"]) == (400, "kind")
