"""Whoever waits for news is woken through every door of a real server, in both eras."""

from collections.abc import Iterator

import anyio
import httpx2
import pytest
from mcp_types import CLIENT_CAPABILITIES_META_KEY, PROTOCOL_VERSION_META_KEY, ResourceUpdatedNotification

from tests.doors import DOORS, entered
from tests.interfaces.mcp.events.listening import Ear, ask, stream
from tests.processes import Serving

pytestmark = pytest.mark.anyio
MODERN = "2026-07-28"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    serving = Serving(tmp_path_factory.mktemp("news") / "workspace")
    serving.start()
    yield serving
    assert serving.stop() == 0


@pytest.mark.parametrize("door", DOORS)
async def test_an_event_reaches_the_stream_of_a_client_at_every_door(server: Serving, door: str) -> None:
    ear = Ear()
    path = f"{door.replace(' ', '-')}.md"
    async with entered(door, server, "ann", extensions=[ear]) as ann, entered(door, server, "bob") as bob:
        at = (await ask(ann.client, "events/poll", name="file.created"))["cursor"]
        async with stream(ann.client, name="file.created", arguments={"files": path}):
            await ear.next("active")
            await bob.done("write_file", path=path, content="x")
            event = await ear.next("event")
        found = await ask(ann.client, "events/poll", name="file.created", cursor=at)
    assert event["data"]["agent"] == "bob"
    assert [one["eventId"] for one in found["events"]] == [event["eventId"]]


@pytest.mark.parametrize("door", [door for door in DOORS if MODERN in door])
async def test_a_change_wakes_who_listens_at_every_door(server: Serving, door: str) -> None:
    path = f"heard-{door.replace(' ', '-')}.md"
    async with (
        entered(door, server, "ann") as ann,
        entered(door, server, "bob") as bob,
        ann.client.listen(resource_subscriptions=[f"workspace:///{path}"]) as heard,
    ):
        await bob.done("write_file", path=path, content="x")
        with anyio.fail_after(10):
            event = await anext(heard)
    assert getattr(event, "uri", None) == f"workspace:///{path}"


@pytest.mark.filterwarnings("ignore:resources/.*subscribe is removed")
@pytest.mark.parametrize("door", [door for door in DOORS if "legacy" in door])
async def test_a_change_wakes_who_subscribed_by_a_handshake_at_every_door(server: Serving, door: str) -> None:
    path = f"subscribed-{door.replace(' ', '-')}.md"
    heard: list[str] = []
    woken = anyio.Event()

    async def hear(message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            heard.append(str(message.params.uri))
            woken.set()

    async with entered(door, server, "ann", message_handler=hear) as ann, entered(door, server, "bob") as bob:
        await ann.client.session.subscribe_resource(f"workspace:///{path}")
        await bob.done("write_file", path=path, content="x")
        with anyio.fail_after(10):
            await woken.wait()
    assert heard == [f"workspace:///{path}"]


async def test_a_client_that_takes_no_stream_is_told_that_it_can_have_none(server: Serving) -> None:
    meta = {PROTOCOL_VERSION_META_KEY: MODERN, CLIENT_CAPABILITIES_META_KEY: {}}
    params = {"name": "file.created", "_meta": meta}
    body = {"jsonrpc": "2.0", "id": 1, "method": "events/stream", "params": params}
    headers = {"accept": "application/json", "mcp-protocol-version": MODERN, "mcp-method": "events/stream"}
    async with httpx2.AsyncClient() as client:
        answer = await client.post(f"{server.url}/mcp", json=body, headers=headers)
    error = answer.json()["error"]
    assert (error["code"], error["data"]) == (-32014, {"feature": "deliveryMode", "value": "push"})
