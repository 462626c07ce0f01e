"""Three-way merges of texts by lines."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import merge3

from workspace_server.core import media
from workspace_server.core.diffs import LINES_MAX, lines_of
from workspace_server.errors import Conflict
from workspace_server.services.files import explaining, guarding
from workspace_server.services.files.changes import Put
from workspace_server.services.files.puts import stored
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files

TRIES_MAX = 8
"""How often a merge is made anew when the head moves on meanwhile."""


def merged(base: str, mine: str, theirs: str) -> str | None:
    """Return what both made of *base*, or None when they changed the same place in different ways.

    None also when they differ in more lines than can be compared in time.
    """
    old, a, b = lines_of(base), lines_of(mine), lines_of(theirs)
    shortest = min(len(old), len(a), len(b))
    start = 0
    while start < shortest and old[start] == a[start] == b[start]:
        start += 1
    end = 0
    while end < shortest - start and old[-1 - end] == a[-1 - end] == b[-1 - end]:
        end += 1
    before, after = old[:start], old[len(old) - end :]
    old, a, b = (lines[start : len(lines) - end] for lines in (old, a, b))
    if len(old) + len(a) + len(b) > LINES_MAX:
        return None
    groups = list(merge3.Merge3(old, a, b).merge_groups())
    if any(group[0] == "conflict" for group in groups):
        return None
    middle = [line for group in groups for line in group[1]]
    return "".join([*before, *middle, *after])


async def merge_until_put(
    folder: Folder, change: Put, data: bytes | None, put: Callable[[Put], Awaitable[Result]], refusal: Conflict
) -> Result:
    """Merge the caller's text, the head and their common base until the result can be committed.

    Args:
        change: The write that was refused.
        data: Its bytes; None when they are too many.
        put: Commits the merged content, expecting the head that it was merged with.
        refusal: What is raised when there is nothing to merge, or no clean merge.
    """
    mine = None if data is None else media.decode(data)
    for _ in range(TRIES_MAX):

        async def read(tx: Transaction) -> tuple[str | None, str | None, int]:
            row = await files.by_path(tx, change.path)
            base = await explaining.version_text(tx, folder, change.path, change.expect_version or 0)
            theirs = await explaining.version_text(tx, folder, change.path, None)
            return base, theirs, row.version if row is not None and row.live else 0

        base, theirs, version = await folder.db.read_long(read)
        if base is None or theirs is None or mine is None:
            why = "it is not text, too large, or its base is gone" if version else "the file was deleted meanwhile"
            refusal.hint = f"This cannot be merged: {why}. {refusal.hint}"
            raise refusal
        text = await asyncio.to_thread(merged, base, mine.text, theirs)
        if text is None:
            refusal.hint = f"This cannot be merged: both changed the same place. {refusal.hint}"
            raise refusal
        merge = Put(
            path=change.path,
            op="merge",
            content=await stored(folder, mine.encode(text)),
            expect_version=version,
            message=change.message,
            sources=change.sources,
            event_facts={"merged_from": change.expect_version},
            guard=None if change.guard is None else await guarding.judged(folder, replace(change.guard, text=text)),
            draft=change.draft,
        )
        try:
            return await put(merge)
        except Conflict as again:
            refusal = again
    raise refusal
