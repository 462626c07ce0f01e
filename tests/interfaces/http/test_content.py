"""The bytes of files over HTTP: what goes in comes out, in whole or in part, and cannot act in a browser."""

import asyncio
import os

import httpx2
import pytest

from tests.interfaces.listening import Listening

pytestmark = pytest.mark.anyio

TEN = b"0123456789"


async def test_what_is_put_is_what_is_got(client: httpx2.AsyncClient) -> None:
    put = await client.put("/files/notes/a.md", content=b"# A\n", headers={b"X-Message": "naïve".encode()})
    got = await client.get("/files/notes/a.md")

    assert put.status_code == 201
    assert put.json()["version"] == 1
    assert put.headers["etag"] == got.headers["etag"] == '"1"'
    assert put.headers["location"] == "/api/v1/files/notes/a.md"
    assert got.content == b"# A\n"
    assert got.headers["content-type"] == "text/markdown; charset=utf-8"


async def test_a_large_file_is_streamed_both_ways(client: httpx2.AsyncClient) -> None:
    content = os.urandom(5 * 1024 * 1024)

    async def pieces():
        for start in range(0, len(content), 100_000):
            yield content[start : start + 100_000]

    put = await client.put("/files/large.bin", content=pieces())
    got = await client.get("/files/large.bin")

    assert put.json()["size_bytes"] == len(content)
    assert got.content == content


async def test_an_empty_file_is_a_file(client: httpx2.AsyncClient) -> None:
    await client.put("/files/empty.txt", content=b"")
    got = await client.get("/files/empty.txt")

    assert (got.status_code, got.content, got.headers["content-length"]) == (200, b"", "0")


async def test_a_head_tells_what_a_get_would_bring(client: httpx2.AsyncClient) -> None:
    await client.put("/files/ten.txt", content=TEN)
    head = await client.head("/files/ten.txt")

    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "10")


@pytest.mark.parametrize(
    ("asked", "part", "told"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=5-5", b"5", "bytes 5-5/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
        ("bytes=-99", TEN, "bytes 0-9/10"),
    ],
)
async def test_a_part_can_be_asked_for(client: httpx2.AsyncClient, asked: str, part: bytes, told: str) -> None:
    await client.put("/files/ten.txt", content=TEN)
    got = await client.get("/files/ten.txt", headers={"Range": asked})

    assert (got.status_code, got.content, got.headers["content-range"]) == (206, part, told)


@pytest.mark.parametrize("asked", ["bytes=4-2", "bytes=0-1,3-4", "bytes=-", "lines=1-2", "bytes=x-y"])
async def test_a_range_that_is_none_brings_the_whole(client: httpx2.AsyncClient, asked: str) -> None:
    await client.put("/files/ten.txt", content=TEN)
    got = await client.get("/files/ten.txt", headers={"Range": asked})

    assert (got.status_code, got.content) == (200, TEN)


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
async def test_a_part_beyond_the_end_is_refused(client: httpx2.AsyncClient, asked: str) -> None:
    await client.put("/files/ten.txt", content=TEN)
    got = await client.get("/files/ten.txt", headers={"Range": asked})

    assert (got.status_code, got.headers["content-range"]) == (416, "bytes */10")


async def test_a_part_of_another_version_is_not_mixed_in(client: httpx2.AsyncClient) -> None:
    await client.put("/files/ten.txt", content=TEN)
    await client.put("/files/ten.txt?overwrite=true", content=b"abc")
    got = await client.get("/files/ten.txt", headers={"Range": "bytes=1-", "If-Range": '"1"'})

    assert (got.status_code, got.content) == (200, b"abc")


async def test_a_version_that_one_has_is_not_sent_again(client: httpx2.AsyncClient) -> None:
    await client.put("/files/ten.txt", content=TEN)
    same = await client.get("/files/ten.txt", headers={"If-None-Match": '"1"'})
    other = await client.get("/files/ten.txt", headers={"If-None-Match": '"7"'})

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", '"1"')
    assert other.status_code == 200


async def test_only_a_named_version_may_be_kept_by_caches(client: httpx2.AsyncClient) -> None:
    await client.put("/files/ten.txt", content=TEN)
    await client.put("/files/ten.txt?overwrite=true", content=b"abc")
    head = await client.get("/files/ten.txt")
    pinned = await client.get("/files/ten.txt?version=1")

    assert head.headers["cache-control"] == "no-store"
    assert "immutable" in pinned.headers["cache-control"]
    assert pinned.content == TEN


@pytest.mark.parametrize("name", ["page.html", "image.svg", "feed.xml", "page.xhtml", "code.js", "thing.pdf", "noname"])
async def test_what_could_act_is_saved_and_not_opened(client: httpx2.AsyncClient, name: str) -> None:
    await client.put(f"/files/{name}", content=b"<script>alert(1)</script>\0")
    got = await client.get(f"/files/{name}")

    assert got.headers["content-disposition"].startswith("attachment")
    assert got.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


async def test_no_content_can_act_wherever_it_is_opened(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"x")
    for headers in ({}, {"Range": "bytes=0-0"}, {"If-None-Match": '"1"'}):
        got = await client.get("/files/a.md", headers=headers)
        assert got.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["referrer-policy"] == "no-referrer"
        assert got.headers["x-dns-prefetch-control"] == "off"
        assert got.headers["cross-origin-resource-policy"] == "same-origin"


async def test_a_name_cannot_forge_a_header(client: httpx2.AsyncClient) -> None:
    name = 'a"; filename=x.html; y="ü.txt'
    await client.put(f"/files/{name}", content=b"x")
    got = await client.get(f"/files/{name}")

    expected = "inline; filename*=UTF-8''a%22%3B%20filename%3Dx.html%3B%20y%3D%22%C3%BC.txt"
    assert got.headers["content-disposition"] == expected


async def test_a_body_that_breaks_off_changes_nothing(served: Listening, client: httpx2.AsyncClient) -> None:
    # A length that never arrives: the connection is closed after four of ten bytes.
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    lines = ["PUT /api/v1/files/torn.txt HTTP/1.1", f"Host: 127.0.0.1:{served.port}", "Content-Length: 10", "", "0123"]
    writer.write("\r\n".join(lines).encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    await client.put("/files/after.txt", content=b"x")

    got = await client.get("/files/torn.txt")

    assert (got.status_code, got.json()["error"]["code"]) == (404, "not_found")


async def test_a_compressed_body_is_refused_not_stored(client: httpx2.AsyncClient) -> None:
    got = await client.put("/files/a.txt", content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})

    assert (got.status_code, got.json()["error"]["argument"]) == (400, "Content-Encoding")
