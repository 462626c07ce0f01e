"""Bytes that the server meets in its folder and that are not its own: what is known of them, and who keeps them."""

from collections.abc import Set as AbstractSet
from typing import NamedTuple, Protocol


class Stranger(NamedTuple):
    """Displaced bytes that are not the server's own, in a temporary file.

    `replaced` says that other content now stands at the path, else that nothing does.
    """

    path: str
    temporary: str
    replaced: bool


class Strangers(Protocol):
    """Keeps what people and programs outside have written, as a version or a conflict copy."""

    async def take(self, stranger: Stranger) -> AbstractSet[str] | None:
        """Keep the bytes durably; None when they cannot be kept there, so that the file itself must be.

        Returns the hash of what was kept, or nothing while the file is being written. Either way the file must stay
        until nobody writes to it any more: whatever is in it then and has another hash is to be taken as well.
        """
