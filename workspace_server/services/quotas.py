"""How each change is held to the quotas of the workspace and of its agent, inside its own transaction."""

from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.quotas import HINT, Quota, Usage, account
from workspace_server.errors import QuotaExceeded, TooLarge
from workspace_server.services.automation import attention
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.content import Content, ObjectStore
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import files, totals

HAS_HAPPENED: Final = frozenset({"external", "import", "conflict"})
"""Actions that take in what stands in the folder already: nobody can refuse it, so a person is told."""
WORKSPACE: Final = "workspace"
LARGEST_SHOWN: Final = 20
"""Most agents of whom the status says what they hold."""


class Held(NamedTuple):
    """One quota, and what stood there before a change.

    Attributes:
        account: Whose it is; None for the whole workspace's.
    """

    quota: Quota
    account: str | None
    before: Usage

    @property
    def key(self) -> str:
        """What names it on the list of what needs a person."""
        return WORKSPACE if self.account is None else f"agent {self.account}"


class Quotas:
    """What the settings allow. Without quotas set, a change costs nothing more."""

    def __init__(self, settings: Settings) -> None:
        self.workspace = Quota(files=settings.quota_files or None, bytes=settings.quota_bytes or None)
        self.agent = Quota(files=settings.agent_quota_files or None, bytes=settings.agent_quota_bytes or None)

    async def begin(self, tx: Transaction, agent: str) -> list[Held]:
        """Return the quotas that hold for what *agent* writes, with what stands there now."""
        held = []
        if self.workspace.is_set:
            held.append(Held(self.workspace, None, await totals.of_workspace(tx)))
        whose = account(agent)
        if self.agent.is_set and whose is not None:
            held.append(Held(self.agent, whose, await totals.of_account(tx, whose)))
        return held

    async def end(self, commit: Commit, action: str, held: list[Held]) -> None:
        """Pass when what *commit* has changed is within the quotas that held when it began.

        Raises:
            QuotaExceeded: It is not, and could be refused. What has happened on disk is put on the list of what needs a
                person instead.
        """
        if not held or not any(event.type.startswith("file.") for event in commit.events):
            return
        for one in held:
            after = await _usage(commit.tx, one.account)
            if action not in HAS_HAPPENED:
                _check(one, after, commit.caller)
            elif one.quota.beyond(after) is not None and one.quota.beyond(one.before) is None:
                await _tell(commit, one, after)
            if one.quota.beyond(after) is None:
                await attention.resolve(commit, "over_quota", one.key)

    async def take_in(
        self, db: Database, objects: ObjectStore, caller: Caller, path: str, chunks: AsyncIterator[bytes]
    ) -> Content:
        """Return what comes in a stream as content, as far as there is room for it at *path*; beyond, nothing is kept.

        Raises:
            TooLarge: It is larger than a file may be.
            QuotaExceeded: It is larger than what the quotas leave.
        """
        room_bytes, narrowest = await db.read(lambda tx: self._room(tx, caller.agent, path))
        try:
            return await objects.put_stream(chunks, bytes_max=min(LIMITS.file_bytes_max, room_bytes))
        except TooLarge as refusal:
            if narrowest is None:
                raise
            if not _is_told(narrowest, caller):
                raise _no_room(narrowest.quota.bytes) from None
            raise QuotaExceeded(
                f"The quotas leave room for {room_bytes} bytes there, and this is more.",
                hint=HINT,
                limit=room_bytes,
                actual=refusal.facts["actual"],
            ) from None

    async def status(self, tx: Transaction) -> Result:
        """Return `{files, bytes, agent_files, agent_bytes, largest}`: what is allowed, null for no bound.

        `largest` are `{agent, files, bytes}` of those that hold most, while there is a quota for agents.
        """
        most = await totals.largest(tx, limit=LARGEST_SHOWN) if self.agent.is_set else []
        return {
            "files": self.workspace.files,
            "bytes": self.workspace.bytes,
            "agent_files": self.agent.files,
            "agent_bytes": self.agent.bytes,
            "largest": [{"agent": agent, "files": held.files, "bytes": held.bytes} for agent, held in most],
        }

    async def _room(self, tx: Transaction, agent: str, path: str) -> tuple[int, Held | None]:
        """Return how many bytes may come in at *path*, and the quota that says so; None where it is none."""
        row = await files.by_path(tx, path)
        standing = row.size_bytes if row is not None and row.live else 0
        room, narrowest = LIMITS.file_bytes_max, None
        for one in await self.begin(tx, agent):
            is_theirs = one.account is None or (row is not None and account(row.modified_by) == one.account)
            left = one.quota.room_bytes(one.before, standing if is_theirs else 0)
            if left is not None and left < room:
                room, narrowest = left, one
        return room, narrowest


async def _usage(tx: Transaction, whose: str | None) -> Usage:
    return await totals.of_workspace(tx) if whose is None else await totals.of_account(tx, whose)


def _check(held: Held, after: Usage, caller: Caller) -> None:
    try:
        held.quota.check(held.before, after, "The workspace" if held.account is None else held.account)
    except QuotaExceeded as refusal:
        if _is_told(held, caller):
            raise
        raise _no_room(refusal.facts["limit"]) from None


def _is_told(held: Held, caller: Caller) -> bool:
    """Whether a caller is told how much there is: what there is in all is not for those who see a part of it."""
    return held.account is not None or caller.sees_all


def _no_room(limit: object) -> QuotaExceeded:
    return QuotaExceeded("The workspace has no room left for this.", hint=HINT, limit=limit)


async def _tell(commit: Commit, held: Held, after: Usage) -> None:
    unit = held.quota.beyond(after)
    allowed = held.quota.files if unit == "files" else held.quota.bytes
    has = after.files if unit == "files" else after.bytes
    whose = "The workspace" if held.account is None else held.account
    await attention.add(
        commit,
        kind="over_quota",
        key=held.key,
        summary=f"{whose} may hold {allowed} {unit}; with what was saved in the folder it holds {has}",
        about={"unit": unit, "limit": allowed, "actual": has},
    )
