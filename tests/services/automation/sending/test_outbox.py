"""The outbox is the same for every kind of delivery, and a failure of our own costs no delivery anything."""

from collections.abc import Sequence

import pytest

from tests.services.receiver import Receiver
from tests.services.webhooks import ANN, attempts_made, save, until, watch
from workspace_server.core.access import SERVER
from workspace_server.core.clock import ManualClock
from workspace_server.delivery.sender import Answer
from workspace_server.services.automation.sending import dispatch, settling
from workspace_server.services.automation.sending.kinds import Request
from workspace_server.services.automation.sending.settling import Settling
from workspace_server.services.engine import Engine
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import attempts, deliveries, endpoints
from workspace_server.storage.tables.deliveries import DeliveryRow

pytestmark = pytest.mark.anyio


class Note:
    """A kind of its own, which says what stands in its row."""

    attempts_max = 2
    ends_endpoint = False

    def __init__(self) -> None:
        self.happened: list[str] = []

    async def request(self, row: DeliveryRow) -> Request:
        assert row.data is not None
        return Request(body=str(row.data["text"]).encode(), headers={"webhook-id": row.message_id})

    async def failed(self, commit: Commit, row: DeliveryRow, failures: int) -> None:
        self.happened.append(f"{row.message_id} failed {failures}")

    async def ended(self, commit: Commit, row: DeliveryRow, *, reason: str | None, attempts: int) -> None:
        self.happened.append(f"{row.message_id} {reason or 'arrived'} after {attempts}")


async def put(engine: Engine, url: str, *names: str) -> None:
    """Put notes into the outbox, all into one lane."""

    async def body(tx: Transaction) -> int:
        endpoint = await endpoints.of_url(tx, url)
        for name in names:
            data = {"text": f"note {name}"}
            await deliveries.insert(
                tx, message_id=name, kind="note", endpoint_id=endpoint.endpoint_id, lane="notes", data=data
            )
        return endpoint.endpoint_id

    engine.deliveries.due(await engine.db.write(body))


async def test_another_kind_of_delivery_has_the_same_order_and_ends_of_its_own(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    note = Note()
    engine.deliveries.take("note", note)
    receiver.answer(500, 500, 410, 204)
    await put(engine, receiver.url, "n1", "n2", "n3")
    await attempts_made(engine, 1)
    clock.advance(10)
    engine.deliveries.look()
    received = await receiver.next(4)
    assert [one.body for one in received] == [b"note n1", b"note n1", b"note n2", b"note n3"]
    while await engine.deliveries.pending():
        await engine.events.wait(engine.head_seq, 0.01)
    assert note.happened == ["n1 failed 1", "n1 HTTP 500 after 2", "n2 HTTP 410 after 1", "n3 arrived after 1"]
    assert (await engine.endpoints.list_endpoints(ANN))["endpoints"][0]["state"] == "active"


async def test_an_attempt_that_could_not_be_recorded_is_made_again(
    engine: Engine, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = attempts.add

    async def refuse(*_: object, **__: object) -> int:
        monkeypatch.setattr(attempts, "add", add)
        raise RuntimeError("the database is not there")

    monkeypatch.setattr(attempts, "add", refuse)
    monkeypatch.setattr(dispatch, "AFTER_FAILURE_S", 0.0)
    await watch(engine, receiver, "a.md")
    await save(engine, "a.md", "a")
    (shown,) = await until(engine, state="delivered")
    assert [one.message_id for one in receiver.received] == [shown["delivery"]] * 2
    assert len(shown["attempts"]) == 1


async def test_all_that_waits_for_a_disabled_endpoint_is_given_up_in_parts(
    engine: Engine, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "GIVEN_UP_AT_ONCE", 2)
    note = Note()
    note.ends_endpoint = True
    engine.deliveries.take("note", note)
    receiver.answer(410)
    names = [f"n{number}" for number in range(6)]
    await put(engine, receiver.url, *names)
    await until(engine, state="dead")
    assert [one.split()[0] for one in note.happened] == names


async def test_what_comes_too_late_changes_nothing(engine: Engine, receiver: Receiver) -> None:
    note = Note()
    engine.deliveries.take("note", note)
    receiver.answer(413)
    await put(engine, receiver.url, "n1")
    await until(engine, state="dead")
    late = Settling({"note": note})

    async def body(commit: Commit) -> Result:
        row = await deliveries.by_message(commit.tx, "n1")
        assert row is not None
        await late.settle(commit, row.delivery_id, Answer(status=500))
        assert not await late.give_up_disabled(commit, row.endpoint_id), "it is not disabled"
        return {}

    await engine.folder.recorder.change(SERVER, "deliver", body)
    assert note.happened == ["n1 HTTP 413 after 1"]
    assert len((await engine.deliveries.get_delivery(ANN, delivery="n1"))["attempts"]) == 1


DUE = "d.endpoint_id = 1 AND d.first = 1 AND d.next_at <= 0 ORDER BY d.next_at LIMIT 16"
OLD = "d.state IN ('delivered', 'dead') AND d.ended_at < 0 LIMIT 16"


@pytest.mark.parametrize(("asked", "index"), [(DUE, "deliveries_due"), (OLD, "deliveries_ended")])
async def test_what_is_looked_for_costs_what_is_found_however_much_there_is(
    engine: Engine, asked: str, index: str
) -> None:
    """The plan: an index gives the rows, in the order that is wanted, and nothing is sorted or passed over."""

    async def plan(tx: Transaction) -> Sequence[str]:
        return [str(row[3]) for row in await tx.all(f"EXPLAIN QUERY PLAN SELECT * FROM deliveries d WHERE {asked}")]

    (only,) = await engine.db.read(plan)
    assert f"SEARCH d USING INDEX {index}" in only
