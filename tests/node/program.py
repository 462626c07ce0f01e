"""Programs in JavaScript that the tests start: they speak to the server with what others have written."""

import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent
NODE = FOLDER / "node_modules/.bin/node"
ENDS_S = 60.0


def command(script: str, *arguments: str) -> list[str]:
    """Return what starts the program *script* of this folder."""
    assert NODE.exists(), "what tests/node/package-lock.json names is not installed; run scripts/setup-node"
    return [str(NODE), str(FOLDER / script), *arguments]


def run(script: str, *arguments: str, given: str = "") -> str:
    """Run the program *script* to its end, with *given* as its input, and return what it printed."""
    ended = subprocess.run(
        command(script, *arguments),
        check=False,
        env={},
        input=given,
        capture_output=True,
        text=True,
        timeout=ENDS_S,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
