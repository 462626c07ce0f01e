"""The Analyst, started by the webhook whose body comes on standard input: compares by facts, not by files."""

import asyncio
import json
import sys
from typing import Any

from workspace_client import Workspace, WorkspaceError

from workspace_server.demo.agents.packages import SUBJECTS
from workspace_server.demo.agents.telling import tell

KEYS = ("Requires Python", "Dependencies", "Optional dependencies", "Licence")


async def known(workspace: Workspace, subject: str, min_seq: int) -> dict[str, dict[str, Any]]:
    """Return what the facts say about one package, by key; each with its citation."""
    answer = await workspace.query_facts(
        subject=subject, path=f"research/{subject}/", kind="field", detail="full", limit=20, min_seq=min_seq
    )
    return {fact["key"]: fact for fact in reversed(answer["facts"]) if fact["key"] in KEYS}


def comparison(found: dict[str, dict[str, dict[str, Any]]], outlines: dict[str, str]) -> str:
    """Return the comparison: a table, and below it where each value stands."""
    lightest = min(found, key=lambda subject: int(found[subject]["Dependencies"]["value"]))
    lines = [
        "# Comparison",
        "",
        f"- [decision] {lightest} is the lightest to depend on",
        "",
        "| Package | " + " | ".join(KEYS) + " |",
        "|" + "---|" * (len(KEYS) + 1),
    ]
    lines += [f"| {name} | " + " | ".join(facts[key]["value"] for key in KEYS) + " |" for name, facts in found.items()]
    lines += ["", "## Sources", ""]
    for facts in found.values():
        for fact in facts.values():
            cite = f"{fact['path']}@{fact['version']}:{fact['start_line']}"
            lines.append(f"> {fact['quote']}\n> — `{cite}`\n")
    lines += ["## Documents", "", *(f"`{path}` is {title}" for path, title in outlines.items())]
    return "\n".join(lines) + "\n"


async def save(workspace: Workspace, text: str, sources: list[dict[str, Any]]) -> dict[str, Any]:
    """Save the comparison, as the next version when there is one already."""
    try:
        return await workspace.write_file("comparison.md", text, expect_version=0, sources=sources)
    except WorkspaceError as refused:
        if refused.code != "conflict":
            raise
        version = refused.facts["version"]
    return await workspace.write_file("comparison.md", text, expect_version=version, sources=sources)


async def main() -> None:
    """Compare the packages as they stood when the join fired."""
    firing = json.load(sys.stdin)["data"]
    inputs = {row["path"]: row["version"] for row in firing["inputs"]}
    seq = max(row["seq"] for row in firing["inputs"])
    async with Workspace(agent="analyst", cause=firing["firing"]) as workspace:
        found = {subject: await known(workspace, subject, seq) for subject in SUBJECTS}
        outlines = {}
        for subject in SUBJECTS:
            path = f"research/{subject}/overview.md"
            described = await workspace.call("describe_file", path=path, max_tokens=200)
            outlines[path] = f"{described['title']}, {described['lines']} lines"
        sources = [{"path": path, "version": version} for path, version in inputs.items()]
        saved = await save(workspace, comparison(found, outlines), sources)
    tell(compared=saved["version"])


if __name__ == "__main__":
    asyncio.run(main())
