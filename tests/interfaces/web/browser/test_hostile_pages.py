"""Hostile files, names and messages opened in every view: no script of theirs runs, and no request leaves the origin.

`looking` checks at the end of each test that nothing was asked of anybody else and no dialog was opened.
"""

import pytest
from playwright.async_api import Browser, Page
from playwright.async_api import Error as BrowserError

from tests.interfaces.listening import Listening
from tests.interfaces.web.browser.looking import Look
from tests.interfaces.web.browser.staging import ANA
from tests.interfaces.web.browser.watching import Watch
from tests.interfaces.web.conftest import Hand

pytestmark = pytest.mark.anyio

ACT = "alert(1);new Image().src='/pwned?'+Math.random();document.title='pwned'"
HOSTILE = {
    "page.html": f"<script>{ACT}</script><img src=x onerror=\"{ACT}\"><iframe src='javascript:{ACT}'></iframe>",
    "image.svg": f'<svg xmlns="http://www.w3.org/2000/svg" onload="{ACT}"><script>{ACT}</script></svg>',
    "feed.xml": f'<?xml version="1.0"?><x xmlns:h="http://www.w3.org/1999/xhtml"><h:script>{ACT}</h:script></x>',
    "page.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><script>{ACT}</script></html>',
    "prose.md": f'# <img src=x onerror="{ACT}">\n\n<script>{ACT}</script>\n\n[x](javascript:{ACT})\n\n'
    "![x](http://127.0.0.2:1/pwned.png) ![y](page.html) ![z](image.svg)\n",
    "table.csv": f'a,b\n<script>{ACT}</script>,"<img src=x onerror=""{ACT}"">"\n',
    "data.json": '{"a": "</code></pre><script>' + ACT + '</script>"}',
    "code.py": f'x = "</code><script>{ACT}</script>"\n',
    "plain.txt": f"<script>{ACT}</script>\n",
    "pwned.js": ACT,
    "noname": f"<!doctype html><script>{ACT}</script>",
    "<img src=x onerror=alert(1)>.md": "x",
}
VIEWS = ("", "?view=source", "?view=history", "?view=facts", "?diff=1..2", "?version=1")
PAGES = ("/", "/activity", "/search?q=script", "/search?q=script&mode=exact", "/search?q=%3Cscript%3Ealert(1)")


async def opened(page: Page, address: str) -> None:
    """Open *address*, which may also be a download."""
    try:
        await page.goto(address, wait_until="load")
    except BrowserError as error:
        assert "Download is starting" in error.message  # noqa: PT017 - the other outcome is the page itself
    assert await page.title() != "pwned", address


async def test_what_others_wrote_never_acts(served: Listening, hand: Hand, look: Look, watch: Watch) -> None:
    for name, content in HOSTILE.items():
        await hand.write(f"bad/{name}", content, message=f"<script>{ACT}</script>")
        await hand.write(f"bad/{name}", content + "\n", message=f'"><img src=x onerror={ACT}>')
    await served.engine.search.search(ANA, query="x", min_seq=served.engine.events.head_seq)
    page = await look("/files/bad")
    links = [str(await link.get_attribute("href")) for link in await page.locator(".files a.kind-file").all()]
    assert len(links) == len(HOSTILE)
    for address in [*(link + view for link in links for view in VIEWS), *(f"/api/v1{link}" for link in links), *PAGES]:
        await opened(page, address)
    watch.complaints.clear()  # each script that was kept from running is told to the console


async def test_control_the_watch_sees_a_script_that_acts(served: Listening, browser: Browser) -> None:
    page = await browser.new_page()
    watch = Watch(served.url)
    watch.over(page)
    await page.goto("about:blank")
    await page.set_content(f"<script>{ACT.replace('/pwned', served.url + '/pwned')}</script>")

    assert watch.dialogs == ["1"]
    assert len(watch.strays) == 1
    assert await page.title() == "pwned"
    await page.close()
