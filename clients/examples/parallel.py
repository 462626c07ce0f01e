"""Parallel, fan-out and fan-in: three Researchers at once; an Analyst that starts when ALL of them are in.

Run it against a server: `python parallel.py http://127.0.0.1:8765`.
"""

import asyncio
import sys
import uuid

from workspace_client import Workspace

TOPICS = {"pricing": "Price: 12 EUR", "features": "Features: 7", "reviews": "Rating: 4.5 of 5"}
HERE = f"examples/parallel/{uuid.uuid4().hex[:8]}"
"""Where this run has its files: two runs on one workspace do not meet."""
REPORTS = [f"{HERE}/research/{topic}.md" for topic in TOPICS]
QUEUE = f"analysis-{HERE[-8:]}"


async def research(url: str, topic: str) -> None:
    """Save one report, and a line in the log that all share: no line is lost."""
    async with Workspace(url, agent=f"researcher-{topic}") as workspace:
        async with workspace.locked(f"{HERE}/research/{topic}.md", purpose="research") as lock:
            await workspace.write_file(f"{HERE}/research/{topic}.md", f"# Product\n\n{TOPICS[topic]}\n", lock=lock)
        await workspace.append(f"{HERE}/log.md", f"{topic} is in\n")


async def analyse(url: str) -> None:
    """Take the job that the join adds once, after the last report; ask for facts instead of reading the files."""
    async with Workspace(url, agent="analyst") as workspace:
        job = None
        while job is None:
            job = await workspace.claim_job(QUEUE, wait_seconds=25)
        await workspace.wait_for(REPORTS, indexed=True)
        lines = []
        for report in job["inputs"]:
            answer = await workspace.query_facts(subject="Product", path=report["path"])
            lines += [f"- {fact['fact']} (`{fact['cite']}`)\n" for fact in answer["facts"]]
        await workspace.write_file(f"{HERE}/comparison.md", "# Comparison\n\n" + "".join(lines), sources=job["inputs"])
        await workspace.finish_job(job["job"])


async def main(url: str) -> None:
    """Define the join, then start everybody."""
    async with Workspace(url, agent="manager") as workspace:
        await workspace.call("create_trigger", name=QUEUE, files=REPORTS, mode="all", queue=QUEUE)
        await asyncio.gather(analyse(url), *(research(url, topic) for topic in TOPICS))
        print((await workspace.read_file(f"{HERE}/comparison.md")).text)
        print((await workspace.read_file(f"{HERE}/log.md")).text)
        await workspace.call("delete_trigger", name=QUEUE)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python parallel.py http://127.0.0.1:8765")
    asyncio.run(main(sys.argv[1]))
