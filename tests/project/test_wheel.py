"""What a user installs: the built wheel, in an environment that holds nothing else, starts and serves."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

from tests.project.tree import ROOT, files
from workspace_server import __version__

PROGRAM = "workspace-server"


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command to its end and return what it printed; its complaints are shown when it fails."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, check=False, text=True, timeout=240)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    return result.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build both distributions from a copy of the project, and return their wheels by name."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheels")
    for path in files():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for project in (copy, copy / "clients/python"):
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, cwd=project)
    return {wheel.name.partition("-")[0]: wheel for wheel in out.glob("*.whl")}


@pytest.fixture
def installed(wheels: dict[str, Path], tmp_path: Path) -> Path:
    """Install the server's wheel with what it asks for, in the locked versions, and return where the programs are."""
    versions = tmp_path / "versions.txt"
    versions.write_text(
        "\n".join(re.findall(r"^[\w.-]+==[^\s;]+", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    )
    venv.create(tmp_path / "environment")
    programs = tmp_path / "environment/bin"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(programs / "python")]
    run(*pip, "install", "--no-compile", "--constraint", versions, wheels["workspace_server"])
    return programs


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_the_wheels_hold_every_file_of_their_packages_and_nothing_else(wheels: dict[str, Path]) -> None:
    names = {str(path.relative_to(ROOT)) for path in files()}
    client = {
        name.removeprefix("clients/python/") for name in names if name.startswith("clients/python/workspace_client/")
    }

    assert contents(wheels["workspace_server"]) == {
        name for name in names if name.startswith(("workspace_server/", "indexer/"))
    }
    assert contents(wheels["workspace_client"]) == client


def test_both_wheels_carry_the_version_of_the_package(wheels: dict[str, Path]) -> None:
    assert {wheel.name.split("-")[1] for wheel in wheels.values()} == {__version__}
    assert len(wheels) == 2


def test_the_wheel_installs_into_an_empty_environment_and_serves(installed: Path, folder: Path) -> None:
    program = installed / PROGRAM
    assert __version__ in run(program, "--version")
    (folder / "notes.md").write_text("# Notes\n")

    clean = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "PYTHON"))}
    server = subprocess.Popen(
        [program, "serve", folder, "--port", "0"],
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert server.stdout is not None
        printed = ""
        while "/mcp" not in printed:
            line = server.stdout.readline()
            assert line, f"the server ended: {printed}"
            printed += line
        address = next(word for word in printed.split() if word.startswith("http://127.0.0.1:")).split("/mcp")[0]
        with urllib.request.urlopen(f"{address.rstrip('/')}/healthz", timeout=20) as answer:
            assert answer.status == 200
        listed = json.loads(run(program, "call", "list_files", "detail=full", cwd=folder))
        assert [file["path"] for file in listed["files"]] == ["notes.md"]
    finally:
        server.terminate()
        rest, _ = server.communicate(timeout=60)
    assert server.returncode == 0, rest
