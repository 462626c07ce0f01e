"""The target `url`: a firing becomes a delivery in the outbox."""

import secrets
from collections.abc import Callable

from workspace_server.core.triggers.targets import Webhook
from workspace_server.delivery.guard import origin
from workspace_server.services.automation.endpoints import endpoint_name
from workspace_server.services.automation.targets.handing import Handed, Made, Taken
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import deliveries, endpoints


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
        endpoint = await endpoints.of_url(tx, rule.target.url)
        reason = "the endpoint is disabled" if endpoint.disabled_at is not None else None
        await deliveries.insert(
            tx,
            message_id=message_id,
            kind="firing",
            endpoint_id=endpoint.endpoint_id,
            trigger_id=row.trigger_id,
            firing_id=row.firing_id,
            lane=row.key if rule.mode == "each" else f"{rule.name} {row.key}",
            dead=reason,
        )
        if reason is None:
            tx.after_commit(lambda: self.due(endpoint.endpoint_id))
            return Taken(facts={"delivery": message_id})
        where = {"endpoint": endpoint_name(endpoint.endpoint_id), "address": origin(rule.target.url)}
        facts = {"delivery": message_id, "trigger": rule.name, "firing": row.data["firing"], **where}
        failed = Made(type="delivery.failed", data={**facts, "reason": reason, "attempts": 0})
        return Taken(facts={"delivery": message_id}, made=(failed,), in_flight=False)
