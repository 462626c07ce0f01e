"""`python -m tests.eval`: ask every question, and print what was found beside what is aimed at."""

import argparse
import asyncio
import tempfile
from pathlib import Path

import uvloop

from tests.eval import precision, report
from tests.eval.asking import indexed_workspace
from tests.eval.measuring import measure
from tests.eval.workspace import workspace


async def main(*, misses: bool) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as directory:
        async with indexed_workspace(Path(directory) / "workspace", workspace().values()) as asker:
            measured = await measure(asker)
    for line in report.lines(measured, precision.judged()):
        print(line)
    if misses:
        print("\n".join(report.misses(measured)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make eval ARGS=", description="Ask every question of the evaluation.")
    parser.add_argument("--misses", action="store_true", help="print each question that was not answered as well")
    parser.add_argument("--sample", action="store_true", help="add the facts that are to be judged to the verdicts")
    arguments = parser.parse_args()
    if arguments.sample:
        precision.write_sample()
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main(misses=arguments.misses))
