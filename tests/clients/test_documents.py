"""The programs that stand in the documents run as they stand there, on a fresh folder and once more."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import clean_environment, serving

pytestmark = pytest.mark.unmeasured
ROOT = Path(__file__).parents[2]
ADDRESS = "http://127.0.0.1:8765"


@pytest.mark.parametrize(
    ("document", "said"), [("README.md", "('Pump · Pressure: 8 bar', 'pump.md@1:3')"), ("docs/clients.md", "- begin")]
)
def test_the_program_of_a_document_runs(document: str, said: str, folder: Path) -> None:
    [program] = re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)
    with serving(folder) as server:
        command = [sys.executable, "-c", program.replace(ADDRESS, server.url)]
        for _ in range(2):
            done = subprocess.run(
                command, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, done.stderr
            assert said in done.stdout
