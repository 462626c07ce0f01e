"""Fail when a part of the project is covered less than it promises: `coverage_floor.py REPORT.json`."""

import json
import sys
from pathlib import Path
from typing import Any

FLOORS = {
    "workspace_server/core/": 100.0,
    "indexer/": 100.0,
    "": 90.0,
}
"""Percent of lines and branches together, by the start of the path. Pure rules have no excuse."""


def percent(summaries: list[dict[str, Any]]) -> float:
    """Return how much of the lines and branches of several files was run."""
    possible = sum(one["num_statements"] + one["num_branches"] for one in summaries)
    run = sum(one["covered_lines"] + one["covered_branches"] for one in summaries)
    return 100.0 * run / possible if possible else 100.0


def gaps(path: str, file: dict[str, Any]) -> str:
    """Return what was not run in one file, in one line."""
    branches = ", ".join(f"{start}->{'exit' if end < 0 else end}" for start, end in file["missing_branches"])
    lines = ", ".join(map(str, file["missing_lines"]))
    return f"  {path}: {file['summary']['percent_covered']:.1f} %; lines {lines or 'all'}; branches {branches or 'all'}"


def main(report: Path) -> int:
    """Print one line per floor, name what is missing below the full ones, and return the exit code."""
    files: dict[str, dict[str, Any]] = json.loads(report.read_text())["files"]
    failed = False
    for prefix, floor in FLOORS.items():
        part = {path: file for path, file in files.items() if path.startswith(prefix)}
        reached = percent([file["summary"] for file in part.values()])
        ok = bool(part) and reached >= floor
        failed |= not ok
        print(f"{'ok  ' if ok else 'LOW '} {prefix or 'all':30} {reached:6.2f} % (at least {floor} %)")
        if not ok:
            short = [(path, file) for path, file in part.items() if file["summary"]["percent_covered"] < floor]
            print("\n".join(gaps(path, file) for path, file in short))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
