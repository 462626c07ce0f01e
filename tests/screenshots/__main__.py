"""`python -m tests.screenshots`: play the scene on a real server and write its pictures into docs/images/."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Final, Literal, NamedTuple

import httpx2
from playwright.async_api import Browser, async_playwright

from tests.interfaces.web.browser.conftest import FLAGS
from tests.processes import Serving, serving
from tests.screenshots.scene import played
from workspace_server.app import owner

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
WIDTH: Final = 1280
BYTES_MAX: Final = 120 * 1024


class Picture(NamedTuple):
    """What is shown: a page, in the colours of the system, down to a height in pixels."""

    name: str
    address: str
    scheme: Literal["light", "dark"]
    height: int


PICTURES: Final = (
    Picture("home", "/", "light", 720),
    Picture("flow", "/triggers", "light", 720),
    Picture("changes", "/files/drafts/post.md?diff=1..2&layout=side", "light", 720),
    Picture("contradictions", "/contradictions", "dark", 480),
    Picture("agents", "/agents", "dark", 500),
    Picture("attention", "/attention", "dark", 480),
)


async def main() -> None:
    """Write the pictures."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program is not None, "pictures need Chromium: apt-get install chromium"
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "launch"
        with serving(folder, "--allow-loopback-webhooks") as server:
            async with played(server.url, folder), async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
                for picture in PICTURES:
                    await _take(browser, server, picture)
                await browser.close()


async def _take(browser: Browser, server: Serving, picture: Picture) -> None:
    context = await browser.new_context(
        base_url=server.url,
        viewport={"width": WIDTH, "height": picture.height},
        color_scheme=picture.scheme,
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await page.goto(await _admission(server))
    await page.goto(picture.address)
    await page.locator("#live.on").wait_for()
    path = IMAGES / f"{picture.name}-{picture.scheme}.png"
    await page.screenshot(path=path)
    await context.close()
    size = path.stat().st_size
    print(f"{path.relative_to(IMAGES.parents[1])}: {size:,} bytes")
    assert size <= BYTES_MAX, f"a picture is to stay below {BYTES_MAX} bytes"


async def _admission(server: Serving) -> str:
    """Return the address that lets a browser in as the owner, as `workspace-server open` gets it."""
    record = owner.current(server.folder)
    assert record is not None
    async with httpx2.AsyncClient() as client:
        answer = await client.post(f"{server.url}/admission", headers={"x-admin-key": record.admin_key})
    return f"{server.url}/admission?ticket={answer.json()['ticket']}"


if __name__ == "__main__":
    asyncio.run(main())
