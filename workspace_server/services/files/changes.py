"""The changes of one file inside one commit: put and delete. Every face, tool and background job ends here.

Each function runs in a transaction and follows the fixed order of checks: lock, identical content, version, content.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from workspace_server.core import media
from workspace_server.core.limits import LIMITS
from workspace_server.core.locks import Lock
from workspace_server.core.paths import fold, parents
from workspace_server.core.versions import Head, check_exists, check_expected, check_replace
from workspace_server.errors import InvalidPath, IsDirectory, NameTaken, NotFound, TooLarge
from workspace_server.services.files.guarding import Guard
from workspace_server.services.files.held import Held, allowed
from workspace_server.services.locking import leases
from workspace_server.services.recording import Commit
from workspace_server.storage import content as contents
from workspace_server.storage import soundness
from workspace_server.storage.content import Content, ObjectStore
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import drafts, files
from workspace_server.storage.tables.files import FileRow, Source, VersionRow

Make = Callable[[bytes], bytes]
"""From the head's bytes to the new ones; runs on the writer's thread, so only over bounded content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """New content for one path.

    Attributes:
        content: The content itself, or None when it is made from the head by `make`.
        make: Makes the content from the head's (edits and appends).
        must_exist: The path must hold a live file.
        replaces: The caller's word is needed to replace a live file (writes, restores), as the contract says.
        media_type: What kind of content it is, when that is known; else it is told from name and content.
        call: The caller's call up to its closing bracket, for the hint of what to call next.
        guard: What a replacement is held against, once all else is in order.
        draft: The number of the caller's draft that the content comes from: it must still be there.
    """

    path: str
    op: str
    content: Content | None = None
    make: Make | None = None
    expect_version: int | None = None
    overwrite: bool = False
    must_exist: bool = False
    replaces: bool = True
    message: str | None = None
    sources: Sequence[Source] = ()
    event_facts: dict[str, Any] = field(default_factory=dict)
    moved_from: Source | None = None
    media_type: str | None = None
    call: str | None = None
    guard: Guard | None = None
    draft: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a put did."""

    path: str
    version: int
    seq: int
    sha256: str
    size_bytes: int
    created: bool
    unchanged: bool


async def head(tx: Transaction, path: str) -> tuple[Head, FileRow | None]:
    """Return what stands at *path*, for the rules and as a row."""
    row = await files.by_path(tx, path)
    if row is None:
        return Head(path=path, version=0, live=False), None
    return Head(path=path, version=row.version, live=bool(row.live), modified_by=row.modified_by), row


async def put(commit: Commit, store: ObjectStore, change: Put, held: Held) -> Outcome:
    """Give a path new content, as its next version, and return what that did.

    Raises:
        Locked, VersionRequired, Conflict, NotFound, IsDirectory, NameTaken, InvalidPath, EditFailed: As the contract
            says; nothing is changed.
    """
    tx = commit.tx
    here, row = await head(tx, change.path)
    lock = await allowed(commit, held, change.path, new=not here.live)
    if change.must_exist:
        if not here.live:
            await check_not_directory(tx, change.path)
        check_exists(here)
    content = change.content
    if content is not None and row is not None and here.live and row.sha256 == content.sha256:
        return _unchanged(row)
    if change.replaces:
        check_replace(
            here,
            expected=change.expect_version,
            under_lock=lock is not None,
            overwrite=change.overwrite,
            agent=commit.caller.agent,
            call=change.call,
        )
    else:
        check_expected(here, change.expect_version)
    if change.draft is not None:
        await drafts.must_be_there(tx, commit.caller.agent, change.draft)
    if not here.live:
        await check_place(tx, change.path)
    elif change.guard is not None and row is not None and row.size_bytes <= LIMITS.merge_bytes_max:
        await change.guard.check(here.version, lambda: head_bytes(tx, store, row))
    if content is None:
        content = await _made(tx, store, change, row if here.live else None)
        if row is not None and here.live and row.sha256 == content.sha256:
            return _unchanged(row)
    return await _append(commit, change, here, row=row, content=content, lock=lock)


async def delete(commit: Commit, path: str, held: Held, *, expect_version: int | None, message: str | None) -> FileRow:
    """Delete a live file and return what it was.

    Raises:
        Locked, Conflict, NotFound, IsDirectory: As the contract says.
    """
    tx = commit.tx
    lock = await allowed(commit, held, path)
    here, row = await live_file(tx, path)
    check_expected(here, expect_version)
    seq = await commit.add(
        "file.deleted",
        path=path,
        version=row.version,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        media_type=row.media_type,
        message=message,
        lock=_lock_name(lock),
    )
    await files.delete(tx, row, seq=seq, agent=commit.caller.agent, message=message)
    await commit.intend(row, path)
    return row


async def check_place(tx: Transaction, path: str) -> None:
    """Pass when a new file may stand at *path* beside the files that are there.

    Raises:
        IsDirectory: Files stand below it.
        InvalidPath: A file stands where a directory is needed.
        NameTaken: A name that differs only by case or normal form is there.
    """
    await check_not_directory(tx, path)
    await _check_names(tx, path, (path, *parents(path)))


async def check_above(tx: Transaction, path: str) -> None:
    """Pass when the directories that *path* needs may stand beside the files that are there.

    Raises:
        InvalidPath: A file stands where one is needed.
        NameTaken: A name that differs only by case or normal form is there.
    """
    await _check_names(tx, path, parents(path))


async def _check_names(tx: Transaction, path: str, places: Sequence[str]) -> None:
    for place in places:
        folded = fold(place)
        twin = await files.by_fold(tx, folded)
        if twin is not None and twin != place:
            raise _taken(path, twin)
        if twin is not None:
            raise InvalidPath(
                f"{place} is a file, so nothing can stand below it.",
                hint="Choose another directory.",
                path=path,
                reason=f"{place} is a file",
            )
        other = await files.any_below_fold(tx, folded)
        if other is None:
            continue
        name = "/".join(other.split("/")[: place.count("/") + 1])
        if name != place:
            raise _taken(path, name)
        return  # a directory of that very name is there: so are those above it


async def check_not_directory(tx: Transaction, path: str) -> None:
    """Pass when no live file stands below *path*.

    Raises:
        IsDirectory: One does.
    """
    if await files.any_below(tx, path):
        raise IsDirectory(
            f"{path} is a directory.",
            hint=f"list_files(path={path!r}) shows what is in it.",
            path=path,
            existing=path + "/",
        )


async def live_file(tx: Transaction, path: str) -> tuple[Head, FileRow]:
    """Return the live file at *path*.

    Raises:
        IsDirectory, NotFound: There is none.
    """
    here, row = await head(tx, path)
    if row is None or not here.live:
        await check_not_directory(tx, path)
        check_exists(here)
    assert row is not None
    return here, row


async def known_version(tx: Transaction, path: str, number: int | None) -> tuple[FileRow, VersionRow]:
    """Return the file at *path* and one version of it (None: the head, which must be live).

    Raises:
        IsDirectory: A directory stands there.
        NotFound: There is no such file, or no such version.
    """
    here, row = await head(tx, path)
    if row is None or (number is None and not here.live):
        await check_not_directory(tx, path)
        check_exists(here)
    assert row is not None
    found = await files.version(tx, row.file_id, row.version if number is None else number)
    if found is None:
        raise NotFound(
            f"{path} has no version {number}; the newest is {row.version}.",
            hint=f"file_history(path={path!r}) lists the versions.",
            path=path,
            version=number,
        )
    return row, found


async def head_bytes(tx: Transaction, store: ObjectStore, row: FileRow | None) -> bytes:
    """Return the bytes of a head; none for an absent file."""
    if row is None:
        return b""
    _, form, data = await contents.stored(tx, row.sha256)
    return soundness.whole(form, data, store.path(row.sha256))


async def _made(tx: Transaction, store: ObjectStore, change: Put, row: FileRow | None) -> Content:
    """Return the content that an edit or an append makes of the head."""
    assert change.make is not None
    before = await head_bytes(tx, store, row)
    after = change.make(before)
    if change.op == "append" and row is not None:
        return await contents.extended(tx, store, row.sha256, len(before), after)
    return store.put(after)


async def _append(
    commit: Commit, change: Put, here: Head, *, row: FileRow | None, content: Content, lock: Lock | None
) -> Outcome:
    tx = commit.tx
    if content.size_bytes > LIMITS.file_bytes_max:
        raise TooLarge(
            "The file would be larger than a file may be.",
            hint="Start another file.",
            limit=LIMITS.file_bytes_max,
            actual=content.size_bytes,
        )
    file_id = row.file_id if row is not None else await files.insert(tx, change.path, fold(change.path))
    number = here.version + 1
    kind = change.media_type or media.media_type(change.path, content.head)
    await contents.keep(tx, content)
    seq = await commit.add(
        _event_type(change, here),  # type: ignore[arg-type]  # a closed set, chosen below
        path=change.path,
        version=number,
        previous_version=here.current or None,
        sha256=content.sha256,
        size_bytes=content.size_bytes,
        media_type=kind,
        message=change.message,
        sources=list(change.sources) or None,
        lock=_lock_name(lock),
        op=change.op,
        **change.event_facts,
    )
    await files.append_version(
        tx,
        VersionRow(
            file_id=file_id,
            version=number,
            seq=seq,
            op=change.op,
            at=tx.now_s,
            agent=commit.caller.agent,
            message=change.message,
            sha256=content.sha256,
            size_bytes=content.size_bytes,
            media_type=kind,
            sources=json.dumps(list(change.sources)) if change.sources else None,
            moved_from=json.dumps(change.moved_from) if change.moved_from else None,
            commit_id=commit.number,
        ),
    )
    await files.add_sources(tx, file_id, number, change.sources)
    await commit.intend(row, change.path, version=number, content=content, op=change.op)
    return Outcome(
        path=change.path,
        version=number,
        seq=seq,
        sha256=content.sha256,
        size_bytes=content.size_bytes,
        created=not here.live,
        unchanged=False,
    )


def _event_type(change: Put, here: Head) -> str:
    if change.op == "move":
        return "file.moved"
    if change.op == "restore" or change.event_facts.get("restored_version") is not None:
        return "file.restored"
    return "file.updated" if here.live else "file.created"


def _unchanged(row: FileRow) -> Outcome:
    return Outcome(
        path=row.path,
        version=row.version,
        seq=row.seq,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        created=False,
        unchanged=True,
    )


def _lock_name(lock: Lock | None) -> str | None:
    return None if lock is None else leases.name(lock)


def _taken(path: str, twin: str) -> NameTaken:
    return NameTaken(
        f"{path} differs from {twin} only by letter case or Unicode form.",
        hint=f"Use {twin!r}, or another name.",
        path=path,
        existing=twin,
    )
