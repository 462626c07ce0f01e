"""What the models need from the world: somebody who speaks to them, and a place for what they said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from indexer.model import Change, Fact, Passage

Role = Literal["system", "user"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a model that answers in words."""

    role: Role
    text: str


class ModelFailed(Exception):
    """A model did not answer as it should; the message is for the status, and holds nothing of what was sent.

    Attributes:
        of_input: Whether it may be because of what was asked: then another question may be answered.
    """

    def __init__(self, said: str, *, of_input: bool) -> None:
        super().__init__(said)
        self.of_input = of_input


class ModelClient(Protocol):
    """Speaks to the models, wherever they are."""

    async def complete(self, messages: Sequence[Message]) -> str:
        """Return what a model says to *messages*.

        Raises:
            ModelFailed: It says nothing.
        """

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector for each text.

        Raises:
            ModelFailed: There is none.
        """


@dataclass(frozen=True, slots=True)
class Embedded:
    """One passage with its vector, packed (`indexer.models.vectors`)."""

    passage: Passage
    vector: bytes


class AnswerStore(Protocol):
    """Where the facts are kept that a model found; disposable, for it can be asked again."""

    async def is_settled(self, change: Change, key: str) -> bool:
        """Return whether the facts of the answer *key* stand among those of the version."""

    async def answer(self, key: str) -> tuple[Fact, ...] | None:
        """Return what was answered for *key*; None when nobody was asked."""

    async def remember(self, change: Change, key: str, identity: str, facts: Sequence[Fact]) -> None:
        """Keep what was answered for *key* about a content, unless it was removed meanwhile."""

    async def keep(self, change: Change, key: str, identity: str, facts: Sequence[Fact]) -> None:
        """Put *facts* beside those of the version, in the place of what models said before.

        Changes nothing when the version is not its file's head, or has not been read yet.
        """


class VectorStore(Protocol):
    """Where the vectors of passages are kept; disposable as well."""

    async def sketches(self, key: str) -> list[int] | None:
        """Return the sketch of each vector that is kept for *key*, in their order; None when there are none."""

    async def keep(self, change: Change, key: str, embedded: Sequence[Embedded]) -> None:
        """Keep the vectors of a content, unless it was removed."""

    async def read(self, wanted: Sequence[tuple[str, int]]) -> list[Embedded | None]:
        """Return the passages of some keys, by their numbers; None for what is not kept any more."""

    async def forget(self, keys: Sequence[str]) -> None:
        """Drop what is kept for *keys*."""
