"""The target `url`: a firing becomes a delivery in the outbox."""

import secrets
from collections.abc import Callable

from workspace_server.core.triggers.targets import Webhook
from workspace_server.services.automation.targets.handing import Handed, Made, Taken
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import deliveries


class WebhookTarget:
    """Puts a delivery into the outbox.

    Attributes:
        due: Called with the endpoint once that is committed.
    """

    def __init__(self) -> None:
        self.due: Callable[[int], None] = lambda _endpoint: None

    async def take(self, tx: Transaction, handed: Handed) -> Taken:
        """Insert the delivery; to an endpoint that wants no more it is given up at once."""
        rule, row = handed.rule, handed.row
        assert isinstance(rule.target, Webhook)
        message_id = f"msg_{secrets.token_hex(12)}"
        endpoint_id, disabled = await deliveries.endpoint(tx, rule.target.url)
        reason = "the endpoint is disabled" if disabled else None
        await deliveries.insert(
            tx,
            message_id=message_id,
            endpoint_id=endpoint_id,
            firing_id=row.firing_id,
            lane=row.key if rule.mode == "each" else f"{rule.name} {row.key}",
            dead=reason,
        )
        if reason is None:
            tx.after_commit(lambda: self.due(endpoint_id))
            return Taken(facts={"delivery": message_id})
        facts = {"delivery": message_id, "trigger": rule.name, "firing": row.data["firing"]}
        failed = Made(type="delivery.failed", data={**facts, "reason": reason, "attempts": 0})
        return Taken(facts={"delivery": message_id}, made=(failed,), in_flight=False)
