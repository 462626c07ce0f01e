"""Sequential: a Writer drafts, an Editor edits what the Writer saved, a Publisher publishes what the Editor saved.

Run it against a server: `python sequential.py http://127.0.0.1:8765`. Each agent could be a process of its own, on a
machine of its own: they know nothing of each other but the names of the files.
"""

import asyncio
import sys
import uuid

from workspace_client import Workspace

HERE = f"examples/sequential/{uuid.uuid4().hex[:8]}"
"""Where this run has its files: two runs on one workspace do not meet."""
DRAFT, FINAL, PAGE = f"{HERE}/draft.md", f"{HERE}/final.md", f"{HERE}/site/locks.md"


async def write(url: str) -> None:
    """Save the draft."""
    async with Workspace(url, agent="writer") as workspace:
        await workspace.write_file(DRAFT, "# Locks\n\nLocks keeps two agents from doing the same work.\n")


async def edit(url: str) -> None:
    """Wait for the draft, edit it under a lock, and hand it on as the final text."""
    async with Workspace(url, agent="editor") as workspace:
        await workspace.wait_for([DRAFT])
        async with workspace.locked(DRAFT, purpose="grammar") as lock:
            await workspace.edit_file(DRAFT, [{"old_text": "Locks keeps", "new_text": "Locks keep"}], lock=lock)
        draft = await workspace.read_file(DRAFT)
        source = {"path": DRAFT, "version": draft.version}
        await workspace.write_file(FINAL, draft.text or "", sources=[source])


async def publish(url: str) -> None:
    """Wait for the final text and publish it."""
    async with Workspace(url, agent="publisher") as workspace:
        await workspace.wait_for([FINAL])
        final = await workspace.read_file(FINAL)
        source = {"path": FINAL, "version": final.version}
        await workspace.write_file(PAGE, final.text or "", sources=[source])


async def main(url: str) -> None:
    """Start all three at once: the files put them in order."""
    await asyncio.gather(publish(url), edit(url), write(url))
    async with Workspace(url, agent="reader") as workspace:
        print((await workspace.read_file(PAGE)).text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python sequential.py http://127.0.0.1:8765")
    asyncio.run(main(sys.argv[1]))
