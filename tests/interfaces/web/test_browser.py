"""The web view in a real browser: it is live, it fits, and nothing that others wrote ever acts."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, Request, async_playwright
from playwright.async_api import Error as BrowserError

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}
PAGES = {
    "home": "/",
    "folder": "/files/research",
    "prose": "/files/plan.md",
    "source": "/files/src/app.py#L3",
    "table": "/files/research/prices.csv",
    "picture": "/files/pixel.png",
    "history": "/files/plan.md?view=history",
    "diff": "/files/plan.md?diff=1..2",
    "facts": "/files/plan.md?view=facts",
    "search": "/search?q=weeks",
    "activity": "/activity",
    "locks": "/locks",
    "triggers": "/triggers",
    "attention": "/attention",
    "connect": "/connect",
    "missing": "/files/absent.md",
}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c636060f8ff1f000401"
    "01ff7f3a1b2c0000000049454e44ae426082"
)
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


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program is not None, "this test needs Chromium: apt-get install chromium"
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        await opened.close()


class Watch:
    """Notes what a page does that it should not."""

    def __init__(self, page: Page, origin: str) -> None:
        self.dialogs: list[str] = []
        self.strays: list[str] = []
        self.complaints: list[str] = []
        self._origin = origin
        page.on("dialog", self._dialog)
        page.on("request", self._request)
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def _dialog(self, dialog: object) -> None:
        self.dialogs.append(dialog.message)  # type: ignore[attr-defined]
        await dialog.dismiss()  # type: ignore[attr-defined]

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._origin + "/", "data:", "about:")) or "/pwned?" in request.url:
            self.strays.append(request.url)


async def fill(served: Listening, hand: Hand) -> None:
    plan = "# Plan\n\nWe need **three weeks**.\n\n## Steps\n\n1. Research\n2. Compare\n\n## Risks\n\n- Old figures\n"
    await hand.write("plan.md", plan, agent="manager", message="first plan")
    await hand.write("plan.md", plan.replace("three", "four"), agent="manager", message="one week more")
    await hand.write("research/prices.csv", "name,price\nalpha,1.5\nbeta,20\n", agent="researcher-1")
    await hand.write("src/app.py", 'def hello() -> str:\n    """Say hello."""\n    return "hello"\n', agent="editor")
    await hand.write("pixel.png", PIXEL)
    await served.engine.locks.lock_files(ANA, paths=["research/"], purpose="checking the figures once more")
    names = [f"research/{name}.csv" for name in ("prices", "features", "reviews")]
    await served.engine.triggers.create_trigger(ANA, name="analyst-when-all-in", files=names, mode="all", queue="a")
    await served.engine.search.search(ANA, query="plan", min_seq=served.engine.events.head_seq)


@pytest.mark.parametrize("look", [(size, scheme) for size in SIZES for scheme in ("light", "dark")])
async def test_every_page_fits_and_complains_of_nothing(
    served: Listening, hand: Hand, browser: Browser, tmp_path: Path, look: tuple[str, Literal["light", "dark"]]
) -> None:
    await fill(served, hand)
    size, scheme = look
    width, height = SIZES[size]
    context = await browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = await context.new_page()
    watch = Watch(page, served.url)
    too_wide = {}
    for name, address in PAGES.items():
        await page.goto(served.url + address)
        await page.locator("#live.on").wait_for()
        excess = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if excess > 0:
            too_wide[name] = excess
        await page.screenshot(path=tmp_path / f"{name}-{scheme}-{size}.png")
    await context.close()

    assert too_wide == {}
    assert watch.strays == []
    assert [said for said in watch.complaints if "404" not in said] == []


@pytest.mark.parametrize("size", SIZES)
async def test_no_column_leaves_the_page_whatever_a_lock_covers(
    served: Listening, browser: Browser, tmp_path: Path, size: str
) -> None:
    locks, width, height = served.engine.locks, *SIZES[size]
    await locks.lock_files(ANA, paths=["x" * 200 + "*" + "y" * 200], purpose="z" * 180)
    await locks.lock_files(ANA, paths=["plan.md"], mode="intent", purpose="soon")
    page = await browser.new_page(viewport={"width": width, "height": height})
    for name in ("", "locks"):
        await page.goto(f"{served.url}/{name}")
        await page.locator("#live.on").wait_for()
        await page.screenshot(path=tmp_path / f"{name or 'home'}-{size}.png")
        outside = "all => all.filter(one => one.getBoundingClientRect().right > innerWidth).map(one => one.outerHTML)"
        assert await page.locator("#held *, #locks td, #locks td *").evaluate_all(outside) == []
        assert await page.get_by_text("announced").is_visible()


@pytest.mark.parametrize("address", ["/", "/activity"])
async def test_a_change_appears_on_an_open_page(served: Listening, hand: Hand, browser: Browser, address: str) -> None:
    page = await browser.new_page()
    await page.goto(served.url + address)
    await page.locator("#live.on").wait_for()
    await hand.write("fresh.md", "x", agent="bo", message="just written")

    row = page.locator("li[data-key]", has_text="just written")
    await row.wait_for()
    assert await row.get_by_role("link", name="fresh.md").get_attribute("href") == "/files/fresh.md"
    assert "fresh" in str(await row.get_attribute("class"))

    await hand.write("newer.md", "x", agent="bo", message="written after")
    await page.locator("li[data-key]", has_text="written after").wait_for()
    said = await page.locator("li[data-key] .message").all_inner_texts()
    assert said[:2] == ["written after", "just written"]


async def test_locks_come_and_go_while_one_looks(served: Listening, browser: Browser) -> None:
    page = await browser.new_page()
    await page.goto(f"{served.url}/locks")
    await page.locator("#live.on").wait_for()
    taken = await served.engine.locks.lock_files(ANA, paths=["dir/"], purpose="tidying up")
    await page.get_by_text("tidying up").wait_for()
    await served.engine.locks.unlock_files(ANA, lock=taken["lock"])

    await page.get_by_text("Nobody holds a lock").wait_for()


async def test_an_open_file_says_that_a_newer_version_was_saved(
    served: Listening, hand: Hand, browser: Browser
) -> None:
    await hand.write("a.md", "one")
    page = await browser.new_page()
    await page.goto(f"{served.url}/files/a.md")
    await page.locator("#live.on").wait_for()
    assert not await page.locator("#newer").is_visible()
    await hand.write("a.md", "two")
    await page.locator("#newer").wait_for()
    await page.get_by_role("link", name="Show it").click()

    await page.locator(".prose", has_text="two").wait_for()


async def test_an_image_that_cannot_be_decoded_leaves_its_words(
    served: Listening, hand: Hand, browser: Browser
) -> None:
    await hand.write("bad.png", b"\x89PNG\r\n\x1a\nxx")
    await hand.write("good.png", PIXEL)
    await hand.write("a.md", "![a chart](bad.png) ![a map](absent.png) ![a dot](good.png)\n")
    page = await browser.new_page()
    await page.goto(f"{served.url}/files/a.md")
    await page.get_by_text("a chart (this image cannot be shown)").wait_for()
    await page.get_by_text("a map (this image cannot be shown)").wait_for()

    assert await page.locator(".prose img").count() == 1


async def test_no_word_of_a_table_is_cut_in_two_on_a_phone(served: Listening, hand: Hand, browser: Browser) -> None:
    word = "Interoperability"
    await hand.write("a.md", f"| {word} | {word} | {word} |\n|--|--|--|\n| {word} | {word} | {word} |\n")
    page = await browser.new_page(viewport={"width": 390, "height": 844})
    await page.goto(f"{served.url}/files/a.md")
    cell = page.locator(".prose td").first
    height = await cell.evaluate("cell => cell.clientHeight / parseFloat(getComputedStyle(cell).lineHeight)")

    assert height < 2
    assert await page.locator(".prose table").evaluate("table => table.scrollWidth > table.clientWidth")


async def test_everything_can_be_read_without_scripts(served: Listening, hand: Hand, browser: Browser) -> None:
    await fill(served, hand)
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(served.url)
    await page.get_by_role("link", name="plan.md").first.click()
    await page.get_by_role("link", name="History").click()
    await page.get_by_role("button", name="Compare the chosen versions").click()

    assert await page.locator("tr.added").inner_text() != ""
    await context.close()


async def test_a_person_decides_without_scripts(served: Listening, hand: Hand, browser: Browser) -> None:
    options = {"approval": "Publish it?", "settle": "immediate"}
    await served.engine.triggers.create_trigger(ANA, name="publish", files=["{name}.md"], options=options)
    await hand.write("old.md", "one\n")
    await hand.write("old.md", "two\n")
    context = await browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    cookie = served.guard.redeem(served.guard.new_ticket())
    assert cookie is not None
    await context.add_cookies(
        [{"name": served.guard.cookie_name, "value": cookie, "url": served.url, "sameSite": "Strict", "httpOnly": True}]
    )
    page = await context.new_page()
    await page.goto(f"{served.url}/attention")
    await page.get_by_label("Note on A1").fill("meant")
    await page.get_by_role("button", name="Approve the old versions").click()
    await page.locator("#A2").get_by_role("button", name="Deny").click()
    await page.get_by_text("Nothing needs a person").wait_for()
    await context.close()

    decided = await served.engine.events.feed(ANA, types=["approval.granted", "approval.denied"])
    assert [(one["type"], one["by"], one.get("note"), one.get("stale")) for one in decided["events"]] == [
        ("approval.granted", "owner", "meant", True),
        ("approval.denied", "owner", None, None),
    ]


async def test_what_others_wrote_never_acts(served: Listening, hand: Hand, browser: Browser) -> None:
    for name, content in HOSTILE.items():
        await hand.write(f"bad/{name}", content, message=f"<script>{ACT}</script>")
        await hand.write(f"bad/{name}", content + "\n", message=f'"><img src=x onerror={ACT}>')
    await served.engine.search.search(ANA, query="x", min_seq=served.engine.events.head_seq)
    page = await browser.new_page()
    watch = Watch(page, served.url)
    await page.goto(f"{served.url}/files/bad")
    links = [str(await link.get_attribute("href")) for link in await page.locator(".files a.kind-file").all()]
    assert len(links) == len(HOSTILE)
    views = ("", "?view=source", "?view=history", "?view=facts", "?diff=1..2", "?version=1")
    addresses = [link + view for link in links for view in views]
    addresses += [f"/api/v1{link}" for link in links]
    addresses += ["/", "/activity", "/search?q=script", "/search?q=script&mode=exact", "/search?q=%3Cscript%3Ealert(1)"]
    for address in addresses:
        try:
            await page.goto(served.url + address, wait_until="load")
        except BrowserError as error:
            assert "Download is starting" in error.message  # noqa: PT017 - the other outcome is the page itself
        assert await page.title() != "pwned", address

    assert watch.dialogs == []
    assert watch.strays == []


async def test_control_the_watch_sees_a_script_that_acts(served: Listening, browser: Browser) -> None:
    page = await browser.new_page()
    watch = Watch(page, served.url)
    await page.goto("about:blank")
    await page.set_content(f"<script>{ACT.replace('/pwned', served.url + '/pwned')}</script>")

    assert watch.dialogs == ["1"]
    assert len(watch.strays) == 1
    assert await page.title() == "pwned"
