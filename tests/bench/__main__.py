"""`python -m tests.bench [PART ...]`: every figure, or those of some parts, side by side from one run."""

import argparse
import asyncio
import os
import platform

import uvloop

from tests.bench import (
    calls,
    describing,
    engine,
    facts,
    followers,
    hostile,
    index,
    latency,
    processes,
    scale,
    search,
    triggers,
    waiting,
    web,
    webhooks,
)

PARTS = {
    "engine": engine.run,
    "folder": scale.large_folder,
    "listing": scale.large_directory,
    "versions": scale.many_versions,
    "facts": facts.run,
    "describe": describing.run,
    "calls": calls.run,
    "latency": latency.run,
    "triggers": triggers.run,
    "webhooks": webhooks.run,
    "followers": followers.run,
    "waiting": waiting.run,
    "web": web.run,
    "search": search.run,
    "index": index.run,
    "memory": index.memory,
    "processes": processes.run,
    "hostile": hostile.run,
}


async def main(parts: list[str]) -> None:
    """Run the measurements one after the other."""
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    print(
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}: above their number others slow the figures down"
    )
    for part in parts:
        await PARTS[part]()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make bench ARGS=", description="Measure the speed and print it.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}; all by default")
    chosen = parser.parse_args().parts or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(chosen))
