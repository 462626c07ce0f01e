"""The web view of a large workspace: what the server takes for each page, and how soon a change is on the screen.

The floor of the pages is `/healthz` in the same run: what a request costs that asks nothing.
"""

import asyncio
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from playwright.async_api import Page, async_playwright

from tests.bench.measure import HEADER, Figure, percentile, sequential
from tests.bench.processes import running_server
from tests.bench.scale import FILES, PER_COMMIT, PER_DIRECTORY, make
from tests.bench.wire import HttpAgent
from tests.interfaces.web.browser.conftest import FLAGS
from workspace_server.config import Settings
from workspace_server.interfaces.web.assets import ASSETS
from workspace_server.interfaces.web.routes import SECTIONS
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import meta

EVENTS = 1_000_000
LOADS = 100
SAVES = 100
SHOWN_S = 10.0
PATH = f"d{FILES // PER_DIRECTORY // 2}/{FILES // 2}.txt"
FILE_PAGES = (
    f"/files/{PATH.partition('/')[0]}",
    *(f"/files/{PATH}{view}" for view in ("", "?view=history", "?view=facts")),
)
WATCH = """() => {
  const shown = (text) => new Promise((done) => {
    const look = () => document.querySelector("main").innerText.includes(text);
    const seen = new MutationObserver(() => { if (look()) { seen.disconnect(); painted(); } });
    const painted = () => requestAnimationFrame(() => requestAnimationFrame(() => done(Date.now())));
    seen.observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  window.shown = shown;
}"""
"""Tells when a text stood in the page and the frame with it was drawn."""


class Reader:
    """One keep-alive connection over which pages are fetched."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._address.hostname, self._address.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def status(self, address: str) -> int:
        """Fetch a page whole and return its status."""
        self._writer.write(f"GET {address} HTTP/1.1\r\nHost: {self._address.netloc}\r\n\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        await self._reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
        return int(head.split(b" ", 2)[1])


async def run() -> None:
    """Print the figures."""
    own = [asset for name, asset in ASSETS.items() if name.endswith((".css", ".js"))]
    plain, packed = sum(len(asset.content) for asset in own), sum(len(asset.packed) for asset in own)
    print(f"\nOur own JavaScript and CSS: {plain:,} bytes, {packed:,} as they are sent")
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "w"
        make(root, FILES, per_directory=PER_DIRECTORY)
        await _age(root)
        async with running_server(root, "--without-index") as server:
            print(f"\nPages at {FILES:,} files and {EVENTS:,} events\n{HEADER}")
            async with Reader(server.url) as reader:
                await _pages(reader)
            await _live(server.url)


async def _age(root: Path) -> None:
    """Take the folder in, and let its files have been saved so often that the log is as long as it is to be."""
    async with Engine.open(root, settings=Settings()) as engine:
        while engine.events.head_seq < EVENTS:
            await engine.db.write(_more_events)
            await asyncio.sleep(0.1)  # the log's end is looked at now and then


async def _more_events(tx: Transaction) -> None:
    """Add events of saves, spread over the files."""
    last = await meta.raise_counter(tx, "seq", PER_COMMIT)
    await tx.run(
        "INSERT INTO events (seq, at, type, path, version, agent, data)"
        " WITH RECURSIVE n (seq) AS (SELECT ? UNION ALL SELECT seq + 1 FROM n WHERE seq < ?)"
        " SELECT seq, ? - (? - seq) / 100.0, 'file.updated',"
        " 'd' || (seq * 7919 % ? / ?) || '/' || (seq * 7919 % ?) || '.txt', 2, 'agent-' || (seq % 40), '{}' FROM n",
        *(last - PER_COMMIT + 1, last, tx.now_s, EVENTS, FILES, PER_DIRECTORY, FILES),
    )


async def _pages(reader: Reader) -> None:
    floor: Figure | None = None
    addresses = [address for section in SECTIONS for address in section.pages if "{" not in address]
    for address in ("/healthz", *addresses, *FILE_PAGES, "/search?q=77&mode=exact&path=d7/", f"/activity?path={PATH}"):
        if await reader.status(address) != 200:  # a page that wants to be told more
            continue
        figure = await sequential(address, lambda _, page=address: reader.status(page), count=LOADS, warm_up=5)  # type: ignore[misc]  # the loop's own value
        floor = floor or figure
        print(figure.line(floor))


async def _live(url: str) -> None:
    """Print how long a save takes until it is on the screen of an open page."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        print("\nA change on the screen: not measured, because Chromium is not installed")
        return
    async with async_playwright() as playwright, HttpAgent(url, "ann") as agent:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        print("\nFrom the save, sent by an agent over MCP, until the frame that shows it")
        for address in ("/", "/activity"):
            page = await browser.new_page()
            await page.goto(url + address)
            await page.locator("#live.on").wait_for()
            await page.evaluate(WATCH)
            times = [await _until_shown(page, agent, f"{address.strip('/')}-{number}") for number in range(SAVES)]
            p50, p99 = statistics.median(times) * 1e3, percentile(times, 0.99) * 1e3
            print(f"  {address:<44} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms")
            await page.close()
        await browser.close()


async def _until_shown(page: Page, agent: HttpAgent, name: str) -> float:
    """Return the seconds from before a save until it is drawn."""
    shown = asyncio.create_task(page.evaluate("(text) => window.shown(text)", f"live-{name}."))
    await asyncio.sleep(random.uniform(0.3, 0.8))
    begun = time.time()
    await agent.call("write_file", path=f"live-{name}.txt", content=name)
    return float(await asyncio.wait_for(shown, SHOWN_S)) / 1e3 - begun
