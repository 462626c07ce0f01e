"""Hierarchical: a Manager hands out jobs, reviews what comes back by its facts, and sends one Worker back.

Run it against a server: `python hierarchical.py http://127.0.0.1:8765`.
"""

import asyncio
import sys
import uuid

from workspace_client import Workspace

HERE = f"examples/hierarchical/{uuid.uuid4().hex[:8]}"
"""Where this run has its files: two runs on one workspace do not meet."""
QUEUE = f"measuring-{HERE[-8:]}"
FIRST = {"weight": "Weight: 12 kg", "size": "Length: 80 cm\nWeight: 14 kg"}
CORRECTED = {"size": "Length: 80 cm\nWeight: 12 kg"}


async def work(url: str, name: str) -> None:
    """Do jobs until one says that there are no more."""
    async with Workspace(url, agent=name) as workspace:
        while True:
            job = await workspace.claim_job(QUEUE, wait_seconds=25)
            if job is None:
                continue
            order, _, part = job["instructions"].partition(" ")
            if part:
                said = CORRECTED if order == "again" else FIRST
                await workspace.write_file(f"{HERE}/{part}.md", f"# Crate\n\n{said[part]}\n", overwrite=True)
            await workspace.finish_job(job["job"])
            if order == "stop":
                return


async def manage(url: str) -> None:
    """Hand out, review, send back, accept."""
    async with Workspace(url, agent="manager") as workspace:
        for part in FIRST:
            await workspace.add_job(QUEUE, f"measure {part}")
        ready = await workspace.wait_for([f"{HERE}/{part}.md" for part in FIRST], indexed=True)
        review = await workspace.query_facts(subject="Crate", key="Weight", path=f"{HERE}/", min_seq=ready["seq"])
        print("contradiction:", review["conflicts"])
        if review["conflicts"]:
            await workspace.add_job(QUEUE, "again size")
            ready = await workspace.wait_for([f"{HERE}/size.md"], since_seq=ready["seq"], indexed=True)
        review = await workspace.query_facts(subject="Crate", key="Weight", path=f"{HERE}/", min_seq=ready["seq"])
        print("after the second round:", review["conflicts"])
        for _ in range(2):
            await workspace.add_job(QUEUE, "stop")


async def main(url: str) -> None:
    """Start a Manager and two Workers."""
    await asyncio.gather(manage(url), work(url, "worker-1"), work(url, "worker-2"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python hierarchical.py http://127.0.0.1:8765")
    asyncio.run(main(sys.argv[1]))
