"""`python -m tests.bench`: every figure, side by side, from one run."""

import asyncio
import platform

import uvloop

from tests.bench import calls, engine, latency, processes


async def main() -> None:
    """Run the measurements one after the other."""
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for part in (engine, calls, latency, processes):
        await part.run()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
