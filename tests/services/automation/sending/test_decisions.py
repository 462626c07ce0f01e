"""What a person decides about webhooks: letters that were given up, and receivers that want no more."""

import pytest

from tests.services.receiver import Receiver
from tests.services.webhooks import ANN, save, told, until, watch
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

PAT = Caller(agent="pat", scope=ALL)


async def listed(engine: Engine, *, ended: bool = False) -> list[tuple[str, str]]:
    found = (await engine.decisions.list_attention(ANN, ended=ended))["attention"]
    return [(one["kind"], one.get("outcome", "open")) for one in found]


async def test_a_letter_that_was_given_up_leaves_the_list_once_it_has_arrived(
    engine: Engine, receiver: Receiver
) -> None:
    await watch(engine, receiver, "draft.md")
    receiver.answer(413, 413)
    await save(engine, "draft.md", "one")
    await until(engine, state="dead")
    assert await listed(engine) == [("dead_letter", "open")]

    await engine.decisions.retry(PAT, attention="A1")
    await receiver.next(2)
    await until(engine, state="dead")
    assert await listed(engine) == [("dead_letter", "open")]

    await engine.decisions.retry(PAT, attention="A1")
    await until(engine, state="delivered")
    assert await listed(engine) == []
    assert await listed(engine, ended=True) == [("dead_letter", "delivered")]
    assert len(await told(engine, "attention.added")) == 1


async def test_a_receiver_that_wants_no_more_is_called_again_when_a_person_says_so(
    engine: Engine, receiver: Receiver
) -> None:
    await watch(engine, receiver, "draft.md")
    receiver.answer(410)
    await save(engine, "draft.md", "one")
    await until(engine, state="dead")
    assert await listed(engine) == [("dead_letter", "open"), ("endpoint_disabled", "open")]

    await engine.decisions.retry(PAT, attention="A1")

    assert await listed(engine, ended=True) == [("endpoint_disabled", "enabled")]
    await save(engine, "draft.md", "two")
    assert [one.event["data"]["inputs"][0]["version"] for one in await receiver.next(2)] == [1, 2]
