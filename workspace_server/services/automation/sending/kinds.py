"""What one kind of delivery has of its own: what it says, and what follows from its end.

When a delivery is tried, in which order, and how often is the same for all kinds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from workspace_server.services.recording import Commit
from workspace_server.storage.tables.deliveries import DeliveryRow


class Unsendable(Exception):
    """It can never be sent; the message says why, and the delivery is given up at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, ready to be sent.

    Attributes:
        headers: Those of this attempt: each has its own time and signature.
    """

    body: bytes
    headers: Mapping[str, str]


class Kind(Protocol):
    """One kind of delivery."""

    @property
    def attempts_max(self) -> int:
        """How many attempts are made before it is given up."""

    @property
    def ends_endpoint(self) -> bool:
        """Whether a receiver that answers 410 to it is sent nothing any more."""

    async def request(self, row: DeliveryRow) -> Request:
        """Return what is to be sent now.

        Raises:
            Unsendable: Nothing ever will be.
        """

    async def failed(self, commit: Commit, row: DeliveryRow, failures: int) -> None:
        """Do what follows from an attempt that failed and will be made again."""

    async def ended(self, commit: Commit, row: DeliveryRow, *, reason: str | None, attempts: int) -> None:
        """Do what follows from its end.

        Args:
            reason: Why it was given up; None when it arrived.
        """
