"""Agents over HTTP: who works here, pauses at this door, and notes that ride in answers."""

import httpx2
import pytest

from tests.interfaces.listening import ADMIN_KEY, Listening
from workspace_server.interfaces.http.openapi import PREFIX

pytestmark = pytest.mark.anyio

ADMIN = {"X-Admin-Key": ADMIN_KEY, "X-Agent": "root"}


@pytest.fixture
async def plain(served: Listening) -> httpx2.AsyncClient:
    """A client that is not surprised by notes."""
    return httpx2.AsyncClient(base_url=served.url + PREFIX, headers={"X-Agent": "ana"})


async def test_who_works_here_is_listed_and_shown(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"one\n")
    await client.get("/files/a.md")
    await client.post("/agents/crew%2Fnode-1:note", json={"text": "welcome"}, headers=ADMIN)

    listed = (await client.get("/agents")).json()
    shown = (await client.get("/agents/ana")).json()

    assert {one["agent"] for one in listed["agents"]} == {"ana", "crew/node-1"}
    assert shown["written"]["versions"] == 1
    assert {one["tool"] for one in shown["tools"]} >= {"read_content", "put_content"}
    assert next(one["tokens"] for one in shown["tools"] if one["tool"] == "read_content") == 1
    assert (await client.get("/agents/crew%2Fnode-1")).json()["notes_open"] == 1
    assert (await client.get("/agents/nobody")).status_code == 404


async def test_a_paused_agent_is_refused_with_423_and_goes_on_when_it_is_resumed(client: httpx2.AsyncClient) -> None:
    await client.post("/agents/ana:pause", json={"note": "wrong sources"}, headers=ADMIN)

    refused = await client.put("/files/a.md", content=b"one\n")
    assert (refused.status_code, refused.json()["error"]["code"]) == (423, "paused")
    assert refused.json()["error"]["note"] == "wrong sources"

    assert (await client.post("/agents/ana:resume", headers=ADMIN)).json() == {"agent": "ana", "paused": False}
    assert (await client.put("/files/a.md", content=b"one\n")).status_code == 201


async def test_a_paused_workspace_lets_only_admins_change_things(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/workspace:pause")).status_code == 403
    await client.post("/workspace:pause", json={"note": "lunch"}, headers=ADMIN)

    assert (await client.put("/files/a.md", content=b"one\n")).status_code == 423
    assert (await client.put("/files/a.md", content=b"one\n", headers=ADMIN)).status_code == 201
    assert (await client.get("/files/a.md")).status_code == 200

    await client.post("/workspace:resume", headers=ADMIN)
    assert (await client.get("/agents")).json()["paused"] is None


async def test_a_note_rides_once_in_the_next_answer_in_json(plain: httpx2.AsyncClient) -> None:
    async with plain:
        await plain.put("/files/a.md", content=b"one\n")
        await plain.post("/agents/ana:note", json={"text": "Grüße"}, headers=ADMIN)

        bytes_ = await plain.get("/files/a.md")
        first, second = [(await plain.get("/locks")).json() for _ in range(2)]

    assert bytes_.content == b"one\n"
    assert (first["notice"]["from"], first["notice"]["text"]) == ("root", "Grüße")
    assert "notice" not in second


async def test_a_note_waits_for_an_answer_that_can_carry_it(plain: httpx2.AsyncClient) -> None:
    async with plain:
        await plain.put("/files/a.json", content=b'{"mine": 1}')
        await plain.post("/agents/ana:note", json={"text": "Look here"}, headers=ADMIN)

        for content in (await plain.get("/files/a.json"), await plain.get("/files/a.json?version=1")):
            assert (content.status_code, content.content) == (200, b'{"mine": 1}')
        assert (await plain.head("/files/a.json")).status_code == 200
        assert (await plain.head("/files/nowhere")).status_code == 404
        assert (await plain.get("/locks")).json()["notice"]["text"] == "Look here"


async def test_a_note_rides_in_a_refusal_as_well_and_is_acknowledged_by_a_request(plain: httpx2.AsyncClient) -> None:
    async with plain:
        left = {"text": "Look here", "acknowledge": True}
        note = (await plain.post("/agents/ana:note", json=left, headers=ADMIN)).json()["note"]

        refused = (await plain.put("/files/a.md", content=b"one\n")).json()["error"]
        assert refused["hint"].startswith(f'POST /api/v1/jobs/{note}:finish with {{"outcome": "done", "note": "…"}}')
        assert refused["notice"]["job"] == note

        done = await plain.post(f"/jobs/{note}:finish", json={"outcome": "done", "note": "seen"})
        assert done.json() == {"job": note, "state": "done"}
        assert (await plain.put("/files/a.md", content=b"one\n")).status_code == 201


async def test_no_call_shows_the_handle_of_a_lock(client: httpx2.AsyncClient) -> None:
    held = (await client.post("/locks", json={"paths": ["a.md"]})).json()["lock"]
    await client.patch(f"/locks/{held}", json={})

    assert held not in (await client.get("/agents/ana", headers={"X-Agent": "bob"})).text
