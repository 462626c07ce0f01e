"""Coming in by a share link: what it shows, and that it shows nothing else."""

import re
from typing import Any

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.browser.staging import PIXEL
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller
from workspace_server.core.pace import Pace
from workspace_server.core.scopes import ALL

pytestmark = pytest.mark.anyio

OWNER = Caller(agent="owner", scope=ALL)
SECRETS = ("reports", "atlas", "ana", "secret", "/files/", "/api/", "history", "Activity", "<script", "first draft")
"""What tells of the workspace around what is shared."""


async def share(served: Listening, path: str, **how: Any) -> str:
    made = await served.engine.links.create_link(OWNER, path=path, **how)
    return str(made["url"]).removeprefix(served.url)


def links_of(html: str) -> list[str]:
    return re.findall(r'(?:href|src|action)="([^"]*)"', html)


async def test_a_shared_file_is_shown_and_nothing_around_it(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    text = "# Plan\n\n![a](pic.png) [next](other.md) [up](../secret.md) [top](/secret.md) [web](https://a.example/)\n"
    await hand.write("reports/plan.md", text, message="first draft")
    await hand.write("reports/pic.png", PIXEL)
    await hand.write("reports/other.md", "x")
    address = await share(served, "reports/plan.md")
    page = await reader.get(address)

    assert page.status_code == 200
    assert "<h1><bdi>plan.md</bdi></h1>" in page.text
    assert [word for word in SECRETS if word in page.text] == []
    assert "[image: a]" in page.text
    leading = {one for one in links_of(page.text) if not one.startswith(("/static/", "#"))}
    assert leading == {f"{address}?view=source", f"{address}?raw=1&amp;download=1", "https://a.example/"}
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"].startswith("noindex")
    assert page.headers["cache-control"] == "no-store"
    assert "script-src" not in page.headers["content-security-policy"]
    assert "set-cookie" not in page.headers

    raw = await reader.get(f"{address}?raw=1")
    assert (raw.text, raw.headers["cache-control"]) == (text, "no-store")
    assert "sandbox" in raw.headers["content-security-policy"]
    assert "etag" not in raw.headers
    part = await reader.get(f"{address}?raw=1", headers={"range": "bytes=2-5"})
    assert (part.status_code, part.text) == (206, "Plan")
    assert (await reader.get(f"{address}?raw=1", headers={"range": "bytes=9999-"})).status_code == 416
    assert "Plan" in (await reader.get(f"{address}?view=source")).text


async def test_a_shared_folder_shows_what_is_in_it_with_its_images(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("reports/in/plan.md", "![a](../pic.png) [next](deep/b.md) [out](../../secret.md)\n")
    await hand.write("reports/pic.png", PIXEL)
    await hand.write("reports/in/deep/b.md", "deep\n")
    await hand.write("secret.md", "x\n")
    address = await share(served, "reports")
    top = (await reader.get(address)).text
    assert f'href="{address}/in"' in top
    assert f'href="{address}/pic.png"' in top

    html = (await reader.get(f"{address}/in/plan.md")).text
    assert f'src="{address}/pic.png?raw=1"' in html
    assert f'href="{address}/in/deep/b.md"' in html
    assert "secret" not in html
    picture = await reader.get(f"{address}/pic.png?raw=1")
    assert (picture.content, picture.headers["content-type"]) == (PIXEL, "image/png")
    assert f'href="{address}"' in html, "the way up ends at what is shared"


KINDS = [
    ("a.csv", b"name,price\nalpha,1.5\n", "<table"),
    ("a.json", b'{"name": "alpha"}', "alpha"),
    ("a.py", b"x = 1\n", 'class="source"'),
    ("a.png", PIXEL, "raw=1"),
    ("a.html", b"<p>alpha<script>alert(1)</script></p>", "part=framed"),
    ("a.bin", b"\0\1", "No preview"),
    ("a.txt", b"", "This file is empty"),
    ("a.mp3", b"ID3\x04", "<audio"),
    ("a.ipynb", b'{"cells": [{"cell_type": "markdown", "source": "[x](/secret.md) alpha"}]}', "alpha"),
]
"""A file's name, its bytes, and a sign that it is shown."""


async def test_every_kind_of_file_is_shown_without_an_address_of_the_workspace(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    for name, content, sign in KINDS:
        await hand.write(f"reports/{name}", content)
        address = await share(served, f"reports/{name}")
        page = await reader.get(address)

        assert page.status_code == 200
        assert sign in page.text
        assert [word for word in SECRETS if word in page.text] == []
        assert all(one.startswith(("/static/", "#", address)) for one in links_of(page.text))
        for part in {one.replace("&amp;", "&") for one in links_of(page.text) if one.startswith(address)}:
            answer = await reader.get(part)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"


async def test_a_pinned_link_shows_what_stood_there(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("in/a.md", "old words\n")
    file, folder = (
        await share(served, "in/a.md", version=1),
        await share(served, "in", as_of_seq=served.engine.head_seq),
    )
    await hand.write("in/a.md", "new words\n")
    await hand.write("in/b.md", "later\n")

    for address in (file, f"{folder}/a.md"):
        html = (await reader.get(address)).text
        assert "old words" in html
        assert "new words" not in html
        assert (await reader.get(f"{address}?raw=1")).text == "old words\n"
    assert "b.md" not in (await reader.get(folder)).text
    assert (await reader.get(f"{folder}/b.md")).status_code == 404


async def test_what_leads_nowhere_is_told_in_the_same_words_whatever_it_was(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("in/a.md", "x\n")
    await hand.write("secret.md", "x\n")
    folder, file = await share(served, "in"), await share(served, "in/a.md")
    nowhere = [
        "/s/", "/s/x", f"/s/{'A' * 32}", f"/s/{'A' * 32}/a.md",
        f"{folder}/b.md", f"{folder}/../secret.md", f"{folder}/%2e%2e/secret.md", f"{folder}/..%2fsecret.md",
        f"{folder}/%ff", f"{folder}/a.md/b", f"{folder}?cursor=nonsense", f"{folder}/.workspace/workspace.db",
        f"{file}/a.md", f"{file}?part=nonsense", f"{file}?line=x",
    ]  # fmt: skip
    pages = {}
    for target in nowhere:
        status, answer = await served.raw("GET", target)
        assert status == 404, target
        pages[target] = answer.partition("\r\n\r\n")[2]
    assert len(set(pages.values())) == 1

    await served.engine.files.delete_file(OWNER, path="in/a.md")
    ended = [(await reader.get(address)).text for address in (file, folder)]
    await served.engine.links.revoke_link(OWNER, link="S1")
    ended.append((await reader.get(f"{folder}/a.md")).text)
    assert len(set(ended)) == 1
    assert "This link has ended" in ended[0]
    assert "<bdi>Share link</bdi>" in ended[0]
    assert (await reader.get(folder)).status_code == 410


async def test_it_is_for_reading_only_from_our_own_name(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "x\n")
    address = await share(served, "a.md")
    for method in ("POST", "PUT", "DELETE"):
        assert (await reader.request(method, address)).status_code == 405
    assert (await reader.head(address)).status_code == 200
    assert (await reader.get(address, headers={"host": "evil.example"})).status_code == 403


async def test_pages_and_downloads_count_as_opened(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("in/a.md", "x\n")
    address = await share(served, "in")
    for target in ("", "/a.md", "/a.md?raw=1&download=1", "/a.md?raw=1"):
        await reader.get(address + target)

    (listed,) = (await served.engine.links.list_links(OWNER))["links"]
    assert listed["opened"] == 3


async def test_guessing_is_slowed_down(
    served: Listening, reader: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_and_hardly_more = Pace(most_per_second=1, per_second=1e-9, left=1, at_s=served.engine.clock.boot_s())
    monkeypatch.setattr(served.engine.links, "_misses", one_and_hardly_more)
    answers = [await reader.get(f"/s/{'A' * 32}") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [404, 429]
    assert answers[-1].headers["retry-after"] == "1"


async def test_a_fault_of_ours_says_nothing_either(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hand.write("a.md", "x\n")
    address = await share(served, "a.md")

    async def fail(*_: object) -> None:
        raise RuntimeError("secret.md")

    monkeypatch.setattr(served.engine.links, "content", fail)
    page = await reader.get(address)

    assert page.status_code == 503
    assert "secret" not in page.text
