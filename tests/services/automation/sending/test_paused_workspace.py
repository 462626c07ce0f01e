"""While the workspace is paused nothing is sent out; what is due waits, and goes when the workspace goes on."""

import pytest

from tests.services.receiver import Receiver
from tests.services.webhooks import ANN, save, until, watch
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import ALL
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

OWNER = Caller(agent="owner", scope=ALL)


async def test_webhooks_wait_for_a_paused_workspace_and_none_is_lost(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    await watch(engine, receiver, "*.md")
    await engine.agents.pauses.pause_workspace(OWNER)
    await engine.files.write_file(OWNER, path="a.md", content="by a person, who may write\n")
    await engine.automation.settle()

    [waiting] = (await engine.deliveries.list_deliveries(ANN))["deliveries"]
    assert (waiting["state"], waiting["attempts"], receiver.received) == ("pending", [], [])

    clock.advance(600)
    await engine.agents.pauses.resume_workspace(OWNER)
    await save(engine, "b.md", "an agent goes on\n")
    sent = await receiver.next(2)
    assert min(float(one.headers["webhook-timestamp"]) for one in sent) >= int(clock.wall_s())
    assert [one["state"] for one in await until(engine, state="delivered")] == ["delivered", "delivered"]
