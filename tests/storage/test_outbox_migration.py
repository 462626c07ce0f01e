"""Webhooks that an older program has left in its outbox go out in their order."""

import asyncio
import time
from pathlib import Path

import apsw
import pytest

from tests.services.receiver import receiving
from tests.services.webhooks import ANN, workspace
from workspace_server.core.clock import ManualClock
from workspace_server.storage.migrations import steps

pytestmark = pytest.mark.anyio

OLD_SCHEMA = 7
FIRING = (
    '{{"trigger": "hook", "firing": "F{0}", "key": {{}}, "mode": "each", "seq": {0}, "inputs": [{{"path": "{1}",'
    ' "version": {0}, "sha256": "", "agent": "ann", "seq": {0}}}], "cause": {{"firing": "F{0}", "root": "F{0}",'
    ' "depth": 1}}}}'
)


def left_behind(folder: Path, url: str, now_s: float) -> None:
    """Make the database of an older program, with one delivery that arrived, one given up, and three that wait."""
    (folder / ".workspace").mkdir(parents=True)
    connection = apsw.Connection(str(folder / ".workspace" / "workspace.db"))
    for number, sql in steps()[:OLD_SCHEMA]:
        connection.execute(sql)
        connection.execute(f"PRAGMA user_version = {number}")
    definition = f'{{"name": "hook", "files": ["*.md"], "mode": "each", "url": "{url}"}}'
    connection.execute(
        "INSERT INTO triggers (trigger_id, name, definition, state, secret, created_at, created_by)"
        " VALUES (1, 'hook', ?, 'deleted', ?, 0, 'ann')",
        (definition, "whsec_" + "QUJD" * 10),
    )
    connection.execute("INSERT INTO endpoints (endpoint_id, url) VALUES (1, ?)", (url,))
    rows = [("a.md", "delivered"), ("b.md", "dead"), ("a.md", "pending"), ("a.md", "pending"), ("b.md", "pending")]
    for number, (path, state) in enumerate(rows, 1):
        connection.execute(
            "INSERT INTO firings VALUES (?1, 1, ?2, ?1, ?3, 'F1', 1, ?4, 0)",
            (number, path, now_s, FIRING.format(number, path)),
        )
        ended_at = None if state == "pending" else now_s
        connection.execute(
            "INSERT INTO deliveries VALUES (?1, ?2, 1, ?1, ?3, ?4, 0, ?5, ?5, ?6, NULL)",
            (number, f"msg_{number}", path, state, now_s, ended_at),
        )
        connection.execute("INSERT INTO attempts VALUES (?, 1, ?, 500, NULL, 1.0, 'no')", (number, now_s))
    connection.close()


async def test_webhooks_of_an_older_schema_arrive_in_their_order_with_their_attempts(folder: Path) -> None:
    clock = ManualClock(wall_s=time.time())
    async with receiving() as receiver:
        await asyncio.to_thread(left_behind, folder, receiver.url, clock.wall_s())
        async with workspace(folder, clock) as engine:
            received = await receiver.next(3)
            while await engine.deliveries.pending():
                await engine.events.wait(engine.head_seq, 0.01)
            of_a = [one.message_id for one in received if one.event["subject"] == "a.md"]
            assert of_a == ["msg_3", "msg_4"]
            assert {one.message_id for one in received} == {"msg_3", "msg_4", "msg_5"}
            assert await engine.deliveries.status() == {"pending": 0, "delivered": 4, "dead": 1}
            shown = await engine.deliveries.get_delivery(ANN, delivery="msg_3")
            assert [one["status"] for one in shown["attempts"]] == [500, 204]
            assert (shown["kind"], shown["firing"], shown["trigger"]) == ("firing", "F3", "hook")
