"""The second Editor: read the draft before the first one changed it, and saves after that."""

import asyncio

from workspace_client import Workspace, WorkspaceError

from workspace_server.demo.agents.telling import tell

OLD = "The figures are in the comparison."
NEW = "The figures, each with its source, are in the comparison."


async def main() -> None:
    """Try to save over the other's work, be refused with the difference, and have both merged."""
    async with Workspace(agent="copy-editor") as workspace:
        await workspace.wait_for(["draft.md"])
        first = (await workspace.call("file_history", path="draft.md"))["versions"][-1]
        mine = await workspace.read_file("draft.md", version=first["version"])
        assert mine.text is not None
        text = mine.text.replace(OLD, NEW)
        await workspace.wait_for(["draft.md"], since_seq=first["seq"])
        try:
            await workspace.write_file("draft.md", text, expect_version=mine.version)
        except WorkspaceError as refused:
            tell(refused=refused.code, diff=refused.facts["diff"], by=refused.facts["modified_by"])
        merged = await workspace.write_file("draft.md", text, expect_version=mine.version, on_conflict="merge")
        tell(merged=merged["merged"], version=merged["version"])


if __name__ == "__main__":
    asyncio.run(main())
