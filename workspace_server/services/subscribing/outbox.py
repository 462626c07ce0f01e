"""What goes to a subscription, put into the outbox that webhooks go through as well; all inside somebody's transaction.

An event goes under an id of its own per subscription, since each has its own attempts; the receiver sees the event's.
"""

import secrets
from typing import Any, Final

from workspace_server.core.subscriptions import event_id
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import deliveries, subscriptions
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.subscriptions import SubscriptionRow

KIND: Final = "subscription"
"""The kind of delivery."""


async def put_event(tx: Transaction, row: SubscriptionRow, event: Event) -> None:
    """Send an event; one that was sent before, to the same subscription in an earlier life, is sent again."""
    message_id = f"{event_id(event.seq)}.{row.handle}"
    there = await deliveries.by_message(tx, message_id)
    if there is not None:
        await deliveries.begin_again(tx, [there])
        delivery_id = there.delivery_id
    else:
        delivery_id = await deliveries.insert(
            tx,
            message_id=message_id,
            kind=KIND,
            endpoint_id=row.endpoint_id,
            lane=f"{row.handle} {event.path or ''}",
            data={"subscription": row.subscription_id, "seq": event.seq},
        )
    await subscriptions.put_on_way(tx, row.subscription_id, event.seq, delivery_id)


async def put_control(tx: Transaction, row: SubscriptionRow, said: dict[str, Any]) -> None:
    """Send something that is no event: its `type` says what."""
    await deliveries.insert(
        tx,
        message_id=control_id(said["type"]),
        kind=KIND,
        endpoint_id=row.endpoint_id,
        lane=f"{row.handle} :{said['type']}",
        data={"subscription": row.subscription_id, "control": said},
    )


async def give_up(tx: Transaction, row: SubscriptionRow, reason: str) -> None:
    """Give up every event that is on its way."""
    for seq, delivery_id in await subscriptions.on_way(tx, row.subscription_id):
        delivery = await deliveries.by_id(tx, delivery_id)
        await deliveries.end(tx, delivery, "dead", failures=delivery.failures, reason=reason)
        await subscriptions.take_off_way(tx, row.subscription_id, seq)


async def end(tx: Transaction, row: SubscriptionRow) -> None:
    """End a subscription whose client knows that it does."""
    await give_up(tx, row, "the subscription has ended")
    await subscriptions.end(tx, row.subscription_id)


async def terminate(tx: Transaction, row: SubscriptionRow, error: dict[str, Any]) -> None:
    """End a subscription and tell its receiver why, as `{code, message, data?}`."""
    await end(tx, row)
    await put_control(tx, row, {"type": "terminated", "error": error})


def control_id(kind: str) -> str:
    """Return a new id for a message that is no event."""
    return f"msg_{kind}_{secrets.token_hex(12)}"
