"""A workspace with clocks that stand still until they are turned."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from workspace_server.config import Settings
from workspace_server.core.clock import ManualClock
from workspace_server.services.engine import Engine


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def engine(folder: Path, clock: ManualClock) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings(), clock=clock) as opened:
        yield opened
