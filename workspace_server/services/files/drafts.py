"""Drafts: what a refused write brought is kept for its agent, so that it need not be generated or sent again."""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workspace_server.core import media
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.errors import (
    Conflict,
    Locked,
    LockLost,
    Paused,
    SuspiciousWrite,
    Unavailable,
    VersionRequired,
    WorkspaceError,
)
from workspace_server.services.files.changes import Put
from workspace_server.services.files.held import Locking
from workspace_server.services.folder import Folder
from workspace_server.storage import content as contents
from workspace_server.storage import soundness
from workspace_server.storage.content import HEAD_BYTES, Content
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import drafts
from workspace_server.storage.tables.drafts import DraftRow
from workspace_server.storage.tables.files import Source

KEPT_FOR = (VersionRequired, Conflict, Locked, LockLost, Paused, SuspiciousWrite)
"""The refusals after which the same content may well be sent again."""
NAME_CHARS_MAX = 20
_NAME = re.compile(r"D([1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Refused content, found again.

    Attributes:
        append: It was to be added to the end.
        data: Its bytes; None when there are more than can be merged.
        message: What was said with it.
        sources: What it was made from.
    """

    number: int
    content: Content
    append: bool
    data: bytes | None
    message: str | None
    sources: list[Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A write as it came: what to commit, and what of it is kept when it is refused.

    Attributes:
        content: What was sent; of an append only what is to be added.
        data: Its bytes, when they are at hand.
    """

    put: Put
    content: Content
    data: bytes | None


async def found(folder: Folder, caller: Caller, name: str) -> Draft:
    """Return the content of a draft of the caller.

    Raises:
        NotFound: There is no such draft, or its hour is over, or it is another agent's; or it is of a file that this
            caller may not write, as with another token of the same agent.
    """
    number = _NAME.fullmatch(name)

    async def read(tx: Transaction) -> tuple[DraftRow, Content]:
        row = None if number is None else await drafts.find(tx, caller.agent, int(number[1]))
        if row is None or not caller.scope.allows("write", row.path):
            raise drafts.unknown(name[:NAME_CHARS_MAX])
        size, form, data = await contents.stored(tx, row.sha256)
        return row, Content(sha256=row.sha256, size_bytes=size, form=form, data=data, head=b"")

    row, content = await folder.db.read(read)
    path = folder.objects.path(content.sha256)
    if content.form == "object" and content.size_bytes > LIMITS.merge_bytes_max:
        head = await asyncio.to_thread(_beginning, path)
        data = None
    elif content.form in {"object", "tail"}:
        data = await asyncio.to_thread(soundness.whole, content.form, content.data, path)
        head = data[:HEAD_BYTES]
    else:
        data = soundness.whole(content.form, content.data, path)
        head = data[:HEAD_BYTES]
    return Draft(
        number=row.draft_id,
        content=replace(content, head=head),
        append=bool(row.append),
        data=data,
        message=row.message,
        sources=[] if row.sources is None else json.loads(row.sources),
    )


async def keep(
    folder: Folder, caller: Caller, refusal: WorkspaceError, sent: Sent, locking: Locking, *, merged: bool
) -> None:
    """Keep what a refused write brought, and let the refusal name it and the call that sends it again.

    Args:
        locking: The locks that were given with it.
        merged: A merge was tried already.
    """
    names = await keep_all(folder, caller, refusal, [sent])
    if names and names[0] is not None:
        refusal.facts["draft"] = names[0]
        mergeable = not merged and sent.put.op != "append" and _has_text(refusal, sent)
        refusal.hint = _hint(refusal, sent.put, names[0], locking, mergeable=mergeable)


async def keep_all(folder: Folder, caller: Caller, refusal: WorkspaceError, sent: Sequence[Sent]) -> list[str | None]:
    """Keep what several refused writes brought; return the names of their drafts, None for one that is too large.

    Keeps and returns nothing where that would be of no use, or the disk has no room.
    """
    if not isinstance(refusal, KEPT_FOR) or not sent:
        return []

    async def body(tx: Transaction) -> list[str | None]:
        return [await _kept(tx, caller.agent, one) for one in sent]

    try:
        return await folder.db.write(body)
    except Unavailable:
        return []


async def _kept(tx: Transaction, agent: str, sent: Sent) -> str | None:
    content = sent.content
    if content.size_bytes > LIMITS.draft_bytes_per_agent_max:
        return None
    await contents.keep(tx, content)
    number = await drafts.keep(
        tx,
        agent=agent,
        path=sent.put.path,
        sha256=content.sha256,
        size_bytes=content.size_bytes,
        append=sent.put.op == "append",
        message=sent.put.message,
        sources=sent.put.sources,
    )
    return f"D{number}"


def _has_text(refusal: WorkspaceError, sent: Sent) -> bool:
    """Return whether a conflict is between texts: of what was sent, of the version expected, and of the head."""
    return refusal.facts.get("diff") is not None and sent.data is not None and media.decode(sent.data) is not None


def _hint(refusal: WorkspaceError, put: Put, draft: str, locking: Locking, *, mergeable: bool) -> str:
    """Return the next call, with the draft in place of the text, under the same locks, and as insistent as before."""
    call = f"write_file(path={put.path!r}, draft={draft!r}"
    expect = "" if put.expect_version is None else f", expect_version={put.expect_version}"
    current, lock = f", expect_version={refusal.facts.get('version')}", _lock_argument(locking)
    overwrite = ", overwrite=True" if put.overwrite else ""
    match refusal:
        case VersionRequired():
            return f"{call}{current}{lock}), after reading what it holds"
        case SuspiciousWrite():
            return f"{refusal.hint} If it is meant so: {call}, overwrite=True{current}{lock})."
        case Conflict() if mergeable:
            merge = f'{call}{expect}{lock}, on_conflict="merge") merges both, when the changes lie apart.'
            return f"{refusal.hint} What you sent is kept: {merge}"
        case Conflict():
            return f"{refusal.hint} What you sent is kept: {call}{current}{lock}) sends it as it is."
        case LockLost():
            return f"{refusal.hint} What you sent is kept: {call}{expect}{overwrite}, lock=…) sends it."
        case _:
            lock = ", lock=…" if refusal.facts.get("yours") else lock
            return f"{refusal.hint} What you sent is kept: {call}{expect}{overwrite}{lock}) sends it."


def _lock_argument(locking: Locking) -> str:
    if not locking.handles:
        return ""
    given = locking.handles[0] if len(locking.handles) == 1 else list(locking.handles)
    return f", lock={given!r}" + (", unlock=True" if locking.unlock else "")


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
