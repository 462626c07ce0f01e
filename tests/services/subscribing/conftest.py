"""A workspace by a clock that stands still, and a receiver of its events that speaks https."""

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import pytest

from tests.authority import Authority
from tests.services.receiver import listening
from tests.services.subscribing.subscriber import Subscriber
from workspace_server.config import Settings
from workspace_server.core.clock import ManualClock
from workspace_server.services.engine import Engine


class Reopen(Protocol):
    """Opens the workspace; call it again once the block has ended, for the next server."""

    def __call__(self, **settings: object) -> AbstractAsyncContextManager[Engine]: ...


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(wall_s=float(int(time.time())))  # receivers refuse what is signed at another time


@pytest.fixture
def reopen(folder: Path, clock: ManualClock, authority: Authority) -> Reopen:
    def opened(**settings: object) -> AbstractAsyncContextManager[Engine]:
        given = {"webhooks_allow_loopback": True, "webhooks_ca_file": str(authority.ca_file), **settings}
        return Engine.open(folder, settings=Settings(**given), clock=clock)  # type: ignore[arg-type]

    return opened


@pytest.fixture
async def engine(reopen: Reopen) -> AsyncIterator[Engine]:
    async with reopen() as opened:
        yield opened


@pytest.fixture
async def subscriber(authority: Authority) -> AsyncIterator[Subscriber]:
    receiver = Subscriber()
    async with listening(receiver, tls=authority.tls()):
        yield receiver
