"""`python -m tests.soak [PART…] [--minutes N]`: run the long tests, and print what they have counted."""

import argparse
import logging
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.soak import (
    calls,
    crowd,
    deliveries,
    full,
    fuzzing,
    hostile,
    interop,
    machine,
    power,
    storm,
    swapping,
    syscalls,
)
from tests.soak.parts import WRONG_SHOWN, Budget, Part, Report

PARTS = {
    part.name: part
    for part in (
        Part("calls", "doubles of the disk: killed, cut off or refused at every call", calls.run, 3),
        Part("syscalls", "strace: killed or refused at every changing system call", syscalls.run, 4),
        Part("power", "ext4 on a loop device, copied while a server writes", power.run, 2),
        Part("full", "tmpfs without room, and without inodes", full.run),
        Part("storm", "8 agents over HTTP, MCP and stdio; agents and servers stopped and killed", storm.run, 3),
        Part("swap", "every door, while directories change places with links to outside", swapping.run),
        Part("model", "whatever agents do in any order, against a plain model of it", machine.run),
        Part("fuzz", "paths, patterns, grants, headers, questions, front matter, signatures, times", fuzzing.run),
        Part("deliveries", "webhooks from commit to answer; the server is killed 200 times", deliveries.run, 2),
        Part("crowd", "20 processes started at once on a fresh folder, some killed, and their owner", crowd.run),
        Part("interop", "the recipes for Airflow and Prefect, with the real frameworks", interop.run),
        Part("hostile", "files and questions made to do harm, and huge ones, while agents save and ask", hostile.run),
    )
}
MINUTES = 15.0


def main() -> int:
    """Run the parts that were asked for and return 1 when anything was wrong."""
    parser = argparse.ArgumentParser(prog="make soak ARGS=…", description="Long tests under faults.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all, if none is named")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="for all parts together (%(default)s)")
    given = parser.parse_args()
    unknown = set(given.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    logging.disable(logging.CRITICAL)  # servers say a lot under faults
    chosen = [PARTS[name] for name in given.parts or PARTS]
    unit_s = given.minutes * 60 / sum(part.share for part in chosen)
    reports = [(part, *_run(part, part.share * unit_s)) for part in chosen]
    print(f"\n{datetime.now(UTC):%Y-%m-%d}\n\n| Part | What it does | Seconds | Result |\n|---|---|---|---|")
    for part, report, seconds in reports:
        print(f"| `{part.name}` | {part.shows} | {seconds:.0f} | {'' if report.why else 'ran: '}{report} |")
    return int(any(report.wrong for _, report, _ in reports))


def _run(part: Part, seconds: float) -> tuple[Report, float]:
    print(f"{part.name}: {part.shows}, for {seconds:.0f} s", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"soak-{part.name}-") as base:
        report = part.run(Path(base), Budget(seconds))
    print(f"  {report}")
    for wrong in report.wrong[:WRONG_SHOWN]:
        print(f"  WRONG {wrong[:1000]}")
    return report, time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
