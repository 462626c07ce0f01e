"""A whole performance: the stage, the story, the checks, the report."""

import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from workspace_client import Workspace

from workspace_server.demo.checks import CHECKS, Check, Evidence
from workspace_server.demo.feed import all_events, status
from workspace_server.demo.narrator import Narrator
from workspace_server.demo.processes import Failed, Server
from workspace_server.demo.story import Outcome, Story
from workspace_server.demo.tokens import Cost, measure

WHOLE_S = 300.0
"""No performance takes longer, whatever goes wrong."""


async def perform(*, keep: bool, narrator: Narrator) -> bool:
    """Play the story on a temporary folder and return whether every check passed.

    Args:
        keep: Leave the server running until somebody ends it, and the folder where it is. The folder also stays, with
            the logs of all processes beside it, when a check failed.
    """
    stage = Path(tempfile.mkdtemp(prefix="workspace-demo-"))
    server = stage_server(stage)
    passed = False
    try:
        await server.start()
        narrator.say(f"a server on an empty folder: {server.url}")
        passed = await perform_on(server, stage, narrator)
        if keep:
            print(f"\nLook around: {server.url}/   The folder: {server.folder}", flush=True)
            print("Ctrl-C, or `workspace-server stop` in the folder, ends the server.", flush=True)
            await _interrupted_or(server.ended())
        else:
            print(f"\nLook around yourself: workspace-server demo --keep   (the web address was {server.url}/)")
        return passed
    finally:
        await server.stop()
        if passed and not keep:
            shutil.rmtree(stage, ignore_errors=True)
        elif passed:
            print(f"\nThe server has ended. Its folder stays until you remove it: rm -r {stage}")
        else:
            print(f"\nEverything is left in {stage}, with the logs of all processes.")


def stage_server(stage: Path) -> Server:
    """Return a server, not yet started, for a folder below *stage*."""
    folder = stage / "workspace"
    folder.mkdir()
    return Server(folder, stage / "server.log")


async def perform_on(server: Server, stage: Path, narrator: Narrator) -> bool:
    """Play the story on a running server, print the report and return whether every check passed."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(WHOLE_S):
            outcome = await Story(server, stage, narrator).play()
            checks, costs = await look_at(server, outcome)
    except (Failed, TimeoutError) as error:
        narrator.check("the story", False, str(error) or f"not over within {WHOLE_S:g} s")
        return False
    report(narrator, checks, costs, time.monotonic() - began)
    return all(check.passed for check in checks)


async def look_at(server: Server, outcome: Outcome) -> tuple[list[Check], list[Cost]]:
    """Make the checks, and measure what asking costs."""
    async with Workspace(server.url, agent="audience") as workspace:
        costs = await measure(workspace)
        evidence = Evidence(
            workspace=workspace,
            folder=server.folder,
            outcome=outcome,
            events=await all_events(server.url),
            status=await status(server.url),
        )
        return [await check(evidence) for check in CHECKS], costs


def report(narrator: Narrator, checks: list[Check], costs: list[Cost], seconds: float) -> None:
    """Print how it went."""
    narrator.scene("Checks", f"the story took {seconds:.1f} s")
    for check in checks:
        narrator.check(check.name, check.passed, check.said)
    narrator.scene("Tokens", "twelve questions about the three packages (1 token = 4 bytes of the answer)")
    least = costs[0].tokens
    narrator.table(
        ("", "tokens", "answered", "times as many"),
        [(cost.way, f"{cost.tokens:,}", f"{cost.answered} of 12", f"{cost.tokens / least:.1f}") for cost in costs],
    )


async def _interrupted_or(over: Coroutine[Any, Any, None]) -> None:
    """Return when the person at the terminal wants to leave, or when *over* has returned."""
    waiting = asyncio.create_task(over)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, waiting.cancel)
    with suppress(asyncio.CancelledError):
        await waiting
