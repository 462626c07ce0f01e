"""The use case that lists files: as an indented tree for agents, or as rows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from workspace_server.core import tokens
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.locks import Lock, holder
from workspace_server.core.paths import canonical_directory
from workspace_server.core.patterns import Selector, escape, parse_selector
from workspace_server.errors import NotFound
from workspace_server.services.arguments import bounded, plain_text, refused, too_small
from workspace_server.services.files.shown import file_facts
from workspace_server.services.folder import Folder
from workspace_server.services.history.moment import View, seen_by, view_of
from workspace_server.services.recording import Result
from workspace_server.services.selecting import existing, matching
from workspace_server.services.times import ago, size
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files, locks, meta, removed
from workspace_server.storage.tables.directories import PAST_ALL
from workspace_server.storage.tables.files import FileRow

SCAN_PAGE = 1_000
SCAN_ROWS_MAX = 50_000
"""Most rows that one listing looks at; what lies beyond comes with the next page."""
CURSOR = re.compile(r"([1-9][0-9]{0,15})(?:\.([1-9][0-9]?))?")
"""The id of a file, and how many names of its path stand for a directory that is done with."""
REMOVED = {"purged": "purged", "retention": "beyond retention"}
CURSOR_WIDEST = "9" * 16 + ".99"


@dataclass(slots=True)
class Directory:
    """A directory in the making: how many files are below it, and when one last changed.

    Attributes:
        file_id: A file in it, which stands for it in a cursor.
    """

    path: str
    file_id: int
    count: int = 0
    modified_at: float = 0.0


Entry = FileRow | Directory


@dataclass(slots=True)
class Page:
    """What a listing found, in the order of paths.

    Attributes:
        last: What was looked at last when there may be more.
        gone: Why bytes were removed, by their hash; of deleted files only.
    """

    entries: list[Entry] = field(default_factory=list)
    last: Entry | None = None
    gone: Mapping[str, str] = field(default_factory=dict)


class Listing:
    """List what is in the workspace. Errors: not_found, invalid_path, invalid_argument."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def list_files(
        self,
        caller: Caller,
        *,
        path: str = "",
        pattern: str | None = None,
        recursive: bool = False,
        detail: Literal["brief", "full"] = "brief",
        deleted: bool = False,
        max_tokens: int = 2_000,
        cursor: str | None = None,
        as_of_seq: int | None = None,
    ) -> Result:
        """Return `{tree}` or `{files}` of a directory, with `next_cursor?` and the `seq` it is true for.

        With *as_of_seq* it is the directory as it was then; who holds a lock now is not told of the past.
        """
        bounded("max_tokens", max_tokens, LIMITS.tokens_min, LIMITS.tokens_max)
        directory = canonical_directory(path)
        caller.require_below("read", directory)
        plain_text("pattern", pattern, LIMITS.pattern_chars_max)

        async def read(tx: Transaction) -> tuple[Page, int, list[Lock]]:
            page, seq, held = await look(tx)
            if deleted:
                page.gone = await removed.reasons(tx, {one.sha256 for one in page.entries if isinstance(one, FileRow)})
            return page, seq, held

        async def look(tx: Transaction) -> tuple[Page, int, list[Lock]]:
            after = "" if cursor is None else await _decoded(tx, cursor)
            view = seen_by(caller, await view_of(tx, as_of_seq))
            if pattern is not None:
                page = await _matching(tx, view, await _pattern(tx, view, directory, pattern), after, deleted=deleted)
            else:
                page = await _below(tx, view, directory, after, recursive=recursive, deleted=deleted)
            if not page.entries and directory and not after and not deleted:
                await _must_be_directory(tx, view, directory)
            if as_of_seq is not None:
                return page, as_of_seq, []
            return page, await meta.counter(tx, "seq"), await locks.live(tx)

        page, seq, held = await self._folder.db.read_long(read)
        exclusive = [lock for lock in held if lock.mode == "exclusive"]
        if detail == "full":
            return _rows(page, exclusive, seq, max_tokens)
        return _tree(page, exclusive, seq, max_tokens, now_s=self._folder.clock.wall_s(), directory=directory)


async def _pattern(tx: Transaction, view: View, directory: str, pattern: str) -> Selector:
    """Return what a pattern below a directory names; a string that is an existing path is that path."""
    there = await existing(tx, [f"{directory}/{pattern}" if directory else pattern], view)
    whole = f"{escape(directory)}/{pattern}" if directory else pattern
    return Selector("path", min(there)) if there else parse_selector(whole, lambda _: False, argument="pattern")


async def _must_be_directory(tx: Transaction, view: View, directory: str) -> None:
    row = await view.by_path(tx, directory)
    if row is not None and row.live:
        raise refused("path", f"{directory} is a file", f"read_file(path={directory!r})")
    if not await view.below(tx, directory, limit=1):
        raise NotFound(f"There is no directory {directory}.", hint="list_files() shows what there is.", path=directory)


async def _matching(tx: Transaction, view: View, chosen: Selector, after: str, *, deleted: bool) -> Page:
    rows = await matching(tx, chosen, limit=LIMITS.list_rows_max + 1, deleted=deleted, after=after, view=view)
    page = Page(entries=list(rows[: LIMITS.list_rows_max]))
    if len(rows) > LIMITS.list_rows_max:
        page.last = page.entries[-1]
    return page


async def _below(tx: Transaction, view: View, directory: str, after: str, *, recursive: bool, deleted: bool) -> Page:
    """Return the files of a directory; deeper ones folded into their directory unless *recursive*."""
    page = Page()
    prefix = directory + "/" if directory else ""
    last: FileRow | None = None
    seen = 0
    while True:
        start = after if last is None else last.path
        rows = await view.below(tx, directory, after=start, limit=SCAN_PAGE, deleted=deleted)
        for row in rows:
            name, slash, _ = row.path[len(prefix) :].partition("/")
            if recursive or not slash:
                if len(page.entries) >= LIMITS.list_rows_max:
                    page.last = last
                    return page
                page.entries.append(row)
            else:
                _fold(page, prefix + name, row)
            last = row
        seen += len(rows)
        if len(rows) < SCAN_PAGE:
            return page
        if seen >= SCAN_ROWS_MAX:
            page.last = last
            return page


def _fold(page: Page, path: str, row: FileRow) -> None:
    last = page.entries[-1] if page.entries else None
    if not isinstance(last, Directory) or last.path != path:
        last = Directory(path, row.file_id)
        page.entries.append(last)
    last.count += 1
    last.modified_at = max(last.modified_at, row.modified_at)


def _rows(page: Page, exclusive: Sequence[Lock], seq: int, max_tokens: int) -> Result:
    room = _room({"files": []}, seq, max_tokens)
    shown: list[Result] = []
    for entry in page.entries:
        if isinstance(entry, Directory):
            facts: Result = {"path": entry.path, "type": "directory", "files": entry.count}
        else:
            facts = file_facts(entry, holder(exclusive, entry.path), page.gone.get(entry.sha256))
        room -= tokens.bytes_of(facts) + 1
        if room < 0:
            _cut(page, len(shown), max_tokens, room)
            break
        shown.append(facts)
    return _answer({"files": shown}, page, seq)


def _tree(page: Page, exclusive: Sequence[Lock], seq: int, max_tokens: int, *, now_s: float, directory: str) -> Result:
    """Return an indented text: one line a file, the directories above it once."""
    room = _room({"tree": ""}, seq, max_tokens)
    lines: list[str] = []
    stack: list[str] = []
    base = directory.count("/") + 1 if directory else 0
    for shown, entry in enumerate(page.entries):
        *parents, name = entry.path.split("/")[base:]
        common = 0
        while common < min(len(stack), len(parents)) and stack[common] == parents[common]:
            common += 1
        fresh = [f"{'  ' * depth}{above}/" for depth, above in enumerate(parents) if depth >= common]
        fresh.append("  " * len(parents) + _line(entry, name, exclusive, now_s, page.gone))
        room -= sum(map(tokens.bytes_of, fresh))  # its quotes stand for the line's end
        if room < 0:
            _cut(page, shown, max_tokens, room)
            break
        lines += fresh
        stack = parents
    return _answer({"tree": "\n".join(lines)}, page, seq)


def _room(empty: Result, seq: int, max_tokens: int) -> int:
    return tokens.room_bytes({**empty, "seq": seq, "next_cursor": CURSOR_WIDEST}, max_tokens)


def _cut(page: Page, shown: int, max_tokens: int, room: int) -> None:
    """Let the next page begin after the entries that are shown.

    Raises:
        InvalidArgument: None is.
    """
    if not shown:
        raise too_small(max_tokens + tokens.of_bytes(-room))
    page.last = page.entries[shown - 1]


def _line(entry: Entry, name: str, exclusive: Sequence[Lock], now_s: float, gone: Mapping[str, str]) -> str:
    if isinstance(entry, Directory):
        return f"{name}/  {entry.count} {'file' if entry.count == 1 else 'files'}, {ago(now_s - entry.modified_at)}"
    held = holder(exclusive, entry.path)
    mark = f"  [locked by {held}]" if held else ""
    why = gone.get(entry.sha256)
    deleted = "" if entry.live else f"  [deleted, {REMOVED[why]}]" if why is not None else "  [deleted]"
    when = ago(now_s - entry.modified_at)
    return f"{name}  v{entry.version} {size(entry.size_bytes)} {entry.modified_by} {when}{mark}{deleted}"


def _answer(result: Result, page: Page, seq: int) -> Result:
    result["seq"] = seq
    if isinstance(page.last, Directory):
        result["next_cursor"] = f"{page.last.file_id}.{page.last.path.count('/') + 1}"
    elif page.last is not None:
        result["next_cursor"] = str(page.last.file_id)
    return result


async def _decoded(tx: Transaction, cursor: str) -> str:
    """Return the path after which the page begins: that of a file, or past all that a folded directory holds."""
    parts = CURSOR.fullmatch(cursor)
    path = None if parts is None else await files.path_of(tx, int(parts[1]))
    if parts is None or path is None:
        raise refused("cursor", "is not one that list_files gave", "Start again without it.")
    if parts[2] is None:
        return path
    return "/".join(path.split("/")[: int(parts[2])]) + PAST_ALL
