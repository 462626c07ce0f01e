"""What must be true at the end. Each check reads the workspace anew, through the same doors as everybody else."""

import hashlib
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workspace_client import Workspace

from workspace_server.demo.agents.packages import SUBJECTS, all_files
from workspace_server.demo.feed import Event, replay
from workspace_server.demo.story import Outcome, expected_log

FIRINGS = {"analyst": 2, "editor": 2, "publisher": 1}
"""The join once per complete set; the Editor for the draft and for what the second Editor merged into it."""
_QUOTE = re.compile(r"^> (?P<quote>.+)\n> — `(?P<path>[^`@]+)@(?P<version>\d+):(?P<line>\d+)`$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was checked, and what was found."""

    name: str
    passed: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the checks look at."""

    workspace: Workspace
    folder: Path
    outcome: Outcome
    events: list[Event]
    status: dict[str, Any]


async def check_firings(found: Evidence) -> Check:
    """Every trigger fired as often as it should; the join saw all nine files each time."""
    fired = [event for event in found.events if event["type"] == "trigger.fired"]
    counted = dict(Counter(str(event["trigger"]) for event in fired))
    whole = all(len(event["inputs"]) == len(all_files()) for event in fired if event["trigger"] == "analyst")
    return Check(name="firings", passed=counted == FIRINGS and whole, said=f"{counted}, the join with all nine inputs")


async def check_webhooks(found: Evidence) -> Check:
    """Each firing of the join reached the receiver, signed; what nobody signed was turned away."""
    accepted = {line["accepted"] for line in found.outcome.received if "accepted" in line}
    worked = [line["analyst"] for line in found.outcome.received if "analyst" in line]
    passed = len(accepted) == FIRINGS["analyst"] and not any(worked) and found.outcome.forged_status == 401
    said = f"{len(accepted)} signed and accepted, 1 forged and answered with {found.outcome.forged_status}"
    return Check(name="webhooks", passed=passed, said=said)


async def check_jobs(found: Evidence) -> Check:
    """Every job was done: the packages, the correction, and what the triggers added."""
    jobs = found.status["jobs"]
    expected = len(SUBJECTS) + 1 + FIRINGS["editor"] + FIRINGS["publisher"]
    rest = sum(count for state, count in jobs.items() if state != "done")
    return Check(name="jobs", passed=jobs["done"] == expected and not rest, said=f"{jobs['done']} done, {rest} not")


async def check_log(found: Evidence) -> Check:
    """No line of the log that all appended to is lost or doubled."""
    text = (await found.workspace.read_file("log.md")).text or ""
    lines, expected = sorted(text.splitlines()), sorted(expected_log())
    agents = {event["agent"] for event in found.events if event.get("path") == "log.md"}
    said = f"{len(lines)} of {len(expected)} lines by {len(agents)} agents at once"
    return Check(name="shared log", passed=lines == expected, said=said)


async def check_citations(found: Evidence) -> Check:
    """Every quote of the comparison stands where it says that it stands."""
    text = (await found.workspace.read_file("comparison.md")).text or ""
    cited = list(_QUOTE.finditer(text))
    exact = 0
    for match in cited:
        line = await found.workspace.read_file(
            match["path"], version=int(match["version"]), start_line=int(match["line"]), max_lines=1
        )
        exact += match["quote"] in (line.text or "")
    return Check(name="citations", passed=exact == len(cited) > 0, said=f"{exact} of {len(cited)} stand at their place")


async def check_merge(found: Evidence) -> Check:
    """The stale save was refused with a difference, and the merge kept both changes."""
    refused, merged = found.outcome.stale[0], found.outcome.stale[-1]
    text = (await found.workspace.read_file("final.md")).text or ""
    both = "# The lightest package" in text and "each with its source" in text
    passed = refused.get("refused") == "conflict" and bool(refused.get("diff")) and bool(merged["merged"]) and both
    return Check(
        name="stale save", passed=passed, said="refused with a diff, then merged; both changes are in final.md"
    )


async def check_replay(found: Evidence) -> Check:
    """The feed from 0, what the server lists, and the bytes in the folder are the same."""
    replayed = replay(found.events)
    listed = {row["path"] for row in await found.workspace.list_files()}
    on_disk = {
        str(path.relative_to(found.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found.folder.rglob("*")
        if path.is_file() and ".workspace" not in path.parts
    }
    passed = replayed == on_disk and listed == set(replayed)
    return Check(
        name="replay", passed=passed, said=f"{len(found.events)} events from 0 give the folder's {len(on_disk)} files"
    )


CHECKS: tuple[Callable[[Evidence], Awaitable[Check]], ...] = (
    check_firings,
    check_webhooks,
    check_jobs,
    check_log,
    check_citations,
    check_merge,
    check_replay,
)
