"""Uploading by hand: what a form with files comes to, file by file."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from tests.interfaces.web.filling import Browser, forms
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.web.writing import uploads
from workspace_server.services import quotas

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")
BOUNDARY = "----boundary"


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


async def put(browser: Browser, *parts: bytes, to: str = "", end: bytes = END, token: str | None = None) -> None:
    """Send the form of the page with these parts, in small pieces, as they come over a slow line."""
    await browser.open(f"/upload?in={to}")
    proof = browser.form.fields["token"] if token is None else token
    body = b"".join([part("token", proof.encode()), part("message", b"from my desk"), *parts, end])

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 1 << 16 if len(body) > 1 << 20 else 7):
            yield body[at : at + (1 << 16 if len(body) > 1 << 20 else 7)]

    kind = f"multipart/form-data; boundary={BOUNDARY}"
    browser.page = await browser.http.post(browser.form.action, content=pieces(), headers={"content-type": kind})


async def stored(served: Listening, path: str) -> bytes:
    return await (await served.engine.files.open_content(ANA, path=path)).read()


async def test_files_and_folders_come_in_with_the_reason(served: Listening, owner: Browser) -> None:
    await put(
        owner,
        part("file", b"one\r\n\0\xff", "a.bin"),
        part("file", b"", "folder/ä b.md"),
        part("file", b"", ""),
        to="in",
    )

    assert owner.page.status_code == 200
    assert await stored(served, "in/a.bin") == b"one\r\n\0\xff"
    assert await stored(served, "in/folder/ä b.md") == b""
    newest = (await served.engine.files.file_history(ANA, path="in/a.bin"))["versions"][0]
    assert (newest["by"], newest["message"]) == ("owner", "from my desk")
    assert owner.page.text.count("is new") == 2


async def test_a_large_file_is_streamed(served: Listening, owner: Browser) -> None:
    large = bytes(range(256)) * (20 << 12)
    await put(owner, part("file", large, "large.bin"))

    assert (await served.engine.files.stat(ANA, path="large.bin"))["size_bytes"] == len(large)


async def test_each_file_is_refused_by_itself(served: Listening, owner: Browser, guest: Browser, hand: Hand) -> None:
    await hand.write("there.md", "theirs\n")
    await put(
        guest,
        part("file", b"up\n", "../up.md"),
        part("file", b"obey\n", "CLAUDE.md"),
        part("file", b"mine\n", "there.md"),
        part("file", b"new\n", "<b>.md"),
        part("file", b"new\n", "new.md"),
    )

    assert await stored(served, "new.md") == b"new\n"
    assert await stored(served, "there.md") == b"theirs\n"
    assert "workspace-server open" in guest.page.text
    assert "<b>" not in guest.page.text
    assert guest.page.text.count('class="tone-bad"') == 3


async def test_a_file_that_is_too_large_does_not_keep_the_next_one_out(
    served: Listening, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "LIMITS", replace(LIMITS, file_bytes_max=1_000))
    await put(owner, part("file", b"x" * 2_000, "large.bin"), part("file", b"small\n", "small.md"))

    assert await stored(served, "small.md") == b"small\n"
    assert owner.page.text.count('class="tone-bad"') == 1


async def test_what_is_there_is_replaced_by_a_click_and_without_a_second_upload(
    served: Listening, owner: Browser, hand: Hand
) -> None:
    await hand.write("a.md", "theirs\n")
    await put(owner, part("file", b"mine\r\n", "a.md"), to="")
    replacing = next(one for one in forms(owner.page.text) if one.action == "/replace")
    await hand.write("a.md", "theirs again\n")
    await owner.send(replacing)
    assert "has saved version 2; you were shown version 1" in owner.page.text

    await owner.send(next(one for one in forms(owner.page.text) if one.action == "/replace"))
    assert "was replaced" in owner.page.text
    assert await stored(served, "a.md") == b"mine\r\n"

    await put(owner, part("file", b"mine\r\n", "a.md"), to="")
    assert "is the same already" in owner.page.text


async def test_a_locked_file_is_replaced_once_its_lock_is_broken(served: Listening, owner: Browser, hand: Hand) -> None:
    await hand.write("a.md", "theirs\n")
    await served.engine.locks.lock_files(ANA, paths=["a.md"], purpose="mine")
    await put(owner, part("file", b"mine\n", "a.md"))
    replacing = next(one for one in forms(owner.page.text) if one.action == "/replace")
    await owner.send(replacing, sure="1")
    assert "exists at version 1" in owner.page.text

    await owner.send(next(one for one in forms(owner.page.text) if one.action == "/replace"))
    assert await stored(served, "a.md") == b"mine\n"


async def test_nothing_comes_in_that_no_page_of_ours_sent(served: Listening, owner: Browser) -> None:
    await put(owner, part("file", b"x", "a.md"), token="wrong")
    assert owner.page.status_code == 403
    owner.http.headers["content-type"] = f"multipart/form-data; boundary={BOUNDARY}"
    without = await owner.http.post("/upload", content=part("file", b"x", "a.md") + END)
    assert without.status_code == 403
    assert (await served.engine.listing.list_files(ANA, detail="full"))["files"] == []


BROKEN = [
    (part("file", b"x", "a.md"), b""),
    (b"--nonsense", END),
    (f"--{BOUNDARY}\r\nno header\r\n\r\n".encode(), END),
    (part("message", b"x" * 20_000), END),
    (part("message", b"\xff"), END),
    (part("file", b"x", "a.md").replace(b"a.md", b"\xff.md"), END),
]


async def test_a_broken_form_is_refused(owner: Browser) -> None:
    for rest, end in BROKEN:
        await put(owner, rest, end=end)

        assert "not a form with files" in owner.page.text
    without_parts = await owner.http.post("/upload", data={"token": "x"})
    assert without_parts.status_code == 400


async def test_one_form_takes_so_many_files_and_says_what_became_of_those(
    owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LIMITS", replace(LIMITS, uploaded_files_max=1))
    await put(owner, part("file", b"x", "a.md"), part("file", b"x", "b.md"))

    assert owner.page.status_code == 400
    assert "up to 1 files" in owner.page.text
    assert 'href="/files/a.md"><bdi>a.md</bdi></a><span class="version">v1' in owner.page.text


async def test_a_browser_that_goes_away_leaves_nothing_behind(served: Listening, owner: Browser) -> None:
    await owner.open("/upload?in=")
    begun = part("token", owner.form.fields["token"].encode()) + part("file", b"x" * 100, "a.md")
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = [
        "POST /upload HTTP/1.1",
        f"Host: 127.0.0.1:{served.port}",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
        f"Content-Length: {len(begun) + 100}",
    ]
    writer.write("\r\n".join([*head, "", ""]).encode() + begun[:-20])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    await owner.open("/")

    assert (await served.engine.listing.list_files(ANA, detail="full"))["files"] == []
