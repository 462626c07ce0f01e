"""Who asks too often waits for the refusal, where that costs the server nothing; others go on meanwhile."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest

from tests.interfaces.listening import listening
from workspace_server.core.access import Caller
from workspace_server.core.rates import Rates
from workspace_server.core.scopes import ALL
from workspace_server.interfaces import doorway

pytestmark = pytest.mark.anyio


async def test_a_guess_too_many_waits_while_others_are_served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others_were_served, rests = asyncio.Event(), []

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        await others_were_served.wait()

    monkeypatch.setattr(doorway, "asyncio", SimpleNamespace(sleep=rest))
    async with listening(folder) as served, httpx2.AsyncClient(base_url=served.url) as client:
        made = await served.engine.tokens.create_token(Caller(agent="boss", scope=ALL), agent="ann")
        served.engine.tokens._misses = Rates(each=1e-6, total=1e-6, now_s=0.0)
        wrong = {"authorization": f"Bearer wst_{'0' * 12}_{'x' * 43}"}
        guess = asyncio.create_task(client.get("/api/v1/files", headers=wrong))
        right = await client.get("/api/v1/files", headers={"authorization": f"Bearer {made['token']}"})
        assert right.status_code == 200
        others_were_served.set()
        assert (await guess).status_code == 429
        assert rests == [1.0]
