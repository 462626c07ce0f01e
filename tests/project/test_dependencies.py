"""The dependencies: recent enough to be free of known holes, pinned with hashes, and from no named place."""

import re
import sys
import tomllib
from importlib import metadata

import apsw
import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.project.tree import ROOT

FLOORS = {"mcp": "2.3", "starlette": "1.3.1", "filelock": "4.2.11", "apsw": "3.54", "jinja2": "3.1.6"}
"""The first versions without a vulnerability, or a corruption, that is publicly known."""

LOCK = (ROOT / "requirements.lock").read_text()


def declared() -> list[Requirement]:
    """Return what both distributions and the development group ask for."""
    server = tomllib.loads((ROOT / "pyproject.toml").read_text())
    client = tomllib.loads((ROOT / "clients/python/pyproject.toml").read_text())
    lines = [
        *server["project"]["dependencies"],
        *server["dependency-groups"]["dev"],
        *client["project"]["dependencies"],
    ]
    return [Requirement(line) for line in lines]


def locked() -> dict[str, Version]:
    """Return the pinned version of every distribution in the lock."""
    return {name: Version(version) for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK, re.MULTILINE)}


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_a_version_with_a_known_hole_cannot_be_installed(name: str, floor: str) -> None:
    [required] = {str(one.specifier) for one in declared() if one.name == name}
    lowest = min(
        Version(bound.version) for bound in Requirement(f"{name}{required}").specifier if bound.operator == ">="
    )

    assert lowest >= Version(floor)
    assert locked()[name] >= Version(floor)
    assert Version(metadata.version(name)) >= Version(floor)


def test_sqlite_is_past_the_version_that_could_corrupt_a_log_of_two_connections() -> None:
    assert Version(apsw.sqlite_lib_version()) >= Version("3.51.3")


def test_everything_declared_is_locked_within_its_bounds() -> None:
    pinned = locked()
    for one in declared():
        if one.marker is None or one.marker.evaluate():
            assert pinned[one.name.lower()] in one.specifier, one.name


def test_every_locked_distribution_has_a_hash() -> None:
    entries = re.split(r"^(?=[\w.-]+==)", LOCK, flags=re.MULTILINE)[1:]

    assert len(entries) == len(locked()) > 50
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_names_no_address() -> None:
    assert re.search(r"://|^\s*--(?!hash)|^-", LOCK, re.MULTILINE) is None


def test_python_is_one_that_is_promised() -> None:
    assert sys.version_info >= (3, 11)
