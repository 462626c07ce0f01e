"""What the results of several operations have in common."""

from pydantic import BaseModel, ConfigDict


class Result(BaseModel):
    """An object with exactly these members; one with a default may be absent."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Changed(Result):
    """What every answer to a change may say: `replayed` marks the stored answer to a repeated Idempotency-Key."""

    replayed: bool = False


class VersionOf(Result):
    """One version of one file; `deleted` when a commit deleted it."""

    path: str
    version: int
    deleted: bool = False


class Anything(BaseModel):
    """An object whose members its description does not fix."""

    model_config = ConfigDict(extra="allow")
