"""A workspace that sends webhooks, by a clock that stands still, and a receiver for them."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.receiver import Receiver, receiving
from tests.services.webhooks import workspace
from workspace_server.core.clock import ManualClock
from workspace_server.services.engine import Engine


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(wall_s=time.time())  # receivers refuse what is signed at another time


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def engine(folder: Path, clock: ManualClock) -> AsyncIterator[Engine]:
    async with workspace(folder, clock) as opened:
        yield opened
