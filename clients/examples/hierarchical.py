"""Hierarchical: a Manager hands out jobs, reviews what comes back by its facts, and sends one Worker back.

Run it against a server: `python hierarchical.py http://127.0.0.1:8765`.
"""

import asyncio
import sys

from workspace_client import Workspace

FIRST = {"weight": "Weight: 12 kg", "size": "Length: 80 cm\nWeight: 14 kg"}
CORRECTED = {"size": "Length: 80 cm\nWeight: 12 kg"}


async def work(url: str, name: str) -> None:
    """Do jobs until one says that there are no more."""
    async with Workspace(url, agent=name) as workspace:
        while True:
            job = await workspace.claim_job("measuring", wait_seconds=25)
            if job is None:
                continue
            order, _, part = job["instructions"].partition(" ")
            if part:
                said = CORRECTED if order == "again" else FIRST
                await workspace.write_file(f"parts/{part}.md", f"# Crate\n\n{said[part]}\n", overwrite=True)
            await workspace.finish_job(job["job"])
            if order == "stop":
                return


async def manage(url: str) -> None:
    """Hand out, review, send back, accept."""
    async with Workspace(url, agent="manager") as workspace:
        for part in FIRST:
            await workspace.add_job("measuring", f"measure {part}")
        ready = await workspace.wait_for([f"parts/{part}.md" for part in FIRST], indexed=True)
        review = await workspace.query_facts(subject="Crate", key="Weight", min_seq=ready["seq"])
        print("contradiction:", review["conflicts"])
        if review["conflicts"]:
            await workspace.add_job("measuring", "again size")
            ready = await workspace.wait_for(["parts/size.md"], since_seq=ready["seq"], indexed=True)
        review = await workspace.query_facts(subject="Crate", key="Weight", min_seq=ready["seq"])
        print("after the second round:", review["conflicts"])
        for _ in range(2):
            await workspace.add_job("measuring", "stop")


async def main(url: str) -> None:
    """Start a Manager and two Workers."""
    await asyncio.gather(manage(url), work(url, "worker-1"), work(url, "worker-2"))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
