"""How much may stand in the workspace, in all and by each agent, and what is refused beyond it.

What counts is what stands there now: live files and the bytes of their heads, each with the agent that wrote it last.
So a quota says how much room somebody takes up, not how much work it does; and who has run out of it has a way on:
what is deleted, or taken over by somebody else, no longer counts. Earlier versions count for nobody: how long they are
kept is the operator's choice (`retention`), and the reserve on the disk is there for the day it was a poor one.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from workspace_server.core.access import is_reserved
from workspace_server.errors import QuotaExceeded

Unit = Literal["files", "bytes"]
HINT = "Delete what is not needed, or ask the operator for more room."


class Usage(NamedTuple):
    """What stands there: live files, and the bytes of their heads."""

    files: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much may stand there; None for no bound."""

    files: int | None = None
    bytes: int | None = None

    @property
    def is_set(self) -> bool:
        """Whether there is a bound."""
        return self.files is not None or self.bytes is not None

    def beyond(self, usage: Usage) -> Unit | None:
        """Return of what there is more than there may be, or None."""
        if self.files is not None and usage.files > self.files:
            return "files"
        return "bytes" if self.bytes is not None and usage.bytes > self.bytes else None

    def check(self, before: Usage, after: Usage, whose: str) -> None:
        """Pass when *after* is within the quota, or at least no more than *before*: who is beyond it may tidy up.

        Args:
            whose: Whose quota it is, for the message.

        Raises:
            QuotaExceeded: It is not; `limit` is what is allowed, `actual` what it would have come to.
        """
        for most, had, has, unit in (
            (self.files, before.files, after.files, "files"),
            (self.bytes, before.bytes, after.bytes, "bytes"),
        ):
            if most is not None and has > most and has > had:
                raise QuotaExceeded(
                    f"{whose} may hold {most} {unit} and holds {had}; this would make it {has}.",
                    hint=HINT,
                    limit=most,
                    actual=has,
                    used=had,
                )

    def room_bytes(self, used: Usage, freed: int) -> int | None:
        """Return how many bytes may still come in where *freed* go away for them; None for no bound."""
        return None if self.bytes is None else max(0, self.bytes - used.bytes + freed, freed)


def account(agent: str) -> str | None:
    """Return under whose name counts what *agent* writes: a crew's members count together, as they name themselves.

    None for who is no agent: people, the operator's files, and edits on disk count for the workspace alone.
    """
    return None if is_reserved(agent) else agent.partition("/")[0]
