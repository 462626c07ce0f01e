"""Results of runs."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from workspace_server.interfaces.http.results.base import Result

State = Literal["done", "going", "waiting", "failed"]


class RunLine(Result):
    """A run by the firing that it began with; `others` the same change began, too; `waiting` is for a person."""

    run: str
    trigger: str
    key: dict[str, str]
    at: str
    inputs: list[dict[str, Any]]
    firings: int
    others: int
    state: State


class RunList(Result):
    """Runs, newest first."""

    runs: list[RunLine]
    next_cursor: str = ""


class RunStep(BaseModel):
    """One step, with what its kind has to tell; `depth` counts the firings that it stands behind."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    step: str
    kind: Literal["change", "firing", "delivery", "job"]
    at: str
    state: State
    depth: int
    after: list[str]
    gap_seconds: float = 0
    left_out: int = 0


class Run(Result):
    """What led to what, each step after what it follows from; `wrong` is the one that failed first."""

    run: str
    state: State
    wrong: str = ""
    more: bool
    steps: list[RunStep]
