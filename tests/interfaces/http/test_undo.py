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


async def test_the_files_are_listed_and_read_as_of_an_earlier_seq(client: httpx2.AsyncClient) -> None:
    await put(client, "a.md", b"first\n")
    then = await put(client, "b.md", b"b\n")
    await put(client, "a.md", b"second\n")
    await client.delete("/files/b.md")

    listed = (await client.get("/files", params={"as_of_seq": then})).json()
    read = await client.get("/files/a.md", params={"as_of_seq": then})
    head = await client.head("/files/b.md", params={"as_of_seq": then})
    early = await client.get("/files/b.md", params={"as_of_seq": 1})
    late = await client.get("/files", params={"as_of_seq": 10**6})
    both = await client.get("/files/a.md", params={"as_of_seq": 1, "version": 1})

    assert [(row["path"], row["version"]) for row in listed["files"]] == [("a.md", 1), ("b.md", 1)]
    assert listed["seq"] == then
    assert (read.text, read.headers["etag"]) == ("first\n", '"1"')
    assert "immutable" in read.headers["cache-control"]
    assert (head.status_code, head.headers["content-length"]) == (200, "2")
    assert early.status_code == 404
    assert [answer.status_code for answer in (late, both)] == [400, 400]
    assert late.json()["error"]["argument"] == "as_of_seq"
