"""Runs, deliveries and receivers in the web view."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from tests.interfaces.web.flows.conftest import Send
from tests.services.receiver import Receiver
from tests.services.webhooks import until
from workspace_server.core.access import Caller
from workspace_server.services.subscribing.outbox import KIND
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import deliveries, endpoints, subscriptions

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")
EDITOR = Caller(agent="editor")


@pytest.fixture
async def sending(served: Listening) -> AsyncIterator[None]:
    """Let webhooks leave while the test runs."""
    running = asyncio.create_task(served.engine.deliveries.run())
    yield
    running.cancel()


async def text(client: httpx2.AsyncClient, address: str) -> str:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


async def hook(served: Listening, receiver: Receiver) -> None:
    await served.engine.triggers.create_trigger(
        ANA, name="hook", files=["draft.md"], url=receiver.url, options={"settle": "immediate"}
    )


async def test_before_anything_has_fired_the_pages_say_what_to_do(reader: httpx2.AsyncClient) -> None:
    assert "Nothing has fired yet" in await text(reader, "/runs")
    assert "Nothing was sent" in await text(reader, "/deliveries")
    assert "Nobody receives webhooks yet" in await text(reader, "/receivers")


async def test_a_run_is_told_as_steps_and_the_one_that_went_wrong_stands_out(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    create = served.engine.triggers.create_trigger
    await create(ANA, name="edit", files=["draft.md"], queue="edit", options={"settle": "immediate"})
    await create(ANA, name="check", files=["edited.md"], queue="check", options={"settle": "immediate"})
    await hand.write("draft.md", "one", message="first <words>")
    await served.engine.jobs.claim_job(EDITOR, queue="edit")
    await hand.write("edited.md", "two", agent="editor")
    await served.engine.jobs.finish_job(EDITOR, job="J1")
    await served.engine.jobs.claim_job(EDITOR, queue="check")
    await served.engine.jobs.finish_job(EDITOR, job="J2", outcome="failed", note="no such <rule>")
    listed, html = await text(reader, "/runs"), await text(reader, "/runs/F1")

    assert '<a class="seen" href="/runs/F1">F1</a>' in listed
    assert '<span class="tag bad">failed</span>' in listed
    steps = re.findall(r'<li id="(\w+)"', html)
    assert [name for name in steps if not name.startswith("c")] == ["F1", "J1", "F2", "J2"]
    assert [name[0] for name in steps] == ["c", "F", "J", "c", "F", "J"]
    assert "first &lt;words&gt;" in html
    assert "It went wrong at" in html
    assert html.count("no such &lt;rule&gt;") == 2
    assert 'href="/jobs/J2"' in html
    assert "Firings of" in await text(reader, "/runs?trigger=check")
    assert (await reader.get("/runs/F9")).status_code == 404


async def test_runs_that_one_save_began_say_so(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    create = served.engine.triggers.create_trigger
    for name, files in (("left", ["draft.md"]), ("right", ["draft.md"]), ("both", ["draft.md", "last.md"])):
        mode = "all" if len(files) > 1 else None
        await create(ANA, name=name, files=files, mode=mode, queue=name, options={"settle": "immediate"})
    await hand.write("draft.md", "one")
    await hand.write("last.md", "two")
    html = await text(reader, "/runs")
    told = (await served.engine.runs.list_runs(ANA))["runs"]

    assert {one["trigger"]: one["others"] for one in told} == {"left": 1, "right": 1, "both": 0}
    assert html.count("with 1 other<") == 2


async def test_a_run_that_asks_a_person_leads_to_the_question(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    options = {"approval": "Publish it?", "settle": "immediate"}
    await served.engine.triggers.create_trigger(ANA, name="ask", files=["draft.md"], options=options)
    await hand.write("draft.md", "one")
    html = await text(reader, "/runs/F1")

    assert "waits for a person" in html
    assert '<a class="button" href="/attention">Decide</a>' in html
    assert "a person is asked about" in html


@pytest.mark.usefixtures("sending")
async def test_a_delivery_shows_each_attempt_and_is_sent_again(
    served: Listening, receiver: Receiver, person: httpx2.AsyncClient, hand: Hand, send: Send
) -> None:
    await hook(served, receiver)
    receiver.answer(413)
    await hand.write("draft.md", "one")
    (dead,) = await until(served.engine, state="dead")
    address = f"/deliveries/{dead['delivery']}"
    html = await text(person, address)

    assert "<strong>413</strong>" in html
    assert "given up" in html
    assert "&#34;trigger&#34;:&#34;hook&#34;" in html, "the body is shown"
    assert "whsec_" not in html
    assert "Send it again" in html
    run = await text(person, "/runs/F1")
    assert "It went wrong at" in run
    assert f'action="{address}"' in run
    answer = await send(address, action="redeliver")
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    await until(served.engine, state="delivered")
    assert "<strong>204</strong>" in await text(person, address)
    assert (await send(address, action="explode")).status_code == 400


@pytest.mark.usefixtures("sending")
async def test_deliveries_are_narrowed_down(
    served: Listening, receiver: Receiver, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hook(served, receiver)
    await hand.write("draft.md", "one")
    (sent,) = await until(served.engine, state="delivered")

    for address in (
        "/deliveries",
        "/deliveries?state=delivered",
        "/deliveries?trigger=hook",
        "/deliveries?endpoint=E1",
    ):
        assert sent["delivery"] in await text(reader, address), address
    assert "None is like that" in await text(reader, "/deliveries?state=dead")
    assert (await reader.get("/deliveries?state=lost")).status_code == 400
    assert sent["delivery"] in await text(reader, "/triggers/hook")


@pytest.mark.usefixtures("sending")
async def test_a_person_holds_a_receiver_back_and_tries_it(
    served: Listening, receiver: Receiver, person: httpx2.AsyncClient, hand: Hand, send: Send
) -> None:
    await hook(served, receiver)
    tried = await send("/triggers/hook", action="send")
    assert tried.headers["location"].startswith("/deliveries/msg_")
    await until(served.engine, state="delivered")
    answer = await send("/receivers", action="pause", name="E1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/receivers")
    await hand.write("draft.md", "one")
    html = await text(person, "/receivers")
    assert '<span class="tag hold">paused</span>' in html
    assert "receiver paused" in await text(person, "/triggers")
    await send("/receivers", action="resume", name="E1")
    await until(served.engine, state="delivered")
    await send("/receivers", action="enable", name="E1")
    for fields in ({"action": "pause", "name": "E9"}, {"action": "explode"}, {"action": "end", "name": "absent"}):
        refused = await send("/receivers", **fields)
        assert refused.status_code in {400, 404}
        assert 'role="alert"' in refused.text


async def subscribe(served: Listening) -> None:
    """Let an agent have subscribed to the log, and something be on its way to it."""

    async def body(tx: Transaction) -> None:
        endpoint = await endpoints.of_url(tx, "http://127.0.0.1:9/events")
        await subscriptions.begin(
            tx,
            handle="sub_1",
            token=None,
            principal="<b>ana</b>",
            endpoint_id=endpoint.endpoint_id,
            event="file.updated",
            arguments={"files": ["<i>*.md</i>"]},
            secret="whsec_" + "QUJD" * 10,
            refresh_before=None,
            seen=0,
        )
        gone = {"control": {"type": "gap"}, "subscription": 99}
        await deliveries.insert(
            tx, message_id="msg_gone", kind=KIND, endpoint_id=endpoint.endpoint_id, lane="l", data=gone, dead="ended"
        )

    await served.engine.db.write(body)


async def test_subscriptions_are_listed_and_ended_by_the_owner(
    served: Listening, reader: httpx2.AsyncClient, person: httpx2.AsyncClient, send: Send
) -> None:
    await subscribe(served)
    html = await text(person, "/receivers")

    assert "&lt;b&gt;ana&lt;/b&gt;" in html
    assert "file.updated" in html
    assert "&lt;i&gt;*.md&lt;/i&gt;" in html
    assert "whsec_" not in html
    assert "come in with <code>workspace-server open</code>" in await text(reader, "/receivers")
    answer = await send("/receivers", action="end", name="sub_1")
    assert answer.status_code == 303
    assert "No agent has subscribed" in await text(person, "/receivers")


async def test_what_goes_to_a_subscription_is_shown_to_the_owner_only(
    served: Listening, reader: httpx2.AsyncClient, person: httpx2.AsyncClient
) -> None:
    await subscribe(served)
    assert "the subscription is forgotten" in await text(person, "/deliveries/msg_gone")
    assert '<h2 id="body">' not in await text(reader, "/deliveries/msg_gone")
