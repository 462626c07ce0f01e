"""The use cases that change files."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from workspace_server.core import locks as lock_rules
from workspace_server.core.access import Caller
from workspace_server.core.paths import canonical_file
from workspace_server.core.scopes import Verb
from workspace_server.core.versions import check_exists, check_expected
from workspace_server.errors import Conflict, EditFailed, InvalidArgument, IsDirectory, Unauthenticated, WorkspaceError
from workspace_server.services.arguments import Encoding, message_text, refused
from workspace_server.services.files import changes, directories, drafts, explaining, moving, remarks, restoring
from workspace_server.services.files.batches import Batch
from workspace_server.services.files.changes import Outcome, Put
from workspace_server.services.files.drafts import Sent
from workspace_server.services.files.held import Held, Locking, allowed
from workspace_server.services.files.merging import merge_until_put
from workspace_server.services.files.moving import Move
from workspace_server.services.files.puts import EditPut, upload_put, write_put
from workspace_server.services.folder import Folder
from workspace_server.services.locking import leases
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import meta
from workspace_server.storage.tables.files import Source

Handles = str | Sequence[str] | None


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
        content: str | None = None,
        draft: str | None = None,
        encoding: Encoding = "utf-8",
        expect_version: int | None = None,
        overwrite: bool = False,
        append: bool = False,
        lock: Handles = None,
        unlock: bool = False,
        on_conflict: Literal["fail", "merge"] = "fail",
        message: str | None = None,
        sources: Sequence[Mapping[str, Any]] | None = None,
    ) -> Result:
        """Make or replace a file, or append to it; return `{path, version, seq, sha256, size_bytes, created, …}`.

        A refused write keeps its content as a draft, which is sent again by *draft* in place of *content*.
        """
        locking = Locking.of(lock, unlock=unlock)
        sent = await write_put(
            self._folder,
            caller,
            path,
            content=content,
            draft=draft,
            encoding=encoding,
            expect_version=expect_version,
            overwrite=overwrite,
            append=append,
            locked=bool(locking.handles),
            message=message,
            sources=sources,
        )
        if on_conflict == "merge":
            caller.require("read", sent.put.path)  # what can be merged tells what stands there
        return await self._write(caller, sent, locking, merge=on_conflict == "merge")

    async def upload(
        self,
        caller: Caller,
        *,
        path: str,
        chunks: AsyncIterator[bytes],
        expect_version: int | None = None,
        overwrite: bool = False,
        lock: Handles = None,
        unlock: bool = False,
        message: str | None = None,
        sources: Sequence[Mapping[str, Any]] | None = None,
    ) -> Result:
        """Write a file from a stream of any size up to the file limit; return as `write_file`."""
        locking = Locking.of(lock, unlock=unlock)
        sent = await upload_put(
            self._folder,
            caller,
            path,
            chunks=chunks,
            expect_version=expect_version,
            overwrite=overwrite,
            message=message,
            sources=sources,
        )
        return await self._write(caller, sent, locking, merge=False)

    async def edit_file(
        self,
        caller: Caller,
        *,
        path: str,
        edits: Sequence[Mapping[str, Any]],
        expect_version: int | None = None,
        lock: Handles = None,
        unlock: bool = False,
        message: str | None = None,
        dry_run: bool = False,
    ) -> Result:
        """Replace texts by others in the head; return `{path, version, seq, diff}`."""
        locking = Locking.of(lock, unlock=unlock)
        edit = EditPut(self._folder, caller, path, edits=edits, expect_version=expect_version, message=message)
        place = edit.put.path
        try:
            given = (edit.put, locking)
            result = await (self._try_edit(caller, *given) if dry_run else self._put(caller, "edit_file", *given))
        except EditFailed as refusal:
            old_text = edit.edits[int(str(refusal.facts["edit"]))].old_text
            raise await explaining.edit_failed(self._folder, refusal, place, old_text) from None
        if result.get("replayed") and not result["unchanged"]:  # an edit follows upon the version before it
            number = int(result["version"])
            diff = await explaining.version_diff(self._folder, place, number - 1, number)
        else:
            diff = await asyncio.to_thread(edit.diff, 0 if dry_run else int(result["version"]))
        kept = ("path", "version", "seq", "replayed", "dry_run", "unchanged", "warnings", "intents")
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
        """Move or copy a file or a directory; return `{path, to, version, seq, files}`.

        A given *expect_version* is the one at `to` that is replaced (0: nothing may be there); when nothing is there,
        it is the version of the file that is moved.
        """
        text = message_text(message)
        source, target = canonical_file(path), canonical_file(to)
        if source == target or target.startswith(source + "/"):
            raise refused("to", "is the file itself, or lies inside what is moved", "Move it beside, or further up.")
        locking = Locking.of(lock)
        needed: Sequence[Verb] = ("read",) if copy else ("read", "write")  # it may be read where it comes to lie
        for verb in needed:
            caller.require(verb, source)
        self._folder.may_write(caller, target)
        touched = await self._look_ahead(source, target)

        async def body(commit: Commit) -> Result:
            held = await Held.take(commit, locking.handles, source)
            for place in (target,) if copy else (source, target):
                await allowed(commit, held, place)
            pairs = await directories.moved(commit.tx, source, target)
            touched[:] = [name for pair in pairs for name in pair]
            for old, new in pairs:
                for verb in needed:
                    directories.within(caller, source, old, verb)
                directories.within(caller, target, new, "write")
                if not copy:
                    self._folder.may_write(caller, old)
                self._folder.may_write(caller, new)
            lock_rules.check_use(held.given, touched)
            whole = pairs != [(source, target)]
            if whole and expect_version:
                raise _one_file_only()
            if len(pairs) > 1:
                await commit.open_bracket()
            moves = [
                Move(path=old, to=new, copy=copy, expect_version=expect_version, overwrite=overwrite, message=text)
                for old, new in pairs
            ]
            outcomes = await moving.move(commit, self._folder.objects, moves, held)
            seq = await commit.close_bracket(text) or outcomes[-1].seq
            result: Result = {"path": source, "to": target, "seq": seq, "files": len(pairs)}
            return result if whole else {**result, "version": outcomes[0].version}

        below = [target] if copy else [source, target]
        return await self._change(caller, "move_file", body, touched, locking, below=below)

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
        text = message_text(message)
        place = canonical_file(path)
        self._folder.may_write(caller, place)
        locking = Locking.of(lock)
        touched: list[str] = []

        async def body(commit: Commit) -> Result:
            held = await Held.take(commit, locking.handles, place)
            await allowed(commit, held, place)
            touched[:] = await directories.deleted(commit.tx, place, recursive)
            for name in touched:
                directories.within(caller, place, name, "write")
                self._folder.may_write(caller, name)
            lock_rules.check_use(held.given, touched)
            if expect_version is not None and touched != [place]:
                raise _one_file_only()
            if len(touched) > 1:
                await commit.open_bracket()
            for name in touched:
                await changes.delete(commit, name, held, expect_version=expect_version, message=text)
            seq = await commit.close_bracket(text)
            return {"path": place, "seq": seq or commit.events[-1].seq, "files": len(touched)}

        return await self._change(caller, "delete_file", body, touched, locking, below=[place])

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
        locking = Locking.of(lock)
        place = self._folder.place(caller, path)
        caller.require("read", place)

        async def body(commit: Commit) -> Result:
            held = await Held.check(commit, locking.handles, [place])
            await allowed(commit, held, place)
            change = await restoring.restore_put(
                commit.tx, place, version=version, expect_version=expect_version, overwrite=overwrite
            )
            return self._answer(await changes.put(commit, self._folder.objects, change, held), merged=False)

        return await self._change(caller, "restore_file", body, [place], locking)

    async def commit_files(
        self,
        caller: Caller,
        *,
        changes: Sequence[Mapping[str, Any]],
        lock: Handles = None,
        unlock: bool = False,
        message: str | None = None,
    ) -> Result:
        """Write, edit, move and delete several files, all or nothing; return `{commit, seq, files}`."""
        text, locking = message_text(message), Locking.of(lock, unlock=unlock)
        batch = await Batch.prepare(self._folder, caller, changes, text)

        async def body(commit: Commit) -> Result:
            held = await Held.check(commit, locking.handles, batch.paths)
            name = await commit.open_bracket()
            touched = await batch.apply(commit, held)
            seq = await commit.close_bracket(text)
            if seq is None:  # all of it stood there already
                seq = await meta.counter(commit.tx, "seq")
            await locking.end(commit, held)
            return {"commit": name, "seq": seq, "files": touched}

        try:
            return await self._change(caller, "commit_files", body, batch.paths, locking, sources=batch.sources)
        except WorkspaceError as refusal:
            await batch.keep(caller, refusal)
            raise

    async def _write(self, caller: Caller, sent: Sent, locking: Locking, *, merge: bool) -> Result:
        """Commit a write; merge it when it may be merged and must be; keep it as a draft when it is refused."""
        change = sent.put

        async def put(merged: Put) -> Result:
            return await self._put(caller, "write_file", merged, locking)

        try:
            try:
                return await put(change)
            except Conflict as refusal:
                if not merge or change.op == "append":
                    raise
                return await merge_until_put(self._folder, change, sent.data, put, refusal)
        except drafts.KEPT_FOR as refusal:
            await drafts.keep(self._folder, caller, refusal, sent, locking, merged=merge)
            raise

    async def _put(self, caller: Caller, action: str, change: Put, locking: Locking) -> Result:
        async def body(commit: Commit) -> Result:
            held = await Held.check(commit, locking.handles, [change.path])
            outcome = await changes.put(commit, self._folder.objects, change, held)
            await locking.end(commit, held)
            return self._answer(outcome, merged=change.op == "merge")

        return await self._change(caller, action, body, [change.path], locking, sources=change.sources)

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
        self,
        caller: Caller,
        action: str,
        body: Callable[[Commit], Awaitable[Result]],
        paths: Sequence[str],
        locking: Locking,
        *,
        sources: Sequence[Source] = (),
        below: Sequence[str] = (),
    ) -> Result:
        """Commit *body* and add what its caller should know besides.

        A refusal leaves explained, and with the caller's locks renewed all the same while its token lasts.

        Args:
            below: Files or directories that are changed as a whole.
        """
        now_s = self._folder.clock.wall_s()
        moved_on = self._folder.seen.moved_on(caller.agent, paths, now_s=now_s, below=below)

        async def remarked(commit: Commit) -> Result:
            return await remarks.added(commit, await body(commit), paths, sources=sources, moved_on=moved_on)

        try:
            result = await self._folder.change(caller, action, remarked, paths)
        except WorkspaceError as refusal:
            await leases.keep(self._folder.db, caller, () if isinstance(refusal, Unauthenticated) else locking.handles)
            raise await explaining.explained(self._folder, caller, refusal) from None
        if moved_on and not result.get("replayed"):  # a replayed answer says what was true before
            self._folder.seen.told(caller.agent, remarks.stale_inputs(result))
        return result

    async def _look_ahead(self, source: str, target: str) -> list[str]:
        """Look at the places of a move before its transaction, which finds out itself what is to be moved."""
        try:
            pairs = await self._folder.db.read(lambda tx: directories.moved(tx, source, target))
        except WorkspaceError:
            return []  # refused by the transaction, unless this is a repeat of what was done already
        for old, new in pairs:
            try:
                self._folder.materialiser.look(new)
            except IsDirectory as refusal:  # as when it was meant to go into that directory, under its own name
                into = f"{new}/{old.rpartition('/')[2]}"
                refusal.hint = f"move_file(path={old!r}, to={into!r}) puts it in there."
                raise
        return [name for pair in pairs for name in pair]

    async def _try_edit(self, caller: Caller, change: Put, locking: Locking) -> Result:
        async def read(tx: Transaction) -> Result:
            held = await Held.look(tx, caller.agent, locking.handles, change.path)
            lock_rules.check_use(held.given, [change.path])
            await held.allow(tx, change.path)
            here, row = await changes.head(tx, change.path)
            if not here.live:
                await changes.check_not_directory(tx, change.path)
            check_exists(here)
            check_expected(here, change.expect_version)
            assert change.make is not None
            change.make(await changes.head_bytes(tx, self._folder.objects, row))
            return {"path": here.path, "version": here.version, "seq": row.seq if row else 0, "dry_run": True}

        try:
            return await self._folder.db.read_long(read)
        except WorkspaceError as refusal:
            raise await explaining.explained(self._folder, caller, refusal) from None
        finally:
            await leases.keep(self._folder.db, caller, locking.handles)


def _one_file_only() -> InvalidArgument:
    return refused("expect_version", "names the version of one file; this is a directory", "Leave expect_version out.")
