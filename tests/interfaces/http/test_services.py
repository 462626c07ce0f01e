"""Locks, search, facts, triggers, deliveries, queues and jobs over HTTP."""

import httpx2
import pytest

pytestmark = pytest.mark.anyio


async def test_a_lock_is_taken_seen_renewed_and_released(client: httpx2.AsyncClient) -> None:
    taken = await client.post("/locks", json={"paths": ["a.md", "dir/"], "ttl_seconds": 60, "purpose": "review"})
    handle = taken.json()["lock"]
    seen = (await client.get("/locks", headers={"X-Agent": "bo"})).json()["locks"]
    mine = (await client.get("/locks?mine=true&path=a.md")).json()["locks"]
    refused = await client.post("/locks", json={"paths": ["dir/x.md"]}, headers={"X-Agent": "bo"})
    renewed = await client.patch(f"/locks/{handle}", json={"ttl_seconds": 600})
    released = await client.delete(f"/locks/{handle}")
    again = await client.delete(f"/locks/{handle}")

    assert taken.status_code == 201
    assert [("lock" in lock, lock["agent"], lock["purpose"]) for lock in seen] == [(False, "ana", "review")]
    assert [lock["lock"] for lock in mine] == [handle]
    assert (refused.status_code, refused.json()["error"]["agent"]) == (423, "ana")
    assert 590 < renewed.json()["expires_in_seconds"] <= 600
    assert released.status_code == 200
    assert (again.status_code, again.json()["error"]["code"]) == (409, "lock_lost")


async def test_what_a_file_says_is_found_with_its_place(client: httpx2.AsyncClient) -> None:
    put = await client.put("/files/a.md", content=b"# Widget\n\nprice: 19 EUR\n")
    seq = put.json()["seq"]
    hits = (await client.get("/search", params={"query": "price", "min_seq": seq})).json()
    exact = (await client.get("/search", params={"query": "19 EUR", "mode": "exact"})).json()
    facts = (await client.get("/facts", params={"key": "price", "min_seq": seq})).json()

    assert [hit["path"] for hit in hits["hits"]] == ["a.md"]
    assert [(hit["path"], hit["start_line"]) for hit in exact["hits"]] == [("a.md", 3)]
    assert [(fact["path"], fact["start_line"], fact["quote"]) for fact in facts["facts"]] == [
        ("a.md", 3, "price: 19 EUR")
    ]


async def test_a_saved_file_becomes_a_job_that_one_agent_does(client: httpx2.AsyncClient) -> None:
    made = await client.post(
        "/triggers",
        json={"name": "edit", "files": ["draft.md"], "queue": "editor", "settle": "immediate", "instructions": "Edit."},
    )
    await client.put("/files/draft.md", content=b"x")
    claimed = await client.post("/queues/editor:claim", json={"wait_seconds": 5}, headers={"X-Agent": "ed"})
    job = claimed.json()["job"]
    stranger = await client.post(f"/jobs/{job['job']}:finish", json={})
    finished = await client.post(f"/jobs/{job['job']}:finish", json={"note": "ok"}, headers={"X-Agent": "ed"})
    trigger = (await client.get("/triggers/edit")).json()
    listed = (await client.get("/triggers")).json()["triggers"]
    deleted = await client.delete("/triggers/edit")
    unknown = await client.get("/triggers/edit")

    assert made.status_code == 201, made.text
    assert (job["trigger"], job["instructions"], job["inputs"][0]["path"]) == ("edit", "Edit.", "draft.md")
    assert (stranger.status_code, stranger.json()["error"]["code"]) == (409, "job_lost")
    assert finished.json()["state"] == "done"
    assert trigger["fired"] == 1
    assert [one["trigger"] for one in listed] == ["edit"]
    assert deleted.status_code == 200
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")


async def test_a_job_is_added_once_per_key_and_an_empty_queue_gives_none(client: httpx2.AsyncClient) -> None:
    first = await client.post("/queues/q:add", json={"instructions": "Do it.", "key": "k"})
    second = await client.post("/queues/q:add", json={"instructions": "Do it.", "key": "k"})
    claimed = await client.post("/queues/q:claim")
    empty = await client.post("/queues/q:claim")

    assert first.status_code == 201
    assert first.json()["job"] == second.json()["job"] == claimed.json()["job"]["job"]
    assert "job" not in empty.json()


async def test_a_webhook_to_an_unlisted_host_waits_for_approval(client: httpx2.AsyncClient) -> None:
    made = await client.post("/triggers", json={"name": "out", "files": ["a.md"], "url": "https://hooks.example.com/x"})
    deliveries = await client.get("/deliveries?trigger=out")
    unknown = await client.post("/deliveries/msg_none:redeliver")

    assert made.json()["state"] == "needs_approval"
    assert made.json()["secret"].startswith("whsec_")
    assert deliveries.json()["deliveries"] == []
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")
