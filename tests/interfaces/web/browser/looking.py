"""Pages opened as somebody would look at them: on a wide or a narrow screen, light or dark, with scripts or without."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal, Protocol

from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

from tests.interfaces.listening import Listening
from tests.interfaces.web.browser.watching import Watch

SIZES: dict[str, ViewportSize] = {"wide": {"width": 1280, "height": 900}, "narrow": {"width": 390, "height": 844}}
ACTION_MS = 20_000

Size = Literal["wide", "narrow"]
Scheme = Literal["light", "dark"]


class Look(Protocol):
    """Opens a page at *address*, in a profile of its own.

    Args:
        scripts: Whether JavaScript runs; then this returns once the page is live, if it is one that can be.
        owner: Whether the browser has the cookie of who owns the folder, as `workspace-server open` gives it.
    """

    async def __call__(
        self,
        address: str = "/",
        *,
        size: Size = "wide",
        scheme: Scheme = "light",
        scripts: bool = True,
        owner: bool = False,
    ) -> Page:
        """Return the page."""


@asynccontextmanager
async def looking(served: Listening, browser: Browser, watch: Watch) -> AsyncIterator[Look]:
    """Yield what opens pages of *served*; at the end they are closed, and must have given *watch* nothing to note."""
    async with AsyncExitStack() as stack:

        async def look(
            address: str = "/",
            *,
            size: Size = "wide",
            scheme: Scheme = "light",
            scripts: bool = True,
            owner: bool = False,
        ) -> Page:
            context = await browser.new_context(
                base_url=served.url, viewport=SIZES[size], color_scheme=scheme, java_script_enabled=scripts
            )
            stack.push_async_callback(context.close)
            context.set_default_timeout(ACTION_MS)
            if owner:
                await _own(served, context)
            page = await context.new_page()
            watch.over(page)
            await page.goto(address)
            if scripts and await page.locator("#live").count():
                await page.locator("#live.on").wait_for()
            return page

        yield look
    assert watch.noted == [], "\n".join(watch.noted)


async def _own(served: Listening, context: BrowserContext) -> None:
    """Give the browser the cookie that a ticket is exchanged for."""
    value = served.guard.redeem(served.guard.new_ticket())
    assert value is not None
    name = served.guard.cookie_name
    await context.add_cookies(
        [{"name": name, "value": value, "url": served.url, "sameSite": "Strict", "httpOnly": True}]
    )
