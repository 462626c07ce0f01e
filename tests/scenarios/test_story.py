"""The whole story, as the demo plays it; and once more with the server killed in every scene of it."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from workspace_client import Workspace

from workspace_server.demo.narrator import Narrator
from workspace_server.demo.performance import look_at, perform_on, stage_server
from workspace_server.demo.processes import Server
from workspace_server.demo.story import Outcome, Story
from workspace_server.storage.upkeep.integrity import find_damage

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]


async def test_the_story_is_played_and_its_checks_would_notice_if_it_were_not(tmp_path: Path) -> None:
    server = stage_server(tmp_path)
    await server.start()
    try:
        outcome = await Story(server, tmp_path, Narrator(colour=False)).play()
        checks, costs = await look_at(server, outcome)
        assert [check.said for check in checks if not check.passed] == []
        assert [cost.answered for cost in costs] == [12, 12, 12]
        assert costs[0].tokens < costs[1].tokens < costs[2].tokens
        assert not list(find_damage(server.folder))

        await spoil(server, outcome)
        checks, _ = await look_at(server, outcome)
        assert [check.name for check in checks if check.passed] == []
    finally:
        await server.stop()


async def spoil(server: Server, outcome: Outcome) -> None:
    """Do what each check is there to find."""
    async with Workspace(server.url, agent="vandal") as workspace:
        log = await workspace.read_file("log.md")
        lines = (log.text or "").splitlines(keepends=True)
        await workspace.write_file("log.md", "".join(lines[1:]), expect_version=log.version)
        comparison = await workspace.read_file("comparison.md")
        text = (comparison.text or "").replace("> Dependencies: ", "> Dependencies: 1", 1)
        await workspace.write_file("comparison.md", text, expect_version=comparison.version)
        await workspace.write_file("final.md", "another text\n", overwrite=True)
        await workspace.add_job("research", "one more")
        assert await workspace.claim_job("publishing", wait_seconds=25)  # so the trigger has fired once too often
    outcome.forged_status = 204
    (server.folder / "unseen.pyc").write_bytes(b"the server does not take this in")


class Killer(Narrator):
    """A narrator that kills the server at chosen moments of its story, and starts it again.

    Args:
        moments: Each kills once, when it comes.
    """

    def __init__(self, server: Server, moments: list[Callable[[Mapping[str, Any]], bool]]) -> None:
        super().__init__(colour=False)
        self._server = server
        self._kill = asyncio.Lock()
        self.moments = moments
        self.kills: list[asyncio.Task[None]] = []

    def event(self, event: Mapping[str, Any]) -> None:
        super().event(event)
        for moment in [moment for moment in self.moments if moment(event)]:
            self.moments.remove(moment)
            self.kills.append(asyncio.create_task(self._kill_server()))

    async def _kill_server(self) -> None:
        async with self._kill:
            self.say("the server is killed, and started again")
            await self._server.kill()
            await self._server.start()


def saves(path: str, version: int = 1) -> Callable[[Mapping[str, Any]], bool]:
    return lambda event: event["type"].startswith("file.") and event["path"] == path and event["version"] == version


def fires(trigger: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda event: event["type"] == "trigger.fired" and event["trigger"] == trigger


@pytest.mark.unmeasured
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed_again_and_again(tmp_path: Path) -> None:
    server = stage_server(tmp_path)
    killer = Killer(
        server,
        [
            saves("research/mcp/overview.md"),  # under a lock, while others write
            saves("log.md", 12),  # while all append
            fires("analyst"),  # with the webhook on its way
            saves("comparison.md"),
            saves("draft.md"),  # with the Editor's job due but not made
            saves("draft.md", 2),  # between an edit and the unlock
            fires("publisher"),
        ],
    )
    await server.start()
    try:
        assert await perform_on(server, tmp_path, killer)
        await asyncio.gather(*killer.kills)
    finally:
        await server.stop()
    assert not killer.moments
    assert not list(find_damage(server.folder))
