"""Hostile files, names and messages opened in every view: no script of theirs runs, and no request leaves the origin.

`looking` checks at the end of each test that nothing was asked of anybody else and no dialog was opened; a server on
another port hears whether anybody even connects to it, which no request of a page need tell.
"""

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page
from playwright.async_api import Error as BrowserError

from tests.interfaces.listening import Listening
from tests.interfaces.web.browser.looking import Look
from tests.interfaces.web.browser.staging import ANA
from tests.interfaces.web.browser.watching import Watch
from tests.interfaces.web.conftest import Hand
from tests.interfaces.web.hostile.contents import ACT, LIVE, NAMES, acting, contents
from tests.interfaces.web.hostile.listening import Somebody, somebody
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL

pytestmark = pytest.mark.anyio

VIEWS = ("", "?view=source", "?view=facts", "?diff=1..2")
SEEN_ONLY = ("photo.png", "polyglot.gif", "song.mp3", "pwned.js")
"""Of these there is only one view, or none that is unlike that of others."""
PARTS = (
    "page.html?version=2&part=framed",
    "page.xhtml?part=framed",
    "paper.pdf?part=page&page=1",
    "book.ipynb?part=output&cell=2&output=2",
    "book.ipynb?part=output&cell=2&output=3",
    "prose.md?view=blame",
    "code.py?view=blame",
)
PAGES = (
    "/files/bad/noname?view=history",
    "/files/bad/noname?version=1",
    "/files/bad/page.html?diff=1..2&layout=side",
    *(f"/files/bad/{name}?diff=1..2&form=rendered" for name in ("prose.md", "table.csv", "book.ipynb")),
    "/files/bad/page.html?view=source&q=script&found=1-9",
    "/",
    "/activity",
    "/facts?q=script",
    "/contradictions",
    "/search?q=script",
    "/search?q=script&mode=exact",
    "/search?q=%3Cscript%3Ealert(1)",
    "/undo?agent=ana&since=1h",
    "/edit?path=bad/page.html",
    "/delete?path=bad",
    "/links?path=bad/page.html",
)
OWNER = Caller(agent="owner", scope=ALL)
LOOKS = 30
SETTLED_MS = 1_500
"""A page that refreshes itself does so a second after it was opened."""


@pytest.fixture
async def other() -> AsyncIterator[Somebody]:
    async with somebody() as found:
        yield found


async def opened(page: Page, address: str) -> None:
    """Open *address*, which may also be a download."""
    try:
        await page.goto(address, wait_until="load")
    except BrowserError as error:
        assert "Download is starting" in error.message  # noqa: PT017 - the other outcome is the page itself
    assert await page.title() != "pwned", address


async def test_what_others_wrote_never_acts(
    served: Listening, hand: Hand, look: Look, watch: Watch, other: Somebody
) -> None:
    hostile = contents(other.url)
    for name, content in hostile.items():
        await hand.write(f"bad/{name}", content, message=f"<script>{ACT}</script>")
        await hand.write(f"bad/{name}", content + b"\n", message=f'"><img src={other.url}/message onerror={ACT}>')
    await served.engine.search.search(ANA, query="x", min_seq=served.engine.events.head_seq)
    page = await look("/files/bad", owner=True)
    links = [str(await link.get_attribute("href")) for link in await page.locator(".files a.kind-file").all()]
    assert {link.rpartition("/")[2] for link in links} == set(hostile)
    names = [link.rpartition("/")[2] for link in links]
    made = await served.engine.links.create_link(OWNER, path="bad")
    shared = made["url"].removeprefix(served.url)
    addresses = [
        f"/files/bad/{name}{view}" for name in names for view in (VIEWS if name not in SEEN_ONLY else VIEWS[:1])
    ]
    addresses += [f"{door}/{name}" for door in ("/api/v1/files/bad", shared) for name in names]
    addresses += [f"/files/bad/{part}" for part in PARTS]
    addresses += [shared, f"{shared}/page.html?raw=1", f"{shared}/image.svg?raw=1"]
    for address in [*addresses, *PAGES]:
        await opened(page, address)
        assert other.heard == [], address
    await page.wait_for_timeout(SETTLED_MS)
    watch.complaints.clear()  # each script that was kept from running is told to the console

    assert other.heard == []


async def test_a_name_that_others_chose_never_acts(served: Listening, hand: Hand, look: Look) -> None:
    for name in NAMES:
        await hand.write(f"bad/{name}", "# x\n", message=name)
    await served.engine.locks.lock_files(ANA, paths=[{"path": f"bad/{name}"} for name in NAMES], purpose=NAMES[0])
    page = await look("/files/bad")
    shown = await page.locator(".files a.kind-file bdi").all_inner_texts()
    links = [str(await link.get_attribute("href")) for link in await page.locator(".files a.kind-file").all()]
    assert sorted(shown) == sorted(NAMES)
    assert set(links) == {f"/files/bad/{quote(name)}" for name in NAMES}
    for address in [
        *links,
        *(f"{link}?view=history" for link in links),
        "/activity",
        "/locks",
        "/find?q=alert",
        "/folders?path=bad",
    ]:
        await opened(page, address)


@pytest.mark.parametrize("name", LIVE)
async def test_control_each_of_them_acts_where_nothing_stands_in_its_way(
    browser: Browser, other: Somebody, name: str
) -> None:
    async with somebody() as bare:
        bare.files = {name: acting(LIVE[name], other.url)}
        page = await browser.new_page()
        watch = Watch(bare.url)
        watch.over(page)
        await page.goto(f"{bare.url}/{name}", wait_until="commit")
        for _ in range(LOOKS):
            if watch.dialogs or watch.strays or other.heard:
                break
            await page.wait_for_timeout(SETTLED_MS / LOOKS)
        await page.close()

    assert watch.dialogs or watch.strays or other.heard
