"""Event-driven: whoever saves a draft starts the Editor; nobody polls, and nobody knows who that is.

Run it against a server: `python event_driven.py http://127.0.0.1:8765`. Here the Editor is a function; a program is
started in the same way by `workspace-server work QUEUE -- PROGRAM`.
"""

import asyncio
import sys
import uuid

from workspace_client import Workspace, WorkspaceError

HERE = f"examples/event_driven/{uuid.uuid4().hex[:8]}"
"""Where this run has its files: two runs on one workspace do not meet."""
DRAFT = f"{HERE}/draft.md"
QUEUE = f"editing-{HERE[-8:]}"


async def edit_once(url: str) -> None:
    """Wait for a job, which a saved draft makes; a stale save is refused and merged."""
    async with Workspace(url, agent="editor") as workspace:
        job = None
        while job is None:
            job = await workspace.claim_job(QUEUE, wait_seconds=25)
        path, version = job["inputs"][0]["path"], job["inputs"][0]["version"]
        draft = await workspace.read_file(path, version=version)
        edited = (draft.text or "").replace("Teh title", "The title")
        await interfere(url)
        try:
            await workspace.write_file(path, edited, expect_version=version)
        except WorkspaceError as refused:
            print(f"refused ({refused.code}):\n{refused.facts['diff']}")
            await workspace.write_file(path, edited, expect_version=version, on_conflict="merge")
        await workspace.finish_job(job["job"])


async def interfere(url: str) -> None:
    """Change the same draft meanwhile, in another place."""
    async with Workspace(url, agent="writer") as workspace:
        await workspace.edit_file(DRAFT, [{"old_text": "a start", "new_text": "a good start"}])


async def main(url: str) -> None:
    """Say what follows from a saved draft, then save one."""
    async with Workspace(url, agent="writer") as workspace:
        await workspace.call("create_trigger", name=QUEUE, files=[DRAFT], queue=QUEUE, options={"settle": "immediate"})
        await workspace.write_file(DRAFT, "# Teh title\n\nSome text between.\n\nThis is a start.\n")
        await edit_once(url)
        print((await workspace.read_file(DRAFT)).text)
        await workspace.call("delete_trigger", name=QUEUE)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python event_driven.py http://127.0.0.1:8765")
    asyncio.run(main(sys.argv[1]))
