"""The Publisher, started by `workspace-server work` when the final text is saved."""

import asyncio
import json
import sys

from workspace_client import Workspace

from workspace_server.demo.agents.telling import tell


async def main() -> None:
    """Publish the version that the trigger saw, whatever happened since."""
    job = json.load(sys.stdin)
    final = job["inputs"][0]
    async with Workspace() as workspace:
        text = (await workspace.read_file(final["path"], version=final["version"])).text
        note = f"\nPublished: from {final['path']}@{final['version']}\n"
        await workspace.write_file("published/report.md", f"{text}{note}", expect_version=0, sources=[final])
    tell(published=final)


if __name__ == "__main__":
    asyncio.run(main())
