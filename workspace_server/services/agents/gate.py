"""What holds changes up: asked inside the commit itself, and known on the event loop's thread by whoever waits."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping

from workspace_server.core.access import Caller
from workspace_server.core.agents import FREE, Note, Pause, Standing, check_free
from workspace_server.errors import Paused
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import notes, pauses


async def allow(tx: Transaction, caller: Caller, action: str) -> None:
    """Pass when nothing holds up this change, in the transaction that would make it.

    Raises:
        Paused: The caller, or everybody, is paused, or has a note to acknowledge first.
    """
    standing = _standing(await pauses.current(tx), await notes.unread(tx))
    if standing is not FREE:
        check_free(standing, caller, action)


class Gate:
    """What holds changes up, as of the last commit. Used on the event loop's thread alone.

    Attributes:
        reopened: Called when the workspace goes on.
    """

    def __init__(self) -> None:
        self.standing = FREE
        self.reopened: Callable[[], None] = lambda: None
        self._moved = asyncio.Event()

    @property
    def workspace(self) -> Pause | None:
        """The pause of everybody, while there is one: then nothing is sent out, either."""
        return self.standing.workspace

    async def load(self, db: Database) -> None:
        """Learn what held when the server ended."""

        async def read(tx: Transaction) -> Standing:
            return _standing(await pauses.current(tx), await notes.unread(tx))

        self.standing = await db.read(read)

    async def follow(self, tx: Transaction) -> None:
        """Have this know what the transaction changed, once it is durable."""
        standing = _standing(await pauses.current(tx), await notes.unread(tx))
        tx.after_commit(lambda: self._move(standing))

    async def pass_within(self, caller: Caller, action: str, wait_s: float) -> None:
        """Pass once nobody is paused any more who would be held up, within *wait_s* seconds.

        What passes may still be refused: only the transaction knows what holds by then.

        Raises:
            Paused: The pause lasts longer, or a note is to be acknowledged, for which there is nothing to wait.
        """
        until_s = time.monotonic() + wait_s
        while True:
            moved = self._moved
            try:
                return check_free(self.standing, caller, action)
            except Paused as refusal:
                left_s = until_s - time.monotonic()
                if left_s <= 0 or "acknowledge" in refusal.facts:
                    raise
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await moved.wait()

    def _move(self, standing: Standing) -> None:
        reopens = self.standing.workspace is not None and standing.workspace is None
        self.standing = standing
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        if reopens:
            self.reopened()


def _standing(held: Mapping[str, Pause], unread: Mapping[str, Note]) -> Standing:
    if not held and not unread:
        return FREE
    return Standing(workspace=held.get(pauses.EVERYBODY), agents=held, unread=unread)
