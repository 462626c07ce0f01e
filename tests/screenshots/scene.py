"""A swarm prepares the launch of a product: what each agent does, over MCP, until the pictures are taken.

Researchers write down what they find, two of them disagree; a writer holds the draft while two others wait for it; a
receiver of webhooks is down; a report waits for the last of its sources, and a text for a person's approval.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from mcp import Client

from tests.doors import Agent

BRIEF: Final = """# Launch of Atlas

Atlas is a planner for small teams. We launch on 14 January.

- [x] Name and logo
- [ ] Price, decided by the numbers
- [ ] Post, FAQ and mail

Decision: one plan for everybody, paid by the seat
Risk: the price of our nearest rival may fall before we launch
"""
PRICING: Final = """# Atlas Team

Price per seat: 19 EUR
Free trial: 30 days
Seats in the pilot: 340

Three of four teams in the pilot would pay 19 EUR; at 25 EUR it is one of four.
"""
INTERVIEWS: Final = """# Atlas Team

Price per seat: 21 EUR
Interviews: 12

Most teams name the calendar first, then the import from spreadsheets.
"""
RIVALS: Final = """product,price per seat,free trial,seats
Planwise,24 EUR,14 days,52000
Tidepool,18 EUR,30 days,31000
Karta,21 EUR,none,8800
"""
POST: Final = """# Plan less, do more

Today we open Atlas to everybody.

Small teams lose a day a week to planning. Atlas gives it back: one calendar, one list, one place
where everybody sees what is next.

## What it costs

One plan, 19 EUR a seat. Try it for 30 days.
"""
REVISED: Final = POST.replace("Today we open Atlas to everybody.", "Atlas is open to everybody from today.").replace(
    "lose a day a week to planning", "spend a day a week on planning"
)
FAQ: Final = """# Questions

## Can I import my spreadsheets?

Yes: CSV and XLSX, in one go.

## Who sees my plans?

Your team, and nobody else.
"""
CODE: Final = '''"""What a team pays."""

SEAT_EUR = 19
FREE_SEATS = 2


def monthly_price(seats: int) -> int:
    """Return the price of a month in EUR; the first seats are free."""
    return max(0, seats - FREE_SEATS) * SEAT_EUR
'''
NOBODY_LISTENS: Final = "http://127.0.0.1:9/hooks/newsroom"
POLLED_S: Final = 0.05


@asynccontextmanager
async def played(url: str, folder: Path) -> AsyncIterator[None]:
    """Let the agents work up to the moment of the pictures; until the block ends they hold and wait on."""
    async with AsyncExitStack() as stack:

        async def enter(name: str) -> Agent:
            return Agent(await stack.enter_async_context(Client(f"{url}/mcp?agent={name}")), folder)

        manager, writer, editor = await enter("manager"), await enter("writer"), await enter("editor")
        await _automate(manager)
        await _research(manager, await enter("researcher-1"), await enter("researcher-2"))
        await _write(writer, editor, await enter("developer"))
        waiting = await _queue(writer, editor, await enter("reviewer"))
        yield
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _automate(manager: Agent) -> None:
    sources = ["research/pricing.md", "research/rivals.csv", "research/reviews.md"]
    await manager.done("write_file", path="brief.md", content=BRIEF, message="what we are about to do")
    await manager.done(
        "create_trigger",
        name="analyst-when-all-in",
        files=sources,
        mode="all",
        queue="analyst",
        instructions="Write reports/summary.md.",
    )
    await manager.done("create_trigger", name="edit-each-draft", files=["drafts/{name}.md"], queue="editor")
    await manager.done("create_trigger", name="tell-the-newsroom", files=["drafts/*.md"], url=NOBODY_LISTENS)
    options = {"approval": "May this go out to our customers?", "settle": "immediate"}
    await manager.done("create_trigger", name="publish", files=["outbox/{name}.md"], options=options)


async def _research(manager: Agent, first: Agent, second: Agent) -> None:
    await first.done("write_file", path="research/pricing.md", content=PRICING, message="prices from the pilot")
    await first.done("write_file", path="research/rivals.csv", content=RIVALS, message="what others take")
    told = await second.done("write_file", path="research/interviews.md", content=INTERVIEWS, message="twelve teams")
    await manager.done("query_facts", query="How much does a seat cost?", min_seq=told["seq"])


async def _write(writer: Agent, editor: Agent, developer: Agent) -> None:
    sources = [{"path": "research/pricing.md", "version": 1}, {"path": "brief.md", "version": 1}]
    await developer.done("write_file", path="src/price.py", content=CODE, message="the price, as decided")
    await writer.done("write_file", path="drafts/post.md", content=POST, sources=sources, message="first draft")
    await editor.done(
        "write_file", path="drafts/post.md", content=REVISED, expect_version=1, message="shorter, and without a threat"
    )
    await writer.refused("write_file", path="drafts/post.md", content=f"{POST}\nSee you there.\n", expect_version=1)
    await writer.done("write_file", path="drafts/faq.md", content=FAQ, sources=sources, message="what teams ask")
    job = (await editor.done("claim_job", queue="editor", wait_seconds=20))["job"]["job"]
    await editor.done("finish_job", job=job, outcome="blocked", note="19 EUR or 21 EUR a seat? The sources disagree.")
    await editor.done("claim_job", queue="editor", wait_seconds=20)
    await writer.done("write_file", path="outbox/mail.md", content="# Atlas is here\n\nTry it for 30 days.\n")


async def _queue(writer: Agent, editor: Agent, reviewer: Agent) -> list["asyncio.Task[dict[str, Any]]"]:
    """Let the writer hold the draft, and two others wait for it."""
    await writer.done("lock_files", paths=["drafts/post.md"], purpose="the last paragraph", ttl_seconds=900)
    await reviewer.done("lock_files", paths=["research/"], mode="shared", purpose="checking the figures")
    calls = [
        asyncio.ensure_future(agent.call("lock_files", paths=["drafts/post.md"], wait_seconds=50, purpose=purpose))
        for agent, purpose in ((editor, "one comma"), (reviewer, "a second look"))
    ]
    while len((await writer.done("list_locks"))["waiting"]) < len(calls):  # noqa: ASYNC110 - it is another process that gets there
        await asyncio.sleep(POLLED_S)
    return calls
