"""What stands in the audit log beside changes: who came in, who was refused, and what the operator set otherwise.

A refusal must cost next to nothing, whoever tries ten thousand tokens: those alike are counted in memory and written
together, a few seconds behind. A process that is killed loses those of its last seconds.
"""

import hashlib
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import replace

import anyio

from workspace_server.config import Settings, table
from workspace_server.core.access import CONFIG, SERVER, Caller
from workspace_server.core.audit_chain import ChainHead, spell_head
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.services.folder import Folder
from workspace_server.storage import audit_heads
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import audit, meta

log = logging.getLogger(__name__)

SETTINGS = "audit_settings"
"""The fact that says what the settings were at the last start: digests of their values by their keys, as JSON."""
OTHERS = "more of many"


class Auditing:
    """Write down what is no change of a file. Errors: none."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._state = folder.root / STATE_DIRECTORY
        self._refused: dict[tuple[Caller, str, str | None], tuple[int, str | None]] = {}
        self._not_held: list[ChainHead] = []
        self._kept: ChainHead | None = None

    async def begin(self) -> None:
        """Say whether the log still holds where it ended, and which settings are others than at the last start."""
        earlier = await anyio.to_thread.run_sync(audit_heads.kept, self._state)
        self._not_held = [one for one in earlier if not await self._holds(one)]
        for one in self._not_held:
            log.error("the audit log does not hold row %s, at which it ended: see `log --verify`", spell_head(one))
        await self._note_settings(self._folder.settings)
        await self.flush()
        log.info("the audit log ends at %s", (await self.head()).rstrip())  # an empty one has no digest

    async def head(self) -> str:
        """Return where the log ends, as people keep it elsewhere."""
        return spell_head(await self._folder.db.read(audit.head))

    async def record(self, caller: Caller, action: str, subject: str | None) -> None:
        """Write down one act at once."""
        await self._folder.db.write(lambda tx: audit.add(tx, caller, action, subject, None), essential=True)

    def refuse(self, caller: Caller, action: str, subject: str | None = None) -> None:
        """Take note that somebody was refused; `flush` writes it down.

        Args:
            caller: Under the name that was claimed; which request it was is told of the first one of those alike.
            subject: What was tried, never a secret.
        """
        alike = (replace(caller, call_id=None), action, subject)
        if alike not in self._refused and len(self._refused) >= LIMITS.refusals_apart_max:
            alike = (SERVER, action, OTHERS)
        times, call_id = self._refused.get(alike, (0, caller.call_id))
        self._refused[alike] = times + 1, call_id

    async def flush(self) -> None:
        """Write down who was refused since the last time, and keep where the log ends outside of the database."""
        refused, self._refused = self._refused, {}

        async def write(tx: Transaction) -> None:
            for (caller, action, subject), (times, call_id) in refused.items():
                said = subject if times == 1 else f"{subject or ''} ×{times}".strip()
                await audit.add(tx, replace(caller, call_id=call_id), action, said, None)

        if refused:
            await self._folder.db.write(write, essential=True)
        head = await self._folder.db.read(audit.head)
        if head == self._kept or not head.digest:
            return
        try:
            await anyio.to_thread.run_sync(audit_heads.keep, self._state, [head, *self._not_held])
        except OSError as refusal:  # a full disk keeps nobody from starting, reading or ending
            log.warning("where the audit log ends cannot be kept beside it now: %s", refusal)
        else:
            self._kept = head

    async def _holds(self, head: ChainHead) -> bool:
        return await self._folder.db.read(lambda tx: audit.digest_of(tx, head.audit_id)) == head.digest

    async def _note_settings(self, settings: Settings) -> None:
        async def write(tx: Transaction) -> None:
            known = await meta.fact(tx, SETTINGS)
            before: Mapping[str, str] = {} if known is None else json.loads(known)
            now = _digests(settings, before.get("", secrets.token_hex(16)))
            changed = sorted(key for key in {*now, *before} if now.get(key) != before.get(key))
            if not changed:
                return
            await meta.set_fact(tx, SETTINGS, json.dumps(now))
            if known is not None:
                subject = ", ".join(changed)[: LIMITS.note_chars_max]
                await audit.add(tx, Caller(agent=CONFIG, verified=True), "change_settings", subject, None)

        await self._folder.db.write(write, essential=True)


def _digests(settings: Settings, salt: str) -> dict[str, str]:
    """Return a digest of every value by its key, which tells of a change and not of the value; and the salt."""
    values = {row.key: getattr(settings, row.attribute) for row in table()}
    spelled = {key: f"{salt} {key} {value!r}" for key, value in values.items()}
    return {"": salt, **{key: hashlib.sha256(text.encode()).hexdigest()[:12] for key, text in spelled.items()}}
