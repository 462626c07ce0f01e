"""The Manager: plans, hands out the work, and later reviews it: `manager.py plan|review`."""

import asyncio
import os
import sys
from typing import Any

from workspace_client import Workspace

from workspace_server.demo.agents.packages import SUBJECTS, all_files
from workspace_server.demo.agents.telling import tell

PLAN = """# Plan

Goal: Say which of these packages is the lightest to depend on.
Packages: {packages}

- [rule] A Researcher locks the folder of its package, reads the package's metadata and hands in three files
- [rule] A Researcher whose package depends on another one also notes what that one depends on
"""


async def plan(workspace: Workspace) -> None:
    """Write the plan, say what is to follow from which file, and add a job per package."""
    text = PLAN.format(packages=", ".join(SUBJECTS))
    written = await workspace.write_file("plan.md", text, message="what we are after")
    await workspace.call(
        "create_trigger",
        name="analyst",
        files=all_files(),
        mode="all",
        url=os.environ["DEMO_WEBHOOK_URL"],
        instructions="Compare the packages by their facts and cite them.",
        options={"refire": "any", "secret": os.environ["DEMO_WEBHOOK_SECRET"]},
    )
    await workspace.call(
        "create_trigger", name="editor", files=["draft.md"], queue="editing", instructions="Edit the draft."
    )
    await workspace.call(
        "create_trigger", name="publisher", files=["final.md"], queue="publishing", instructions="Publish it."
    )
    for subject in SUBJECTS:
        await workspace.add_job("research", f"Package: {subject}", inputs=["plan.md"], key=f"research-{subject}")
    tell(planned=list(SUBJECTS), seq=written["seq"])


async def review(workspace: Workspace) -> None:
    """Ask whether the Researchers agree; send the one back who spoke about somebody else's package."""
    for subject in SUBJECTS:
        answer = await workspace.query_facts(subject=subject, key="Dependencies", path="research/", detail="full")
        for conflict in answer["conflicts"]:
            mistaken = _mistaken(subject, conflict)
            if mistaken is None:
                continue
            await workspace.add_job(
                "research",
                f"Package: {mistaken}\nAgain: count the dependencies of {subject}, without the optional ones.",
            )
            tell(conflict=conflict, sent_back=mistaken, about=subject)
            return
    tell(conflict=None)


def _mistaken(subject: str, conflict: dict[str, Any]) -> str | None:
    """Return the package whose Researcher contradicts the one who researched *subject* itself."""
    folders = {citation.split("/")[1] for citation in _citations(conflict)}
    others = folders - {subject}
    return min(others) if subject in folders and others else None


def _citations(conflict: dict[str, Any]) -> list[str]:
    return [said["cite"] for said in conflict["values"]]


async def main() -> None:
    """Do what the argument says."""
    async with Workspace(agent="manager") as workspace:
        await {"plan": plan, "review": review}[sys.argv[1]](workspace)


if __name__ == "__main__":
    asyncio.run(main())
