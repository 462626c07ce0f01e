"""Locks, search, facts, triggers, deliveries, queues and jobs over HTTP."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.interfaces.listening import ADMIN_KEY, Listening

pytestmark = pytest.mark.anyio


async def standing(client: httpx2.AsyncClient, count: int) -> list[dict[str, Any]]:
    """Return the line for locks once so many wait in it."""
    line: list[dict[str, Any]] = []
    for _ in range(1_000):
        line = (await client.get("/locks")).json()["waiting"]
        if len(line) == count:
            return line
        await asyncio.sleep(0.01)
    raise AssertionError(line)


async def test_a_wait_for_a_lock_ends_with_the_lock_or_with_a_place(client: httpx2.AsyncClient) -> None:
    lock = (await client.post("/locks", json={"paths": ["a.md"], "ttl_seconds": 60})).json()["lock"]
    asked = {"paths": ["a.md"], "wait_seconds": 1}
    late = await client.post("/locks", json=asked, headers={"X-Agent": "bo"})
    assert (late.status_code, late.json()["error"]["queue_position"]) == (423, 1)
    assert "wait_seconds=50" in late.json()["error"]["hint"]
    waiting = asyncio.create_task(client.post("/locks", json=asked | {"wait_seconds": 50}, headers={"X-Agent": "bo"}))
    line = await standing(client, 1)
    assert (line[0]["agent"], line[0]["paths"]) == ("bo", ["a.md"])
    await client.delete(f"/locks/{lock}")
    assert (await waiting).status_code == 201


async def test_a_client_that_goes_away_leaves_the_line(served: Listening, client: httpx2.AsyncClient) -> None:
    await client.post("/locks", json={"paths": ["a.md"]})
    body = b'{"paths": ["a.md", "b.md"], "wait_seconds": 50}'
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = f"POST /api/v1/locks HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    await standing(client, 1)
    assert (await client.post("/locks", json={"paths": ["b.md"]})).status_code == 423
    writer.close()
    await writer.wait_closed()
    await standing(client, 0)
    assert (await client.post("/locks", json={"paths": ["b.md"]})).status_code == 201


async def test_a_lock_is_broken_by_its_name_with_the_verb_admin_only(client: httpx2.AsyncClient) -> None:
    lock = (await client.post("/locks", json={"paths": ["a.md"]})).json()["lock"]
    name = (await client.get("/locks")).json()["locks"][0]["name"]
    refused = await client.delete(f"/locks/{name}?note=why", headers={"X-Agent": "bo"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    assert lock.startswith(f"{name}-")


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
    regex = (await client.get("/search", params={"query": "^price: [0-9]+", "mode": "regex"})).json()
    facts = (await client.get("/facts", params={"key": "price", "min_seq": seq})).json()

    assert [hit["path"] for hit in hits["hits"]] == ["a.md"]
    for answer in (exact, regex):
        assert [(hit["path"], hit["start_line"]) for hit in answer["hits"]] == [("a.md", 3)]
    assert [(fact["path"], fact["start_line"], fact["quote"]) for fact in facts["facts"]] == [
        ("a.md", 3, "price: 19 EUR")
    ]


async def test_a_contradiction_is_dismissed_by_an_admin_alone(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"# Widget\n\nheight: 19 m\n")
    seq = (await client.put("/files/b.md", content=b"# Widget\n\nheight: 20 m\n")).json()["seq"]
    [conflict] = (await client.get("/facts", params={"key": "height", "min_seq": seq})).json()["conflicts"]
    asked = {**conflict, "values": [value["value"] for value in conflict["values"]]}
    listed = (await client.get("/facts:conflicts")).json()["conflicts"]
    refused = await client.post("/facts:dismiss", json=asked)
    wrong = await client.post("/facts:dismiss", json={**asked, "values": ["a"] * 5})
    past = (await client.get("/facts", params={"key": "height", "as_of_seq": 0})).json()

    assert [(one["key"], [said["quote"] for said in one["values"]]) for one in listed] == [
        ("height", ["height: 19 m", "height: 20 m"])
    ]
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    assert (wrong.status_code, wrong.json()["error"]["argument"]) == (400, "values")
    assert (past["facts"], past["complete"]) == ([], True)


async def test_every_field_of_a_trigger_may_be_given_flat(client: httpx2.AsyncClient) -> None:
    given = {
        "name": "votes",
        "on": ["file.created", "file.updated"],
        "files": ["votes/*.md", {"path": "votes/[all].md"}],
        "not_files": ["votes/old.md"],
        "mode": "all",
        "refire": "any",
        "count": 2,
        "distinct_agents": 2,
        "agents": ["crew/*"],
        "media_types": ["text/*"],
        "max_bytes": 1_000,
        "hold_max_seconds": 60,
        "indexed": True,
        "within_seconds": 3_600,
        "on_timeout": "fire_partial",
        "concurrency": 2,
        "queue": "count",
    }
    made = await client.post("/triggers", json=given)
    trigger = (await client.get("/triggers/votes")).json()
    never = await client.post("/triggers", json={**given, "name": "never", "distinct_agents": 3})
    unknown = await client.post("/triggers", json={**given, "name": "odd", "fliter": 1})

    assert made.status_code == 201, made.text
    assert {name: trigger[name] for name in given if name != "name"} == {
        name: value for name, value in given.items() if name != "name"
    }
    assert (never.status_code, never.json()["error"]["argument"]) == (400, "distinct_agents")
    assert (unknown.status_code, unknown.json()["error"]["argument"]) == (400, "fliter")


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


async def test_a_client_that_goes_away_while_it_waits_gets_no_job(
    served: Listening, client: httpx2.AsyncClient
) -> None:
    await client.post("/queues/q:add", json={"instructions": "Do it."})
    await client.post("/queues/q:claim")
    body = b'{"wait_seconds": 50}'
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = f"POST /api/v1/queues/q:claim HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    await waiting(client, 1)
    writer.close()
    await writer.wait_closed()
    await waiting(client, 0)
    await client.post("/queues/q:add", json={"instructions": "Do that."})
    assert (await client.post("/queues/q:claim")).json()["job"]["attempt"] == 1


async def waiting(client: httpx2.AsyncClient, count: int) -> None:
    """Return once so many wait for a job of the queue `q`."""
    while (await client.get("/queues")).json()["queues"][0]["waiting"] != count:
        pass


async def test_a_job_is_added_once_per_key_and_an_empty_queue_gives_none(client: httpx2.AsyncClient) -> None:
    first = await client.post("/queues/q:add", json={"instructions": "Do it.", "key": "k"})
    second = await client.post("/queues/q:add", json={"instructions": "Do it.", "key": "k"})
    claimed = await client.post("/queues/q:claim")
    empty = await client.post("/queues/q:claim")

    assert first.status_code == 201
    assert first.json()["job"] == second.json()["job"] == claimed.json()["job"]["job"]
    assert "job" not in empty.json()


async def test_queues_jobs_and_their_logs_are_seen_and_a_failed_job_gets_a_second_chance(
    client: httpx2.AsyncClient,
) -> None:
    ed = {"X-Agent": "ed"}
    await client.post("/queues/q:add", json={"instructions": "Do it."})
    await client.post("/queues/q:claim", json={"session": "s"}, headers=ed)
    written = await client.post("/jobs/J1:log", json={"attempt": 1, "text": "so far"}, headers=ed)
    foreign = await client.post("/jobs/J1:log", json={"attempt": 1, "text": "mine"})
    await client.post("/jobs/J1:finish", json={"outcome": "failed", "note": "no"}, headers=ed)
    log = (await client.get("/jobs/J1:log")).json()
    shown = (await client.get("/jobs/J1")).json()
    revived = (await client.post("/jobs/J1:revive")).json()
    queues = (await client.get("/queues")).json()["queues"]
    listed = (await client.get("/jobs?queue=q&state=queued&limit=1")).json()
    refused = await client.get("/jobs?state=maybe")
    unknown = await client.get("/jobs/J7")

    assert written.json() == {"job": "J1", "state": "claimed"}
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (409, "job_lost")
    assert (log["log"], log["attempt"], log["agent"]) == ("so far", 1, "ed")
    assert (shown["state"], shown["note"], shown["logs"]) == ("failed", "no", [1])
    assert revived == {"job": "J1", "state": "queued"}
    assert [(row["queue"], row["queued"]) for row in queues] == [("q", 1)]
    assert [job["job"] for job in listed["jobs"]] == ["J1"]
    assert (refused.status_code, refused.json()["error"]["argument"]) == (400, "state")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")


async def test_a_webhook_to_an_unlisted_host_waits_for_approval(client: httpx2.AsyncClient) -> None:
    made = await client.post("/triggers", json={"name": "out", "files": ["a.md"], "url": "https://hooks.example.com/x"})
    deliveries = await client.get("/deliveries?trigger=out")
    unknown = await client.post("/deliveries/msg_none:redeliver")

    assert made.json()["state"] == "needs_approval"
    assert made.json()["secret"].startswith("whsec_")
    assert deliveries.json()["deliveries"] == []
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")


async def test_deliveries_are_sent_again_and_endpoints_enabled_over_http(client: httpx2.AsyncClient) -> None:
    await client.post("/triggers", json={"name": "waits", "files": ["a.md"], "url": "https://hooks.example.com/x"})
    since = await client.post("/deliveries:redeliver", json={"since": "1h"})
    endpoints = await client.get("/endpoints")
    unknown = await client.get("/deliveries/msg_none")
    enabled = await client.post("/endpoints/E99:enable")
    tested = await client.post("/triggers/waits:send_test")
    rotated = await client.post("/triggers/waits:rotate_secret", json={})

    assert (since.json()["redelivered"], since.json()["more"]) == (0, False)
    assert endpoints.json() == {"endpoints": []}
    assert (unknown.status_code, enabled.status_code, tested.status_code) == (404, 404, 403)
    assert rotated.json()["secret"].startswith("whsec_")


async def test_a_lifetime_out_of_bounds_is_told_the_bounds_at_once(client: httpx2.AsyncClient) -> None:
    for ttl_s in (-1, 3, 3601):
        answer = await client.post("/locks", json={"paths": ["a.md"], "ttl_seconds": ttl_s})
        assert (answer.status_code, answer.json()["error"]["message"]) == (400, "ttl_seconds must be 5 to 3600.")


@pytest.mark.parametrize("settle", ["soon", 5, ["immediate"], {"quiet_ms": "x"}, {"quiet": 1}])
async def test_a_pause_that_is_none_is_refused_in_one_sentence(client: httpx2.AsyncClient, settle: object) -> None:
    refused = await client.post("/triggers", json={"name": "x", "files": ["a"], "queue": "q", "settle": settle})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["argument"]) == (400, "invalid_argument", "settle")
    assert error["message"] in {
        'settle: must be "immediate" or {"quiet_ms": 750, "max_wait_ms": 5000}.',
        "settle: quiet_ms must be a whole number from 0 to 3600000.",
    }


async def test_many_triggers_are_listed_page_by_page(client: httpx2.AsyncClient) -> None:
    for name in ("a", "b", "c"):
        await client.post("/triggers", json={"name": name, "files": ["draft.md"], "queue": "q"})
    first = (await client.get("/triggers", params={"limit": 2})).json()
    assert ([one["trigger"] for one in first["triggers"]], first["next_cursor"]) == (["a", "b"], "b")
    rest = (await client.get("/triggers", params={"limit": 2, "cursor": "b"})).json()
    assert [one["trigger"] for one in rest["triggers"]] == ["c"]
    assert "next_cursor" not in rest


async def test_a_run_is_listed_and_told_step_by_step(client: httpx2.AsyncClient) -> None:
    await client.post("/triggers", json={"name": "e", "files": ["a.md"], "queue": "q", "settle": "immediate"})
    await client.put("/files/a.md", content=b"one")
    (listed,) = (await client.get("/runs")).json()["runs"]
    assert (listed["run"], listed["trigger"], listed["state"]) == ("F1", "e", "going")
    run = (await client.get("/runs/F1")).json()
    assert [(step["step"], step["kind"]) for step in run["steps"]] == [
        ("#1", "change"),
        ("F1", "firing"),
        ("J1", "job"),
    ]
    assert (await client.get("/runs/F2")).status_code == 404
    assert (await client.get("/runs", params={"trigger": "absent"})).status_code == 404


async def test_a_trigger_is_paused_changed_and_tried_on_the_past(client: httpx2.AsyncClient) -> None:
    await client.put("/files/drafts/a.md", content=b"one\n")
    await client.post("/triggers", json={"name": "edit", "files": ["drafts/*"], "queue": "editing"})
    paused = await client.post("/triggers/edit:pause", json={"note": "a rest"})
    shown = (await client.get("/triggers/edit")).json()
    changed = await client.patch("/triggers/edit", json={"settle": "immediate", "instructions": "Edit it."})
    still = (await client.get("/triggers/edit")).json()
    resumed = await client.post("/triggers/edit:resume")
    tried = (await client.post("/triggers/edit:test", json={"since_seq": 0})).json()
    new = (await client.post("/triggers:test", json={"files": ["other/*"], "queue": "q", "since_seq": 0})).json()
    reset = await client.patch("/triggers/edit", json={"instructions": None})

    assert paused.json() == {"trigger": "edit", "paused": True}
    assert (shown["state"], still["state"]) == ("paused", "paused")
    assert changed.json()["trigger"] == "edit"
    assert (still["settle"], still["instructions"]) == ("immediate", "Edit it.")
    assert resumed.json()["paused"] is False
    assert [one["inputs"] for one in tried["firings"]] == [[{"path": "drafts/a.md", "version": 1}]]
    assert (new["trigger"], new["firings"]) == ("rehearsed", [])
    assert reset.status_code == 200
    assert "instructions" not in (await client.get("/triggers/edit")).json()
    assert (await client.patch("/triggers/edit", json={"mode": "all"})).status_code == 400
    assert (await client.get("/triggers/edit")).json()["mode"] == "each", "a change that is refused changes nothing"


async def test_the_file_of_triggers_is_read_again_for_the_operator_alone(client: httpx2.AsyncClient) -> None:
    refused = await client.post("/triggers:reload")
    done = await client.post("/triggers:reload", headers={"X-Admin-Key": ADMIN_KEY})

    assert refused.status_code == 403
    assert done.json() == {"created": [], "changed": [], "deleted": []}
