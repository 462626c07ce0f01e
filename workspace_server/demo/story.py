"""The story itself: who does what, when, and what must have happened before the next one begins."""

import asyncio
import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from workspace_server.demo.agents.packages import SUBJECTS, all_files
from workspace_server.demo.feed import Event, Feed
from workspace_server.demo.narrator import Narrator
from workspace_server.demo.processes import Cast, Failed, Server

PATIENCE_S = 60.0
"""How long any one thing may take, on a slow machine and with a server that is killed in between."""


@dataclass(slots=True)
class Outcome:
    """What the agents told, for the checks.

    Attributes:
        received: A line per request to the receiver of webhooks.
        stale: What the second Editor told.
        review: What the Manager found.
    """

    received: list[dict[str, Any]] = field(default_factory=list)
    stale: list[dict[str, Any]] = field(default_factory=list)
    review: dict[str, Any] = field(default_factory=dict)
    forged_status: int = 0


class Story:
    """One performance on one folder."""

    def __init__(self, server: Server, logs: Path, narrator: Narrator) -> None:
        self._narrator = narrator
        self._secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self._cast = Cast(server.url, logs)
        self._feed = Feed(server.url, narrator.event)
        self.outcome = Outcome()

    async def play(self) -> Outcome:
        """Play all scenes and return what there is to check.

        Raises:
            Failed: Something did not happen.
        """
        async with self._cast:
            following = asyncio.create_task(self._feed.follow())
            try:
                await self._parallel()
                await self._fan_in()
                await self._hierarchical()
                await self._event_driven()
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
        return self.outcome

    async def _parallel(self) -> None:
        self._narrator.scene("Parallel", "A Manager plans; three Researchers work at the same time.")
        webhook = await self._cast.receive(self._received, self._secret)
        self.outcome.forged_status = await _forge(webhook)
        for number in (1, 2, 3):
            await self._cast.work("research", f"researcher-{number}", "researcher")
        await self._cast.play("manager", "plan", DEMO_WEBHOOK_URL=webhook, DEMO_WEBHOOK_SECRET=self._secret)
        await self._feed.until(_is_file(set(all_files())), "the nine files", count=9, timeout_s=PATIENCE_S)

    async def _fan_in(self) -> None:
        self._narrator.scene("Fan-in", "All nine files are in and unlocked: the join starts the Analyst, once.")
        await self._feed.until(_is_file({"comparison.md"}), "the comparison", timeout_s=PATIENCE_S)

    async def _hierarchical(self) -> None:
        self._narrator.scene("Hierarchical", "The Manager reviews the facts and sends one Researcher back.")
        told = await self._cast.play("manager", "review")
        self.outcome.review = told[-1]
        if not self.outcome.review.get("sent_back"):
            raise Failed("the Manager found no contradiction")
        self._narrator.say(
            f"contradiction about {told[-1]['about']}: the Researcher of {told[-1]['sent_back']} counts again"
        )
        await self._feed.until(_is_file({"comparison.md"}), "the second comparison", count=2, timeout_s=PATIENCE_S)

    async def _event_driven(self) -> None:
        self._narrator.scene("Event-driven", "A saved draft starts the Editor, a saved final text the Publisher.")
        await self._cast.work("editing", "editor", "editor")
        await self._cast.work("publishing", "publisher", "publisher")
        second = asyncio.create_task(self._cast.play("copy_editor"))
        await self._cast.play("writer")
        self.outcome.stale = await second
        refused, merged = self.outcome.stale[0], self.outcome.stale[-1]
        self._narrator.say(f"the second Editor's stale save: {refused.get('refused')}, with the difference;")
        self._narrator.say(f'sent again with on_conflict="merge": version {merged["version"]} holds both changes')
        await self._feed.until(_is_file({"published/report.md"}), "the published report", timeout_s=PATIENCE_S)

    def _received(self, told: dict[str, Any]) -> None:
        self.outcome.received.append(told)
        if told.get("accepted") and not told["repeated"]:
            self._narrator.say("the receiver checks the webhook's signature and starts the Analyst")


def _is_file(paths: set[str]) -> Callable[[Event], bool]:
    return lambda event: event["type"] in ("file.created", "file.updated") and event["path"] in paths


async def _forge(url: str) -> int:
    """Send the receiver a webhook that nobody signed and return its status."""
    headers = {"webhook-id": "forged", "webhook-timestamp": "0", "webhook-signature": "v1,bm8="}
    async with aiohttp.ClientSession() as session, session.post(url, data=b"{}", headers=headers) as response:
        return response.status


def expected_log() -> list[str]:
    """Return the lines that the shared log must hold, in any order."""
    from workspace_server.demo.agents.researcher import LOG_LINES

    rounds = [(subject, "researched") for subject in SUBJECTS] + [(SUBJECTS[-1], "corrected")]
    return [f"{subject} {step} {number}" for subject, step in rounds for number in range(1, LOG_LINES + 1)]
