"""axe-core over an open page: what of WCAG 2.2 A and AA, and of good practice, the page breaks."""

from functools import cache

from playwright.async_api import Page

from tests.node.program import FOLDER

AXE = FOLDER / "node_modules/axe-core/axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
BY_COLOUR = ("color-contrast", "link-in-text-block")
"""The rules that a change of the colour scheme alone can break."""
FINDING_CHARS = 1_500
# Frames hold what others wrote; that each has a title is a rule for the page around it.
_RUN = """async ([type, values]) => {
  const { violations } = await axe.run(document, { runOnly: { type, values }, iframes: false, preload: false });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((one) => one.target + one.failureSummary).join()}`);
}"""


@cache
def _program() -> str:
    assert AXE.exists(), "what tests/node/package-lock.json names is not installed; run scripts/setup-node"
    return AXE.read_text("utf-8")


async def violations(page: Page, *, colours_only: bool = False) -> list[str]:
    """Return what the page breaks as it is shown now: each rule with the elements that break it."""
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(_program())
    rules = ["rule", BY_COLOUR] if colours_only else ["tag", TAGS]
    found: list[str] = await page.evaluate(_RUN, rules)
    return [finding[:FINDING_CHARS] for finding in found]
