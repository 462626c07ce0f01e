"""The Writer: turns the comparison into a draft. Saving it starts the Editor."""

import asyncio

from workspace_client import Workspace

from workspace_server.demo.agents.telling import tell

DRAFT = """# Which package to depend on

Status: draft

We looked at three packages {ref}.

The figures are in the comparison.

## Outcome

{outcome}.
"""


async def main() -> None:
    """Write the draft from the decision that the comparison states."""
    async with Workspace(agent="writer") as workspace:
        answer = await workspace.query_facts("lightest to depend on", path="comparison.md", detail="full", limit=1)
        decided = answer["facts"][0]
        source = {"path": decided["path"], "version": decided["version"]}
        text = DRAFT.format(ref=f"({decided['path']}@{decided['version']})", outcome=decided["value"])
        saved = await workspace.write_file("draft.md", text, expect_version=0, sources=[source])
    tell(drafted=saved["version"], decision=decided["value"])


if __name__ == "__main__":
    asyncio.run(main())
