"""The walls between the layers, and that the checker sees a hole in each of them."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.tree import ROOT, imports, sources

HOLES = {
    "Imports point down": ("workspace_server/core/limits.py", "import workspace_server.services"),
    "No face knows another": ("workspace_server/interfaces/web/__init__.py", "import workspace_server.interfaces.http"),
    "The indexer knows nothing of the server": ("indexer/__init__.py", "import workspace_server.core.limits"),
    "Only storage knows SQLite": ("workspace_server/services/__init__.py", "import apsw"),
    "Services speak no protocol": ("workspace_server/services/__init__.py", "import starlette"),
    "Only delivery sends requests out": ("workspace_server/services/__init__.py", "import aiohttp"),
    "Only storage watches the disk and holds its lock": ("workspace_server/services/__init__.py", "import watchdog"),
}
"""Of each contract in pyproject.toml: where a line breaks it."""

DISK_AND_CLOCK = {
    "asyncio", "glob", "io", "multiprocessing", "os", "random", "secrets", "select", "shutil", "signal", "socket",
    "sqlite3", "subprocess", "tempfile", "threading", "time", "urllib.request",
}  # fmt: skip
"""What pure rules have no use for."""


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=tree, capture_output=True, check=False, text=True, timeout=100)


def test_every_import_points_down() -> None:
    result = lint_imports(ROOT)

    assert result.returncode == 0, result.stdout
    for contract in HOLES:
        assert f"{contract} KEPT" in result.stdout


def test_a_hole_in_any_wall_is_found(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ("workspace_server", "indexer"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for module, line in HOLES.values():
        with (tmp_path / module).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")

    result = lint_imports(tmp_path)

    assert result.returncode != 0
    for contract in HOLES:
        assert f"{contract} BROKEN" in result.stdout


def impurities(source: str) -> list[str]:
    """Return the imports of a core module that pure rules may not have."""
    found = []
    for name in imports(ast.parse(source)):
        ours = name.startswith(("workspace_server.core", "workspace_server.config", "workspace_server.errors"))
        touches = any(name == banned or name.startswith(f"{banned}.") for banned in DISK_AND_CLOCK)
        if touches or not (ours or name.partition(".")[0] in sys.stdlib_module_names):
            found.append(name)
    return found


def test_core_imports_nothing_that_others_wrote_and_nothing_that_touches_the_world() -> None:
    found = {path.name: impurities(path.read_text()) for path in sources("workspace_server/core")}

    assert {name: names for name, names in found.items() if names} == {}


@pytest.mark.parametrize("line", ["import os", "from os import path", "import pydantic", "def f():\n    import time"])
def test_a_core_module_that_touches_the_world_is_found(line: str) -> None:
    assert impurities(line)


def strangers(source: str) -> list[str]:
    """Return what a client imports of the server's packages."""
    return [name for name in imports(ast.parse(source)) if name.split(".")[0] in {"workspace_server", "indexer"}]


def test_clients_speak_only_the_wire() -> None:
    found = {str(path.relative_to(ROOT)): strangers(path.read_text()) for path in sources("clients")}

    assert {name: names for name, names in found.items() if names} == {}
    assert strangers("from workspace_server.core import limits")
