"""Records edits and deletions of known files, many at once: a checkout, a formatter, a tree that was deleted.

As with arrivals the folder was synced after it was looked at, and its files are as the rows then say, so nothing has to
be put on disk and no intents are needed. Whatever is not as simple as that (a lock that covers the file, a working copy
on its way, a head that has moved on) is left to the way of single edits.
"""

from collections.abc import Container, Sequence

from workspace_server.core import media
from workspace_server.services.recording import Commit
from workspace_server.services.tree.edits import Edit
from workspace_server.storage import content as contents
from workspace_server.storage.content import Content
from workspace_server.storage.database import Transaction
from workspace_server.storage.disk.ignore import is_control_file
from workspace_server.storage.tables import files, intents, locks, turnover
from workspace_server.storage.tables.files import FileRow
from workspace_server.storage.tables.turnover import Edited, Gone


def may_turn(edit: Edit) -> bool:
    """Return whether an edit is of a known file, and will not change unseen."""
    return edit.live and not edit.early and (edit.content is None or edit.trusted)


async def record(commit: Commit, edits: Sequence[Edit], *, op: str, but: Container[str]) -> set[str]:
    """Record those of *edits* that plainly change known files, as the durable folder has them; return their paths.

    Args:
        but: Paths that are left alone.
    """
    fitting = await _fitting(commit.tx, [edit for edit in edits if may_turn(edit) and edit.path not in but])
    await _delete(commit, [row for edit, row in fitting if edit.content is None])
    await _update(commit, [(edit, edit.content, row) for edit, row in fitting if edit.content is not None], op=op)
    return {edit.path for edit, _ in fitting}


async def _fitting(tx: Transaction, edits: Sequence[Edit]) -> list[tuple[Edit, FileRow]]:
    """Return those that follow on the heads that they were compared with, under no lock, with the heads."""
    paths = [edit.path for edit in edits]
    heads = {row.path: row for row in await files.by_paths(tx, paths)}
    underway = await intents.among(tx, paths)
    locked = await locks.any_live(tx)
    fitting = []
    for edit in edits:
        row = heads.get(edit.path)
        if row is None or not row.live or row.version != edit.version:
            continue
        if edit.path in underway or is_control_file(edit.path):
            continue
        if edit.content is not None and edit.content.sha256 == row.sha256:
            continue
        if locked and await locks.covering(tx, edit.path, overdue=True):
            continue
        fitting.append((edit, row))
    return fitting


async def _delete(commit: Commit, rows: Sequence[FileRow]) -> None:
    first = await commit.add_all("file.deleted", [(row.path, row.version, _facts(row)) for row in rows])
    gone = [Gone(row.file_id, row.version, seq) for seq, row in enumerate(rows, first)]
    await turnover.delete(commit.tx, gone, agent=commit.caller.agent)


async def _update(commit: Commit, changed: Sequence[tuple[Edit, Content, FileRow]], *, op: str) -> None:
    await contents.keep_all(commit.tx, [content for _, content, _ in changed if not content.is_stored])
    kinds = [media.media_type(edit.path, content.head) for edit, content, _ in changed]
    first = await commit.add_all(
        "file.updated",
        [
            (
                row.path,
                row.version + 1,
                {
                    "previous_version": row.version,
                    "sha256": content.sha256,
                    "size_bytes": content.size_bytes,
                    "media_type": kind,
                    "op": op,
                },
            )
            for (_, content, row), kind in zip(changed, kinds, strict=True)
        ],
    )
    edited = [
        Edited(row.file_id, row.version + 1, seq, content.sha256, content.size_bytes, kind, str(edit.signature))
        for seq, ((edit, content, row), kind) in enumerate(zip(changed, kinds, strict=True), first)
    ]
    await turnover.edit(commit.tx, edited, op=op, agent=commit.caller.agent, commit_id=commit.number)


def _facts(row: FileRow) -> dict[str, object]:
    return {"sha256": row.sha256, "size_bytes": row.size_bytes, "media_type": row.media_type}
