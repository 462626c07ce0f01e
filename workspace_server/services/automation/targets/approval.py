"""The target `approval`: a firing asks a person, and what follows waits for the decision."""

from collections.abc import Mapping, Sequence
from typing import Any

from workspace_server.core.events import EventType
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.targets import Approval
from workspace_server.services.automation.targets.handing import Handed, Made, Taken
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import attention


class ApprovalTarget:
    """Asks for an approval: by an event, which the list of what needs a person follows."""

    async def take(self, tx: Transaction, handed: Handed) -> Taken:
        """Ask; the firing lasts until somebody decides. Where too many wait already, the answer is no at once."""
        target, data = handed.rule.target, handed.row.data
        assert isinstance(target, Approval)
        facts = {
            "firing": data["firing"],
            "trigger": handed.rule.name,
            "key": data["key"],
            "question": target.question,
            "instructions": handed.rule.instructions,
            "inputs": data["inputs"],
        }
        asked = {name: value for name, value in facts.items() if value is not None}
        if await attention.count_of(tx, "approval") >= LIMITS.attention_per_kind_max:
            refused = {**asked, "by": "server", "note": f"{LIMITS.attention_per_kind_max} approvals wait already"}
            return Taken(facts={}, made=(_about_first("approval.denied", refused),), in_flight=False)
        return Taken(facts={}, made=(_about_first("approval.requested", asked),))


def _about_first(kind: EventType, data: dict[str, Any]) -> Made:
    """Return an event at the first of the inputs, so that triggers which name that file hear of it."""
    path, version = first_of(data["inputs"])
    return Made(type=kind, path=path, version=version, data=data)


def first_of(inputs: Sequence[Mapping[str, Any]]) -> tuple[str | None, int | None]:
    """Return the path and version that an event about *inputs* names; a schedule has none."""
    return (inputs[0]["path"], inputs[0]["version"]) if inputs else (None, None)
