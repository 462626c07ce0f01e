"""Undo, and the past of the whole workspace, over HTTP."""

import httpx2
import pytest

from tests.interfaces.listening import Listening

pytestmark = pytest.mark.anyio


async def put(client: httpx2.AsyncClient, path: str, content: bytes, agent: str = "ana") -> int:
    answer = await client.put(f"/files/{path}?overwrite=true", content=content, headers={"X-Agent": agent})
    return int(answer.json()["seq"])


async def test_an_agent_takes_its_own_work_back(client: httpx2.AsyncClient) -> None:
    seq = await put(client, "a.md", b"old\n", "bo")
    await put(client, "a.md", b"new\n")
    await put(client, "made.md", b"made\n")

    tried = (await client.post("/undo", json={"agent": "ana", "since": seq, "dry_run": True})).json()
    done = (await client.post("/undo", json={"agent": "ana", "since": "1h", "path": "a.md"})).json()

    assert [one["did"] for one in tried["files"]] == ["restored", "deleted"]
    assert tried["dry_run"] is True
    assert done["files"] == [{"path": "a.md", "did": "restored", "version": 3, "restored_version": 1}]
    assert (await client.get("/files/a.md")).text == "old\n"
    assert (await client.get("/files/made.md")).status_code == 200


async def test_what_another_agent_did_is_taken_back_with_the_admins_key_only(
    served: Listening, client: httpx2.AsyncClient
) -> None:
    await put(client, "a.md", b"new\n", "bo")

    refused = await client.post("/undo", json={"agent": "bo", "since": 0})

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    assert (await client.get("/files/a.md")).status_code == 200


@pytest.mark.parametrize("body", [{}, {"agent": "ana"}, {"agent": "ana", "since": -1}, {"agent": "ana", "since": 1.5}])
async def test_an_undo_without_bounds_is_refused(client: httpx2.AsyncClient, body: dict[str, object]) -> None:
    refused = await client.post("/undo", json=body)

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_argument")
