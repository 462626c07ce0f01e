"""MCP's own conformance suite against our transport, guard and eras."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.interfaces import listening as doors
from tests.interfaces.mcp.conformance import Conformance
from tests.node import program

pytestmark = [
    pytest.mark.anyio,
    # The newest version has deprecated what the suite asks servers of the older one for.
    pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning"),
]


async def run(script: str, *arguments: str) -> tuple[int, str]:
    """Run a program of `tests/node` to its end; return its exit code and what it said."""
    found = program.FOLDER / "node_modules/.bin" / script
    command = [str(program.NODE), str(found), *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, env={}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
async def test_no_scored_scenario_of_the_suite_fails(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(doors, "WorkspaceMcp", Conformance)
    async with doors.listening(folder) as served:
        code, said = await run(
            "conformance",
            "server",
            "--url",
            f"{served.url}/mcp",
            "--requirements",
            version,
            "-o",
            str(tmp_path / "out"),
        )
    summary, _, unscored = said.partition("=== SUMMARY ===")[2].partition("Not scored for")
    failed = set(re.findall(r"✗ ([\w-]+)", summary)) - set(re.findall(r"✗ ([\w-]+)", unscored))
    assert failed == set(), said
    assert code == 0, said
    assert len(re.findall(r"✓ [\w-]+: [1-9]", summary)) > 30
