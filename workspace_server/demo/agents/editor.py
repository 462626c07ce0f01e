"""The Editor, started by `workspace-server work` whenever the draft is saved by somebody else."""

import asyncio
import json
import sys

from workspace_client import Workspace

from workspace_server.demo.agents.telling import tell

OPENING = "# Which package to depend on"
EDITED = "# The lightest package to depend on"


async def main() -> None:
    """Edit a fresh draft under lock; make a draft that is edited already the final text."""
    job = json.load(sys.stdin)
    async with Workspace() as workspace:
        draft = await workspace.read_file("draft.md")
        assert draft.text is not None
        if EDITED in draft.text:
            source = {"path": "draft.md", "version": draft.version}
            final = draft.text.replace("Status: draft", "Status: final")
            await workspace.write_file("final.md", final, expect_version=0, sources=[source])
            tell(finished=draft.version, job=job["job"])
            return
        async with workspace.locked("draft.md", purpose="editing the headline") as lock:
            edits = [{"old_text": OPENING, "new_text": EDITED}]
            edited = await workspace.edit_file("draft.md", edits, lock=lock, message="a headline that says it")
        tell(edited=edited["version"], job=job["job"])


if __name__ == "__main__":
    asyncio.run(main())
