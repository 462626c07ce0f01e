"""What every test may rely on: one event loop, no blocking calls in it, and an empty folder to serve."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from blockbuster import BlockBuster
from hypothesis import HealthCheck, settings

from tests.blocking import guard_against_blocking

# The same examples every time, so that a change is what turns a run red; the long runs draw new ones.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("long", parent=settings.get_profile("default"), max_examples=2_000, derandomize=False)
settings.load_profile("default")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Asynchronous tests run on asyncio's own loop, whose debug facilities uvloop lacks."""
    return "asyncio", {"use_uvloop": False}


@pytest.fixture(autouse=True)
def no_blocking_calls(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail an asynchronous test whose server code blocks the event loop (ruff's rules miss most such calls)."""
    if request.node.get_closest_marker("anyio") is None or request.node.get_closest_marker("blocking"):
        yield
        return
    guard = _guard()
    guard.activate()
    yield
    guard.deactivate()


@functools.cache
def _guard() -> BlockBuster:
    """Return the one guard of this process: it is dear to make, and cheap to switch on and off."""
    return guard_against_blocking(["workspace_server", "indexer", "workspace_client"])


@pytest.fixture(autouse=True)
def measured_processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes be started without the measuring of coverage where so many are that it would be what takes long."""
    if request.node.get_closest_marker("unmeasured") is not None:
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder, ready to be served as a workspace."""
    path = tmp_path / "workspace"
    path.mkdir()
    return path
