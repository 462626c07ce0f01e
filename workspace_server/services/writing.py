"""The use cases that change files."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from workspace_server.core import diffs, media
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.core.versions import check_exists, check_expected
from workspace_server.errors import Conflict, EditFailed, IsDirectory, LockLost, NotFound
from workspace_server.services import changes, explaining
from workspace_server.services.arguments import Encoding, handles, message_text, refused, sources_list
from workspace_server.services.batches import Batch
from workspace_server.services.changes import Held, Outcome, Put
from workspace_server.services.folder import Folder
from workspace_server.services.merging import merged
from workspace_server.services.puts import EditPut, stored, write_put
from workspace_server.services.recording import Commit, Result, commit_name
from workspace_server.storage import content as contents
from workspace_server.storage import files, meta
from workspace_server.storage.content import Content
from workspace_server.storage.database import Transaction
from workspace_server.storage.files import FileRow

Handles = str | Sequence[str] | None
MERGE_TRIES_MAX = 8
"""How often a merge is made anew when the head moves on meanwhile."""


class Writing:
    """Write, edit, move, delete, restore: one file, or many in one commit.

    Errors are those of the contract: invalid_path, locked, lock_lost, version_required, conflict and the like.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def write_file(
        self,
        caller: Caller,
        *,
        path: str,
        content: str,
        encoding: Encoding = "utf-8",
        expect_version: int | None = None,
        overwrite: bool = False,
        append: bool = False,
        lock: Handles = None,
        on_conflict: Literal["fail", "merge"] = "fail",
        message: str | None = None,
        sources: Sequence[Mapping[str, Any]] | None = None,
    ) -> Result:
        """Make or replace a file, or append to it; return `{path, version, seq, sha256, size_bytes, created, …}`."""
        place = self._folder.place(caller, path)
        change, data = await write_put(
            self._folder,
            place,
            content=content,
            encoding=encoding,
            expect_version=expect_version,
            overwrite=overwrite,
            append=append,
            message=message,
            sources=sources,
        )
        try:
            return await self._put(caller, "write_file", change, lock)
        except Conflict as refusal:
            if on_conflict != "merge" or append:
                raise
            return await self._merge(caller, change, data, lock, refusal)

    async def upload(
        self,
        caller: Caller,
        *,
        path: str,
        chunks: AsyncIterator[bytes],
        expect_version: int | None = None,
        overwrite: bool = False,
        lock: Handles = None,
        message: str | None = None,
        sources: Sequence[Mapping[str, Any]] | None = None,
    ) -> Result:
        """Write a file from a stream of any size up to the file limit; return as `write_file`."""
        place = self._folder.place(caller, path)
        content = await self._folder.objects.put_stream(chunks, bytes_max=LIMITS.file_bytes_max)
        change = Put(
            path=place,
            op="write",
            content=content,
            expect_version=expect_version,
            overwrite=overwrite,
            message=message_text(message),
            sources=sources_list(sources),
        )
        return await self._put(caller, "write_file", change, lock)

    async def edit_file(
        self,
        caller: Caller,
        *,
        path: str,
        edits: Sequence[Mapping[str, Any]],
        expect_version: int | None = None,
        lock: Handles = None,
        message: str | None = None,
        dry_run: bool = False,
    ) -> Result:
        """Replace texts by others in the head; return `{path, version, seq, diff}`."""
        place = self._folder.place(caller, path)
        edit = EditPut(place, edits=edits, expect_version=expect_version, message=message)
        try:
            if dry_run:
                result = await self._try_edit(edit.put)
            else:
                result = await self._put(caller, "edit_file", edit.put, lock)
        except EditFailed as refusal:
            old_text = edit.edits[int(str(refusal.facts["edit"]))].old_text
            raise await explaining.edit_failed(self._folder, caller, refusal, place, old_text) from None
        diff = await asyncio.to_thread(diffs.unified, edit.before, edit.after, before_name=place, after_name=place)
        kept = ("path", "version", "seq", "replayed", "dry_run", "unchanged")
        return {name: result[name] for name in kept if result.get(name) is not None and result[name] is not False} | {
            "diff": diff
        }

    async def move_file(
        self,
        caller: Caller,
        *,
        path: str,
        to: str,
        copy: bool = False,
        expect_version: int | None = None,
        overwrite: bool = False,
        lock: Handles = None,
        message: str | None = None,
    ) -> Result:
        """Move or copy a file or a directory; return `{path, to, version, seq, files}`."""
        source, target = canonical_file(path), self._folder.place(caller, to)
        caller.require("read" if copy else "write", source)
        text = message_text(message)
        if source == target or target.startswith(source + "/"):
            raise refused("to", "is the file itself, or lies inside the directory that is moved")
        moved = await self._folder.db.read(lambda tx: _members(tx, source, target))
        for old, new in moved:
            if not copy:
                self._folder.may_write(caller, old)
            self._folder.may_write(caller, new)

        async def body(commit: Commit) -> Result:
            pairs = await _members(commit.tx, source, target)
            held = await Held.check(commit, handles(lock), [name for pair in pairs for name in pair])
            await _start(commit, len(pairs))
            outcome: Outcome | None = None
            for old, new in pairs:
                outcome = await changes.move(
                    commit,
                    self._folder.objects,
                    old,
                    new,
                    held,
                    copy=copy,
                    expect_version=expect_version,
                    overwrite=overwrite,
                    message=text,
                )
            assert outcome is not None
            seq = await _end(commit, text)
            version = outcome.version if len(pairs) == 1 and pairs[0][0] == source else None
            result: Result = {"path": source, "to": target, "seq": seq or outcome.seq, "files": len(pairs)}
            return result if version is None else {**result, "version": version}

        return await self._change(caller, "move_file", body, [name for pair in moved for name in pair])

    async def delete_file(
        self,
        caller: Caller,
        *,
        path: str,
        recursive: bool = False,
        expect_version: int | None = None,
        lock: Handles = None,
        message: str | None = None,
    ) -> Result:
        """Delete a file, or with `recursive` a directory; return `{path, seq, files}`. The history stays."""
        place = canonical_file(path)
        self._folder.may_write(caller, place)
        text = message_text(message)
        doomed = await self._folder.db.read(lambda tx: _deleted(tx, place, recursive))
        for name in doomed:
            self._folder.may_write(caller, name)

        async def body(commit: Commit) -> Result:
            names = await _deleted(commit.tx, place, recursive)
            held = await Held.check(commit, handles(lock), names)
            await _start(commit, len(names))
            for name in names:
                await changes.delete(commit, name, held, expect_version=expect_version, message=text)
            seq = await _end(commit, text)
            return {"path": place, "seq": seq or commit.events[-1].seq, "files": len(names)}

        return await self._change(caller, "delete_file", body, doomed)

    async def restore_file(
        self,
        caller: Caller,
        *,
        path: str,
        version: int | None = None,
        expect_version: int | None = None,
        overwrite: bool = False,
        lock: Handles = None,
    ) -> Result:
        """Make an earlier version the newest, or bring a deleted file back; return as `write_file`."""
        place = self._folder.place(caller, path)
        caller.require("read", place)

        async def source(tx: Transaction) -> tuple[Content, str, int]:
            row = await files.by_path(tx, place)
            number = version if version is not None or row is None else row.version
            found = None if row is None or number is None else await files.version(tx, row.file_id, number)
            if found is None:
                raise NotFound(
                    f"There is no version {version} of {place}." if version else f"There never was a file {place}.",
                    hint=f"file_history(path={place!r}) lists the versions.",
                    path=place,
                    version=version,
                )
            size, form, data = await contents.stored(tx, found.sha256)
            content = Content(sha256=found.sha256, size_bytes=size, form=form, data=data, head=b"")
            return content, found.media_type, found.version

        content, kind, number = await self._folder.db.read(source)
        change = Put(
            path=place,
            op="restore",
            content=content,
            media_type=kind,
            expect_version=expect_version,
            overwrite=overwrite,
            message=f"restored version {number}",
            event_facts={"restored_version": number},
        )
        return await self._put(caller, "restore_file", change, lock)

    async def commit_files(
        self,
        caller: Caller,
        *,
        changes: Sequence[Mapping[str, Any]],
        lock: Handles = None,
        message: str | None = None,
    ) -> Result:
        """Write, edit, move and delete several files, all or nothing; return `{commit, seq, files}`."""
        batch = await Batch.prepare(self._folder, caller, changes, message_text(message))

        async def body(commit: Commit) -> Result:
            held = await Held.check(commit, handles(lock), batch.paths)
            commit.number = await meta.raise_counter(commit.tx, "commit")
            touched = await batch.apply(commit, held)
            seq = await _end(commit, message_text(message))
            return {"commit": commit_name(commit.number), "seq": seq, "files": touched}

        return await self._change(caller, "commit_files", body, batch.paths)

    async def _put(self, caller: Caller, action: str, change: Put, lock: Handles) -> Result:
        async def body(commit: Commit) -> Result:
            held = await Held.check(commit, handles(lock), [change.path])
            outcome = await changes.put(commit, self._folder.objects, change, held)
            return self._answer(outcome, merged=change.op == "merge")

        return await self._change(caller, action, body, [change.path])

    def _answer(self, outcome: Outcome, *, merged: bool) -> Result:
        return {
            "path": outcome.path,
            "version": outcome.version,
            "seq": outcome.seq,
            "sha256": outcome.sha256,
            "size_bytes": outcome.size_bytes,
            "created": outcome.created,
            "merged": merged,
            "unchanged": outcome.unchanged,
            "url": self._folder.url(outcome.path),
        }

    async def _change(
        self, caller: Caller, action: str, body: Callable[[Commit], Awaitable[Result]], paths: Sequence[str]
    ) -> Result:
        try:
            return await self._folder.change(caller, action, body, paths)
        except Conflict as refusal:
            raise await explaining.conflict(self._folder, caller, refusal) from None
        except LockLost as refusal:
            raise await explaining.lock_lost(self._folder, caller, refusal) from None

    async def _try_edit(self, change: Put) -> Result:
        async def read(tx: Transaction) -> Result:
            here, row = await changes.head(tx, change.path)
            check_exists(here)
            check_expected(here, change.expect_version)
            assert change.make is not None
            change.make(await changes.head_bytes(tx, self._folder.objects, row))
            return {"path": here.path, "version": here.version, "seq": row.seq if row else 0, "dry_run": True}

        return await self._folder.db.read_long(read)

    async def _merge(self, caller: Caller, change: Put, data: bytes, lock: Handles, refusal: Conflict) -> Result:
        """Merge the caller's text, the head and their common base until the result can be committed."""
        folder, base_version = self._folder, change.expect_version
        mine = media.decode(data)
        for _ in range(MERGE_TRIES_MAX):

            async def read(tx: Transaction) -> tuple[str | None, str | None, FileRow | None]:
                base = await explaining.version_text(tx, folder, change.path, base_version) if base_version else None
                return (
                    base,
                    await explaining.version_text(tx, folder, change.path, None),
                    (await files.by_path(tx, change.path)),
                )

            base, theirs, row = await folder.db.read_long(read)
            if base is None or theirs is None or mine is None or row is None:
                raise refusal
            text = await asyncio.to_thread(merged, base, mine.text, theirs)
            if text is None:
                raise refusal
            merge = Put(
                path=change.path,
                op="merge",
                content=await stored(folder, mine.encode(text)),
                expect_version=row.version,
                message=change.message,
                sources=change.sources,
                event_facts={"merged_from": base_version},
            )
            try:
                return await self._put(caller, "write_file", merge, lock)
            except Conflict as again:
                refusal = again
        raise refusal


async def _members(tx: Transaction, path: str, to: str) -> list[tuple[str, str]]:
    """Return (from, to) of every file that a move of *path* moves."""
    row = await files.by_path(tx, path)
    if row is not None and row.live:
        return [(path, to)]
    below = await files.below(tx, path, limit=LIMITS.commit_files_max + 1)
    if not below:
        here, _ = await changes.head(tx, path)
        check_exists(here)
    if len(below) > LIMITS.commit_files_max:
        raise refused("path", f"holds more than {LIMITS.commit_files_max} files")
    return [(found.path, canonical_file(to + found.path[len(path) :])) for found in below]


async def _deleted(tx: Transaction, path: str, recursive: bool) -> list[str]:
    """Return every file that a delete of *path* deletes."""
    row = await files.by_path(tx, path)
    if row is not None and row.live:
        return [path]
    below = await files.below(tx, path, limit=LIMITS.commit_files_max + 1)
    if below and not recursive:
        raise IsDirectory(
            f"{path} is a directory.",
            hint=f"delete_file(path={path!r}, recursive=True) deletes all that is in it.",
            path=path,
            existing=path + "/",
        )
    if not below:
        here, _ = await changes.head(tx, path)
        check_exists(here)
    if len(below) > LIMITS.commit_files_max:
        raise refused("path", f"holds more than {LIMITS.commit_files_max} files")
    return [found.path for found in below]


async def _start(commit: Commit, count: int) -> None:
    """Give a commit of several files its number."""
    if count > 1:
        commit.number = await meta.raise_counter(commit.tx, "commit")


async def _end(commit: Commit, message: str | None) -> int | None:
    """Close a numbered commit by its bracket event; return that one's seq."""
    if commit.number is None or not commit.events:
        return None
    return await commit.add("files.committed", files=len(commit.events), message=message)
