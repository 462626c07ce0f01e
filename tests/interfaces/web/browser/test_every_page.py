"""Every page of the web view, in both colour schemes, on a wide and a narrow screen, in a real browser."""

import re
from collections.abc import AsyncIterator, Sequence

import pytest
from playwright.async_api import Browser
from starlette.routing import Route

from tests.interfaces.listening import Listening, listening
from tests.interfaces.web.browser.axe import violations
from tests.interfaces.web.browser.looking import SIZES, Look, Scheme, Size, looking
from tests.interfaces.web.browser.staging import SAMPLES, stage
from tests.interfaces.web.browser.watching import Watch
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.web.assets import ASSETS
from workspace_server.interfaces.web.routes import routes

pytestmark = pytest.mark.anyio

OWN_BYTES_MAX = 60_000
"""Of JavaScript and CSS of our own, altogether and unpacked: no page loads nearly as much."""
LOOKS: Sequence[tuple[Size, Scheme, bool]] = (
    ("wide", "light", False),
    ("wide", "dark", True),  # the same elements in other colours
    ("narrow", "dark", False),
)
EXCESS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="package")
async def staged(anyio_backend: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Listening]:
    """A workspace to look at, which no test changes."""
    async with listening(tmp_path_factory.mktemp("staged"), name="atlas") as served:
        await stage(served)
        yield served


@pytest.fixture
async def look(staged: Listening, browser: Browser) -> AsyncIterator[Look]:
    async with looking(staged, browser, Watch(staged.url)) as opened:
        yield opened


@pytest.mark.parametrize("address", SAMPLES)
async def test_a_page_fits_complains_of_nothing_and_can_be_used_by_everybody(look: Look, address: str) -> None:
    """As the owner sees it, who is offered most; one load, and then as light or dark, wide or narrow as can be."""
    page = await look(address, owner=True)
    await page.emulate_media(reduced_motion="reduce")
    broken = []
    for size, scheme, colours_only in LOOKS:
        await page.set_viewport_size(SIZES[size])
        await page.emulate_media(color_scheme=scheme)
        found = await violations(page, colours_only=colours_only)
        if await page.evaluate(EXCESS) > 0:
            found.append("wider than the screen")
        broken += [f"{size}, {scheme}: {finding}" for finding in found]

    assert broken == [], "\n".join(broken)


async def test_control_a_page_that_not_everybody_can_use_is_found(look: Look) -> None:
    page = await look("/locks")
    await page.evaluate("document.querySelector('main').innerHTML = '<img src=\"\"><p id=pale>pale</p>'")
    await page.evaluate("document.getElementById('pale').style.color = '#eee'")

    found = " ".join(await violations(page))
    assert "image-alt" in found
    assert "page-has-heading-one" in found
    assert "color-contrast" in found
    assert "color-contrast" in " ".join(await violations(page, colours_only=True))


async def test_every_address_of_a_page_has_a_sample(staged: Listening) -> None:
    pages = [one for one in routes(staged.engine, Guard()) if isinstance(one, Route) and "GET" in (one.methods or ())]
    samples = [re.split("[?#]", address)[0] for address in SAMPLES]
    bare = [one.path for one in pages if not any(one.path_regex.match(sample) for sample in samples)]

    assert set(bare) <= {"/files", "/static/{name:path}"}, "add an address of the new page to SAMPLES in staging.py"


def test_our_own_scripts_and_styles_stay_small() -> None:
    own = {name: len(asset.content) for name, asset in ASSETS.items() if name.endswith((".css", ".js"))}

    assert sum(own.values()) <= OWN_BYTES_MAX, own
