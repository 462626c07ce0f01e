"""The operator's webhook about what needs a person: every entry arrives, signed and in order, also over a kill."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from tests.processes import Serving
from tests.services.receiver import Receiver
from tests.services.webhooks import ANN, SETTINGS, told, until, workspace
from workspace_server.cli.api import Address, Api
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.retry import WAIT_S_MAX
from workspace_server.core.scopes import ALL
from workspace_server.errors import InvalidArgument
from workspace_server.services.automation.sending.attention_posts import receiver_of
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

SECRET = "whsec_" + "QUFB" * 10
OWNER = Caller(agent="owner", scope=ALL)


@pytest.fixture
async def engine(folder: Path, clock: ManualClock, receiver: Receiver) -> AsyncIterator[Engine]:
    settings = replace(SETTINGS, attention_url=receiver.url, attention_secret=SECRET)
    async with workspace(folder, clock, settings) as opened:
        yield opened


async def fail(engine: Engine) -> None:
    """Let a job fail, which puts it on the list."""
    job = (await engine.jobs.add_job(ANN, queue="q", instructions="Work."))["job"]
    await engine.jobs.claim_job(ANN, queue="q")
    await engine.jobs.finish_job(ANN, job=job, outcome="failed", note="no figures")


async def test_what_comes_and_what_goes_is_told_signed_and_in_order(engine: Engine, receiver: Receiver) -> None:
    await fail(engine)
    await engine.decisions.dismiss(OWNER, attention="A1", note="seen")
    added, resolved = [one.verify(SECRET) for one in await receiver.next(2)]

    assert (added["type"], added["subject"]) == ("attention.added", "A1")
    assert added["data"]["summary"] == "J1 of q failed: no figures"
    assert added["data"]["url"] == f"{engine.folder.base_url}/attention/A1"
    assert (resolved["type"], resolved["data"]["outcome"]) == ("attention.resolved", "dismissed")
    [log] = await told(engine, "attention.added")
    assert added["sequence"] == str(log["seq"])
    shown = await until(engine, state="delivered")
    assert [(one["kind"], "trigger" in one) for one in shown] == [("attention", False)] * 2


async def test_an_entry_about_a_file_names_it(engine: Engine, receiver: Receiver) -> None:
    options = {"approval": "Publish it?", "settle": "immediate"}
    await engine.triggers.create_trigger(ANN, name="publish", files=["a.md"], options=options)
    await engine.files.write_file(ANN, path="a.md", content="x")
    [added] = await receiver.next()

    said = added.verify(SECRET)
    assert (said["subject"], said["data"]["path"], said["data"]["kind"]) == ("a.md", "a.md", "approval")
    assert "cause" not in said["data"]


async def test_one_that_is_given_up_is_on_the_list_and_is_not_told_in_turn(engine: Engine, receiver: Receiver) -> None:
    receiver.answer(410)
    await fail(engine)
    await until(engine, state="dead")
    listed = (await engine.decisions.list_attention(ANN))["attention"]
    assert [one["kind"] for one in listed] == ["dead_letter", "dead_job"]

    await engine.decisions.retry(OWNER, attention=listed[0]["attention"])
    await until(engine, state="delivered")
    assert [one["kind"] for one in (await engine.decisions.list_attention(ANN))["attention"]] == ["dead_job"]
    assert len({one.message_id for one in receiver.received}) == 1
    assert len(receiver.received) == 2


async def test_an_answer_that_fails_is_asked_for_again(engine: Engine, receiver: Receiver, clock: ManualClock) -> None:
    receiver.answer(500)
    await fail(engine)
    [first] = await receiver.next()
    await until(engine, state="pending")
    while len(receiver.received) < 2:
        clock.advance(WAIT_S_MAX)
        engine.deliveries.look()
        await engine.events.wait(engine.head_seq, 0.05)

    assert {one.message_id for one in receiver.received} == {first.message_id}
    await until(engine, state="delivered")


async def test_what_is_still_on_its_way_when_the_setting_goes_is_given_up(
    folder: Path, clock: ManualClock, receiver: Receiver
) -> None:
    settings = replace(SETTINGS, deliveries=False, attention_url=receiver.url, attention_secret=SECRET)
    async with workspace(folder, clock, settings) as engine:
        await fail(engine)
    async with workspace(folder, clock) as engine:
        [given_up] = await until(engine, state="dead")

    assert given_up["reason"] == "the setting attention.url is gone"
    assert receiver.received == []


async def test_nothing_is_sent_unless_the_settings_say_where(folder: Path, clock: ManualClock) -> None:
    async with workspace(folder, clock) as engine:
        await fail(engine)
        assert (await engine.deliveries.list_deliveries(ANN))["deliveries"] == []


@pytest.mark.parametrize(
    ("url", "secret", "argument"),
    [
        ("https://hooks.example.com/x", None, "attention.secret"),
        ("https://hooks.example.com/x", "hush", "attention.secret"),
        (None, SECRET, "attention.url"),
        ("ftp://hooks.example.com/x", SECRET, "attention.url"),
    ],
)
def test_a_receiver_needs_an_address_and_a_secret(url: str | None, secret: str | None, argument: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        receiver_of(replace(SETTINGS, attention_url=url, attention_secret=secret))
    assert refusal.value.facts["argument"] == argument
    assert "hush" not in str(refusal.value)


async def test_what_a_kill_cuts_off_arrives_from_the_next_server(folder: Path, receiver: Receiver) -> None:
    env = {"WORKSPACE_SERVER_ATTENTION_URL": receiver.url, "WORKSPACE_SERVER_ATTENTION_SECRET": SECRET}
    server = Serving(folder, "--allow-loopback-webhooks", env=env)
    await anyio.to_thread.run_sync(server.start)
    receiver.gate.clear()

    def fail() -> None:
        api = Api(lambda: Address(url=server.url), agent="ann")
        job = api.post("/queues/q:add", {"instructions": "Work."})["job"]
        api.post("/queues/q:claim")
        api.post(f"/jobs/{job}:finish", {"outcome": "failed"})

    await anyio.to_thread.run_sync(fail)
    [cut_off] = await receiver.next()
    server.kill()
    receiver.gate.set()
    await anyio.to_thread.run_sync(server.start)
    try:
        [again] = await receiver.next()
    finally:
        await anyio.to_thread.run_sync(server.stop)

    assert re.fullmatch(r"msg_attention_\d+", again.message_id)
    assert again.message_id == cut_off.message_id
    assert again.verify(SECRET)["data"] == cut_off.verify(SECRET)["data"]
