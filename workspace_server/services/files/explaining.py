"""Refusals made useful: what changed since the caller's base, and what looks like the text it meant.

Computed after the refusal and off the writer's thread, because comparing texts can be slow.
"""

from typing import cast

from workspace_server.core import diffs, edits, media
from workspace_server.core.access import EXTERNAL, Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import parse_selector
from workspace_server.core.scopes import Verb
from workspace_server.errors import Conflict, EditFailed, Gone, Locked, LockLost, NameTaken, WorkspaceError
from workspace_server.services.folder import Folder
from workspace_server.storage import content as contents
from workspace_server.storage import soundness
from workspace_server.storage.content import Content
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import events, files, locks, moments
from workspace_server.storage.tables.files import FileRow

BROKEN_MAX = 100
"""How many of the caller's broken locks are looked through for the one that it gave."""


async def version_text(tx: Transaction, folder: Folder, path: str, number: int | None) -> str | None:
    """Return the text of one version (None: the head); None when there is none kept, or no text, or too large."""
    row = await files.by_path(tx, path)
    if row is None or (number is None and not row.live):
        return None
    found = await files.version(tx, row.file_id, row.version if number is None else number)
    if found is None or found.size_bytes > LIMITS.merge_bytes_max:
        return None
    try:
        _, form, data = await contents.stored(tx, found.sha256)
    except Gone:
        return None
    decoded = media.decode(soundness.whole(form, data, folder.objects.path(found.sha256)))
    return None if decoded is None else decoded.text


async def version_diff(folder: Folder, path: str, before: int | None, after: int | None) -> str | None:
    """Return the bounded diff between two versions of *path* (None: the head), or None where there is no text."""

    async def read(tx: Transaction) -> str | None:
        old = await version_text(tx, folder, path, before) if before else ""
        new = await version_text(tx, folder, path, after)
        if old is None or new is None:
            return None
        return diffs.unified(old, new, before_name=f"{path}@{before or 0}", after_name=f"{path}@{after or 'now'}")

    return await folder.db.read_long(read)


async def content_diff(folder: Folder, path: str, before: int | None, content: Content) -> str | None:
    """Return the bounded diff from a version of *path* (None: nothing) to a content that is none yet."""

    async def read(tx: Transaction) -> str | None:
        old = await version_text(tx, folder, path, before) if before else ""
        new = media.decode(soundness.whole(content.form, content.data, folder.objects.path(content.sha256)))
        if old is None or new is None:
            return None
        return diffs.unified(old, new.text, before_name=f"{path}@{before or 0}", after_name=path)

    return await folder.db.read_long(read)


async def explained(folder: Folder, caller: Caller, refusal: WorkspaceError) -> WorkspaceError:
    """Return the refusal with all that its caller can be told."""
    if isinstance(refusal, Conflict):
        return await conflict(folder, caller, refusal)
    if isinstance(refusal, LockLost):
        return await lock_lost(folder, caller, refusal)
    if isinstance(refusal, Locked):
        return locked(caller, refusal)
    if isinstance(refusal, NameTaken):
        return name_taken(caller, refusal)
    return refusal


async def conflict(folder: Folder, caller: Caller, refusal: Conflict) -> Conflict:
    """Add the diff from the version that the caller knew to what stands there now."""
    path, expected = str(refusal.facts["path"]), refusal.facts["expected"]
    if caller.sees(path) and isinstance(expected, int) and expected > 0:
        refusal.facts["diff"] = await version_diff(folder, path, expected, None)
    return refusal


def locked(caller: Caller, refusal: Locked) -> Locked:
    """Leave out what else the lock covers, for who may not read that; and then also what its holder says it is for."""
    if caller.sees_all:
        return refusal
    verb: Verb = "lock" if refusal.facts["yours"] else "read"  # with another token it may have locked more than these
    covered = cast("list[str]", refusal.facts["lock_paths"])
    seen = [one for one in covered if caller.scope.within(verb, parse_selector(one, lambda _: False))]
    if len(seen) < len(covered):
        refusal.facts |= {"lock_paths": seen, "purpose": None}
    return refusal


def name_taken(caller: Caller, refusal: NameTaken) -> NameTaken:
    """Leave out how the name that is there is spelled, for who may read neither it nor anything below it."""
    existing = str(refusal.facts["existing"])
    if caller.sees(existing) or caller.scope.near("read", existing):
        return refusal
    path = refusal.facts["path"]
    return NameTaken(
        f"{path} differs from a name that is there only by letter case or Unicode form.",
        hint="Use another name.",
        path=path,
        existing=None,
    )


async def lock_lost(folder: Folder, caller: Caller, refusal: LockLost) -> LockLost:
    """Add who broke the lost lock, whether others have moved the file on since it was granted, and how."""
    path, handle = refusal.facts.get("path"), str(refusal.facts["lock"])
    if not isinstance(path, str):
        return refusal

    async def read(tx: Transaction) -> tuple[int | None, int, bool | None]:
        await _tell_who_broke(tx, caller, refusal)
        lock = await locks.by_handle(tx, handle)
        row = await files.by_path(tx, path)
        if lock is None or lock.agent != caller.agent:
            return None, _standing(row), None
        since = lock.granted_seq
        changed = row is not None and await files.changed_by_others(tx, row.file_id, caller.agent, since_seq=since)
        return _standing(await moments.by_path(tx, path, seq=since)), _standing(row), changed

    known, current, changed = await folder.db.read(read)
    refusal.facts["version"] = current
    refusal.facts["changed_since_lock"] = changed
    if known and changed and caller.sees(path):
        refusal.facts["diff"] = await version_diff(folder, path, known, None)
    return refusal


async def _tell_who_broke(tx: Transaction, caller: Caller, refusal: LockLost) -> None:
    """Add who broke the lock, and why, as the log has it."""
    lock = await locks.by_handle(tx, str(refusal.facts["lock"]))
    if refusal.facts["reason"] != "broken" or lock is None or lock.agent != caller.agent:
        return
    only = events.Only(types=["lock.broken"], agent=caller.agent)
    for event in await events.newest(tx, lock.granted_seq, limit=BROKEN_MAX, only=only):
        if event.data["lock"] == lock.handle.partition("-")[0] and event.data.get("by") is not None:
            by, note = event.data["by"], event.data.get("note")
            refusal.facts |= {"by": by, "note": note}
            breaker = "an edit on disk" if by == EXTERNAL else by
            refusal.message = f"The lock was broken by {breaker}" + (f": {note}" if note else ".")
            return


def _standing(row: FileRow | None) -> int:
    return row.version if row is not None and row.live else 0


async def edit_failed(folder: Folder, refusal: EditFailed, path: str, old_text: str) -> EditFailed:
    """Add the place of the file that looks most like the text that was not found."""
    if refusal.facts.get("matches") == 0:

        async def read(tx: Transaction) -> tuple[str | None, FileRow | None]:
            text = await version_text(tx, folder, path, None)
            return None if text is None else edits.nearest(old_text, text), await files.by_path(tx, path)

        nearest, row = await folder.db.read_long(read)
        refusal.facts["nearest"] = nearest
        if nearest is not None and row is not None:
            refusal.facts |= {"version": row.version, "modified_by": row.modified_by}
    return refusal
