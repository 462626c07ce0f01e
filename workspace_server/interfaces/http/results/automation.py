"""Results of triggers."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from workspace_server.interfaces.http.results.base import Changed, Result


class Trigger(BaseModel):
    """A trigger: its definition, and how it stands."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    trigger: str
    state: Literal["active", "needs_approval"]
    created_by: str
    created_at: str
    fired: int
    in_flight: int
    pending: int
    failures: int
    last_firing: dict[str, Any] = {}
    keys: list[dict[str, Any]] = []


class TriggerList(Result):
    """All triggers."""

    triggers: list[Trigger]


class CreatedTrigger(Changed):
    """A new trigger; `secret` signs its webhooks and is shown this once."""

    trigger: str
    state: Literal["active", "needs_approval"]
    warnings: list[str]
    secret: str = ""


class DeletedTrigger(Changed):
    """The name of the trigger that is no more."""

    deleted: str
