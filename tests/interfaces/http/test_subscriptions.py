"""What the operator sees of subscriptions over HTTP, and how one is ended."""

import httpx2
import pytest

from tests.interfaces.listening import Listening
from workspace_server.core.subscriptions import handle
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import endpoints, subscriptions

pytestmark = pytest.mark.anyio
URL = "https://events.example.com/hook?key=hidden"


async def test_subscriptions_are_listed_without_secrets_and_ended_with_the_verb_admin_only(
    served: Listening, client: httpx2.AsyncClient
) -> None:
    name = handle("ana", URL, "file.created", {"files": "*.md"})

    async def subscribe(tx: Transaction) -> None:
        await subscriptions.begin(
            tx,
            handle=name,
            token=None,
            principal="ana",
            endpoint_id=(await endpoints.of_url(tx, URL)).endpoint_id,
            event="file.created",
            arguments={"files": "*.md"},
            secret="whsec_hidden",
            refresh_before=None,
            seen=0,
        )

    assert (await client.get("/subscriptions")).json() == {"subscriptions": []}
    await served.engine.db.write(subscribe)
    answer = await client.get("/subscriptions")
    [listed] = answer.json()["subscriptions"]
    assert (listed["subscription"], listed["address"]) == (name, "https://events.example.com")
    assert "hidden" not in answer.text
    assert (await client.get("/subscriptions", headers={"X-Agent": "bo"})).json() == {"subscriptions": []}
    refused = await client.delete(f"/subscriptions/{name}")
    assert (refused.status_code, refused.json()["error"]["verb"]) == (403, "admin")
