"""The four patterns: each example is short, and does what it says."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import clean_environment, serving

pytestmark = pytest.mark.unmeasured
EXAMPLES = Path(__file__).parents[2] / "clients" / "examples"
LINES_MAX = 60


def play(name: str, folder: Path) -> str:
    """Run an example twice on one workspace and return what the second run said."""
    with serving(folder) as server:
        for _ in range(2):
            done = example(name, server.url)
            assert done.returncode == 0, done.stderr
    return done.stdout


def example(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments]
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=90, check=False)


def runs(name: str, folder: Path) -> list[Path]:
    """Return the folders that the runs of an example have made."""
    return list((folder / "examples" / name).iterdir())


def test_sequential_hands_the_text_from_one_to_the_next(folder: Path) -> None:
    assert "Locks keep two agents" in play("sequential", folder)
    for run in runs("sequential", folder):
        assert (run / "site/locks.md").read_text() == (run / "final.md").read_text()


def test_parallel_starts_the_analyst_once_all_are_in(folder: Path) -> None:
    said = play("parallel", folder)
    for fact in ("12 EUR", "7", "4.5 of 5"):
        assert fact in said
    for run in runs("parallel", folder):
        assert len((run / "log.md").read_text().splitlines()) == 3


def test_hierarchical_finds_the_contradiction_and_has_it_corrected(folder: Path) -> None:
    first, second = play("hierarchical", folder).splitlines()
    assert "12 kg" in first
    assert "14 kg" in first
    assert second == "after the second round: []"


def test_event_driven_refuses_the_stale_save_and_merges(folder: Path) -> None:
    said = play("event_driven", folder)
    assert "refused (conflict)" in said
    assert "# The title" in said
    assert "a good start" in said


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_says_how_to_be_run(path: Path) -> None:
    done = example(path.stem)
    assert done.returncode == 1
    assert done.stderr.startswith(f"usage: python {path.name} http://")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_fits_on_a_screen(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LINES_MAX
