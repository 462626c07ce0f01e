"""One real server for the scenarios that leave nothing behind for each other."""

import secrets
from collections.abc import Iterator

import pytest

from tests.processes import Serving, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for all of these: what is refused leaves nothing behind."""
    folder = tmp_path_factory.mktemp("served") / "workspace"
    folder.mkdir()
    (folder / "seed.md").write_text("seed\n")
    with serving(folder) as served:
        yield served
        served.kill()  # nothing of it is wanted any more, so nobody waits for its index


@pytest.fixture
def room() -> str:
    """A directory of one test's own."""
    return f"room-{secrets.token_hex(4)}"
