"""Results of the log."""

from pydantic import BaseModel, ConfigDict

from workspace_server.interfaces.http.results.base import Result


class Event(BaseModel):
    """A committed change; its type says which further members it has."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    seq: int
    type: str
    at: str
    agent: str
    path: str = ""
    version: int | None = None
    url: str = ""


class EventPage(Result):
    """Events in their order; go on from `next_seq`. `truncated`: older ones are kept no longer."""

    events: list[Event]
    next_seq: int
    truncated: bool
