"""What the writer remembers between transactions, so that a body need not ask the database for what the last one left.

A remembered value goes the way of the rows: what a body changes is gone when its savepoint is, and a commit that fails
forgets everything, to be read again. It is written once for all bodies of a batch, in the commit itself.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

if TYPE_CHECKING:
    from workspace_server.storage.database import Transaction

V = TypeVar("V")


@dataclass(frozen=True, slots=True, eq=False)
class Remembered(Generic[V]):
    """A value that has one place in the database, and that only the writer changes.

    Attributes:
        load: Reads it from its rows.
        save: Writes it there; None when its rows are written along with each change.
    """

    load: "Callable[[Transaction], Awaitable[V]]"
    save: "Callable[[Transaction, V], Awaitable[None]] | None" = None


class Memory:
    """The remembered values of one writer; used on its thread alone."""

    def __init__(self) -> None:
        self._committed: dict[Remembered[Any], Any] = {}
        self._of_batch: dict[Remembered[Any], Any] = {}
        self._of_body: dict[Remembered[Any], Any] = {}

    async def get(self, tx: "Transaction", what: Remembered[V]) -> V:
        """Return the value as this body has it."""
        for values in (self._of_body, self._of_batch, self._committed):
            if what in values:
                return cast("V", values[what])
        found = self._committed[what] = await what.load(tx)
        return found

    def set(self, what: Remembered[V], value: V) -> None:
        """Change the value, in this body and in what follows when the body stands."""
        self._of_body[what] = value

    def keep_body(self) -> None:
        """Let what the body has changed stand for the rest of the batch."""
        if self._of_body:
            self._of_batch.update(self._of_body)
            self._of_body.clear()

    def drop_body(self) -> None:
        """Forget what the body has changed."""
        self._of_body.clear()

    async def save(self, tx: "Transaction") -> None:
        """Write what the batch has changed; the commit follows."""
        for what, value in self._of_batch.items():
            if what.save is not None:
                await what.save(tx, value)

    def keep_batch(self) -> None:
        """Take note that the batch is committed."""
        self._committed.update(self._of_batch)
        self._of_batch.clear()

    def forget(self) -> None:
        """Forget everything: the rows say what holds."""
        for values in (self._committed, self._of_batch, self._of_body):
            values.clear()
