"""Webhook subscriptions as their clients ask for them: over the wire, in both eras, with the extension's refusals."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError

from tests.authority import Authority
from tests.interfaces.mcp.events.listening import ask
from tests.interfaces.mcp.events.test_polling import write
from tests.interfaces.mcp.test_streamable import META, MODERN
from tests.interfaces.mcp.workspace import ERAS, named, serving
from tests.services.receiver import listening
from tests.services.subscribing.subscriber import Subscriber
from workspace_server.core.access import Caller
from workspace_server.core.limits import Limits
from workspace_server.core.scopes import NOTHING
from workspace_server.interfaces.mcp.server import WorkspaceMcp
from workspace_server.interfaces.mcp.streamable import SessionManager, mcp_routes
from workspace_server.services.subscribing import asked

pytestmark = pytest.mark.anyio
ANN = named("ann")


@asynccontextmanager
async def reached(folder: Path, **settings: Any) -> AsyncIterator[tuple[WorkspaceMcp, Subscriber]]:
    """Serve *folder*, beside a receiver that it can reach."""
    authority = Authority(folder.parent)
    receiver = Subscriber()
    given = {"webhooks_allow_loopback": True, "webhooks_ca_file": str(authority.ca_file), **settings}
    async with listening(receiver, tls=authority.tls()), serving(folder, **given) as server:
        yield server, receiver


def delivery(receiver: Subscriber, **more: Any) -> dict[str, Any]:
    return {"mode": "webhook", "url": receiver.url, "secret": receiver.secret, **more}


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_subscribes_hears_refreshes_and_unsubscribes(folder: Path, mode: str) -> None:
    async with reached(folder) as (server, receiver), Client(server, mode=mode) as client:
        asked = {"name": "file.created", "arguments": {"files": "*.md"}, "_meta": ANN}
        granted = await ask(client, "events/subscribe", delivery=delivery(receiver), ttlMs=120_000, **asked)
        assert set(granted) == {"id", "refreshBefore", "cursor", "truncated"}
        await write(client, "a.md")
        event = await receiver.heard()
        assert event["data"]["path"] == "a.md"
        polled = await ask(client, "events/poll", name="file.created", cursor=granted["cursor"])
        assert [one["eventId"] for one in polled["events"]] == [event["eventId"]]
        refreshed = await ask(client, "events/subscribe", delivery=delivery(receiver), **asked)
        assert refreshed["id"] == granted["id"]
        assert refreshed["refreshBefore"] > granted["refreshBefore"]
        assert await ask(client, "events/unsubscribe", delivery={"url": receiver.url}, **asked) == {}
        assert await ask(client, "events/unsubscribe", delivery={"url": receiver.url}, **asked) == {}


async def test_only_an_explicit_null_asks_for_a_life_without_an_end(folder: Path) -> None:
    async with reached(folder) as (server, receiver):
        sessions = SessionManager(server)
        app = mcp_routes(sessions)[0].app  # type: ignore[attr-defined]
        headers = {"mcp-protocol-version": MODERN, "mcp-method": "events/subscribe", "x-agent": "ann"}
        headers["accept"] = "application/json, text/event-stream"
        async with sessions.run():
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
                for ttl, endless in (({"ttlMs": None}, True), ({}, False), ({"ttlMs": 1}, False)):
                    params = {"name": "file.created", "delivery": delivery(receiver), "_meta": META, **ttl}
                    body = {"jsonrpc": "2.0", "id": 1, "method": "events/subscribe", "params": params}
                    answer = (await client.post("/mcp", json=body, headers=headers)).json()["result"]
                    assert "refreshBefore" in answer
                    assert (answer["refreshBefore"] is None) is endless


@pytest.mark.parametrize("mode", ERAS)
async def test_what_cannot_be_subscribed_to_is_refused_by_the_extensions_numbers(
    folder: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reached(folder) as (server, receiver), Client(server, mode=mode) as client:

        async def refusal(method: str = "events/subscribe", **more: Any) -> tuple[int, Any]:
            asked = {"name": "file.created", "delivery": delivery(receiver), "_meta": ANN, **more}
            with pytest.raises(MCPError) as refused:
                await ask(client, method, **asked)
            json.dumps(refused.value.error.data)
            return refused.value.error.code, refused.value.error.data

        for wrong in (
            {"delivery": {"mode": "webhook", "url": receiver.url}},
            {"delivery": delivery(receiver, url="http://127.0.0.1:1/hook")},
            {"delivery": delivery(receiver, secret="whsec_c2hvcnQ=")},
            {"arguments": {"files": 7}},
            {"ttlMs": -1},
        ):
            assert (await refusal(**wrong))[0] == -32602, wrong
        assert (await refusal(name="file.opened"))[1]["kind"] == "event"
        code, data = await refusal("events/unsubscribe")
        assert (code, data["kind"]) == (-32011, "subscription")
        assert (await refusal(_meta=named("anonymous")))[0] == -32012
        code, data = await refusal(delivery=delivery(receiver, mode="push"))
        assert (code, data) == (-32014, {"feature": "deliveryMode", "value": "push"})
        receiver.echo = {}
        code, data = await refusal()
        assert (code, data["reason"]) == (-32015, "challenge_failed")
        receiver.echo = None
        monkeypatch.setattr(asked, "LIMITS", Limits(subscriptions_per_agent_max=0))
        code, data = await refusal()
        assert (code, data["limit"], data["max"]) == (-32013, "subscriptions of one agent", 0)


async def test_an_end_carries_the_numbers_that_the_setting_asks_for(folder: Path) -> None:
    async with reached(folder, mcp_provisional_error_codes=True) as (server, receiver), Client(server) as client:
        await ask(client, "events/subscribe", name="file.created", delivery=delivery(receiver), _meta=ANN)
        engine = server._engine
        engine.subscribing.standing = lambda agent, _token: Caller(agent=agent, scope=NOTHING)
        await write(client, "a.md", agent="bob")
        assert (await receiver.heard())["error"]["code"] == -32024
