"""Results of triggers."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from workspace_server.interfaces.http.results.base import Changed, Result


class Trigger(BaseModel):
    """A trigger: its definition, and how it stands."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    trigger: str
    state: Literal["active", "paused", "needs_approval"]
    created_by: str
    created_at: str
    fired: int
    in_flight: int
    pending: int
    failures: int
    last_firing: dict[str, Any] = {}
    keys: list[dict[str, Any]] = []
    next_at: str = ""


class TriggerList(Result):
    """Triggers by name; `next_cursor` when there are more than were asked for."""

    triggers: list[Trigger]
    next_cursor: str = ""


class CreatedTrigger(Changed):
    """A new trigger; `secret` signs its webhooks and is shown this once."""

    trigger: str
    state: Literal["active", "needs_approval"]
    warnings: list[str]
    secret: str = ""


class DeletedTrigger(Changed):
    """The name of the trigger that is no more."""

    deleted: str


class PausedTrigger(Changed):
    """Whether it is paused now."""

    trigger: str
    paused: bool


class Rehearsal(Result):
    """What a trigger would have done with the events from `from_seq` (exclusive) to `to_seq`.

    `fired` counts all firings, `firings` shows the first hundred of them. `more` when later events were not played.
    """

    trigger: str
    from_seq: int
    to_seq: int
    more: bool
    fired: int
    firings: list[dict[str, Any]]
    suppressed: list[dict[str, Any]]
    timed_out: list[dict[str, Any]]
    keys: list[dict[str, Any]]


class ReloadedTriggers(Changed):
    """The names of the triggers that the file has made, changed and deleted."""

    created: list[str]
    changed: list[str]
    deleted: list[str]
