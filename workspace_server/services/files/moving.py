"""Moves and copies of files inside one commit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workspace_server.core import media
from workspace_server.core.versions import check_expected
from workspace_server.services.files import changes
from workspace_server.services.files.changes import Outcome, Put
from workspace_server.services.files.held import Held, allowed
from workspace_server.services.recording import Commit
from workspace_server.storage import content as contents
from workspace_server.storage.content import Content, ObjectStore
from workspace_server.storage.tables import files
from workspace_server.storage.tables.files import FileRow, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One file to be moved or copied.

    Attributes:
        expect_version: The version at `to` that it replaces (0: nothing may be there); when nothing is there, the
            version of the file that is moved.
    """

    path: str
    to: str
    copy: bool = False
    expect_version: int | None = None
    overwrite: bool = False
    message: str | None = None


async def move(commit: Commit, store: ObjectStore, moves: Sequence[Move], held: Held) -> list[Outcome]:
    """Move or copy files: for each the next version at `to`, and for a move a delete at `path`, told by one event.

    All sources make room before the first file arrives, so that a directory can change the letter case of its name or
    move to where it was in part.

    Raises:
        Locked, VersionRequired, Conflict, NotFound, NameTaken, IsDirectory: As the contract says.
    """
    rows = [await _depart(commit, one, held) for one in moves]
    return [await _arrive(commit, store, one, row, held) for one, row in zip(moves, rows, strict=True)]


async def _depart(commit: Commit, one: Move, held: Held) -> FileRow:
    """Check what is moved and, unless it is copied, take it away from its path."""
    tx = commit.tx
    if not one.copy:
        await allowed(commit, held, one.path)
    await allowed(commit, held, one.to)
    here, row = await changes.live_file(tx, one.path)
    if one.expect_version and not (await changes.head(tx, one.to))[0].live:
        check_expected(here, one.expect_version)
    if not one.copy:
        await files.hide(tx, row.file_id)
        await commit.intend(row, one.path)
    return row


async def _arrive(commit: Commit, store: ObjectStore, one: Move, row: FileRow, held: Held) -> Outcome:
    """Make the next version at the destination, and record the delete at the source."""
    tx = commit.tx
    origin: Source = {"path": one.path, "version": row.version}
    size, form, data = await contents.stored(tx, row.sha256)
    facts: dict[str, Any] = {"copied_from" if one.copy else "moved_from": origin}
    taken = (await changes.head(tx, one.to))[0].live
    outcome = await changes.put(
        commit,
        store,
        Put(
            path=one.to,
            op="copy" if one.copy else "move",
            content=Content(sha256=row.sha256, size_bytes=size, form=form, data=data, head=b""),
            expect_version=one.expect_version if taken else None,
            overwrite=one.overwrite,
            message=one.message,
            moved_from=None if one.copy else origin,
            sources=[origin] if one.copy else [],
            event_facts=facts,
            media_type=media.by_name(one.to) or row.media_type,
            call=f"move_file(path={one.path!r}, to={one.to!r}" + (", copy=True" if one.copy else ""),
        ),
        held,
    )
    if one.copy:
        return outcome
    seq = outcome.seq
    if outcome.unchanged:  # the same bytes stood at the destination: the move still takes the source away
        seq = await commit.add(
            "file.moved",
            path=one.to,
            version=outcome.version,
            previous_version=outcome.version,
            sha256=row.sha256,
            size_bytes=row.size_bytes,
            media_type=row.media_type,
            message=one.message,
            **facts,
        )
    await files.delete(tx, row, seq=seq, agent=commit.caller.agent, message=one.message, moved_to=one.to)
    return replace(outcome, seq=seq)
