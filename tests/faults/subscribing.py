"""A server that saves and sends events to a subscription until it is killed, and what must be true then."""

import asyncio
from collections import defaultdict
from multiprocessing.connection import Connection
from pathlib import Path

from tests.faults.sending import WRITER, Double, Lives, save_without_end
from workspace_server.core.subscriptions import ANYTHING, event_id, handle
from workspace_server.delivery.signing import new_secret
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import endpoints, subscriptions

ARGUMENTS = {"types": ["file.created", "file.updated"]}


def serve(folder: Path, url: str, told: Connection, double: Double | None) -> None:
    """Save without end, in a process of its own, with a subscriber at *url*."""
    assert double is None
    asyncio.run(save_without_end(folder, lambda engine: _subscribe(engine, url), told))


async def _subscribe(engine: Engine, url: str) -> None:
    """Make the subscription; a later life finds it there. Its row is made, so that the receiver may speak http."""
    name = handle(WRITER.agent, url, ANYTHING, ARGUMENTS)

    async def body(tx: Transaction) -> None:
        if await subscriptions.by_handle(tx, name) is None:
            endpoint = await endpoints.of_url(tx, url)
            await subscriptions.begin(
                tx,
                handle=name,
                token=None,
                principal=WRITER.agent,
                endpoint_id=endpoint.endpoint_id,
                event=ANYTHING,
                arguments=ARGUMENTS,
                secret=new_secret(),
                refresh_before=None,
                seen=0,
            )

    await engine.db.write(body)


class SubscribedLives(Lives):
    """Servers on one folder that are killed one after the other, with one subscriber."""

    async def _wrong(self, tx: Transaction) -> list[str]:
        rows = await tx.all("SELECT seq, path FROM events WHERE type IN ('file.created', 'file.updated') ORDER BY seq")
        arrived = dict.fromkeys(message for message, _ in self.receiver.arrived)
        wrong = [f"lost: {path} {seq}" for seq, path in rows if event_id(seq) not in arrived]
        wrong += [f"{data} came as {one}" for one, data in self.receiver.arrived if one != event_id(data["seq"])]
        by_path = defaultdict[str, list[int]](list)
        of_seq: dict[int, str] = dict(rows)
        for message in arrived:
            seq = int(message.removeprefix("evt_"))
            by_path[of_seq[seq]].append(seq)
        return wrong + [f"{path} came as {seqs}" for path, seqs in by_path.items() if seqs != sorted(seqs)]
