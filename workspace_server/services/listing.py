"""The use case that lists files: as an indented tree for agents, or as rows."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from workspace_server.core import tokens
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.locks import Lock
from workspace_server.core.paths import canonical_directory
from workspace_server.core.patterns import Selector, parse_selector
from workspace_server.errors import NotFound
from workspace_server.services.arguments import bounded, refused
from workspace_server.services.folder import Folder
from workspace_server.services.reading import file_facts
from workspace_server.services.recording import Result
from workspace_server.services.selecting import matching
from workspace_server.services.times import ago, size
from workspace_server.storage import files, locks, meta
from workspace_server.storage.database import Transaction
from workspace_server.storage.files import FileRow

SCAN_PAGE = 1_000
SCAN_ROWS_MAX = 50_000
"""Most rows that one listing looks at; what lies beyond comes with the next page."""
CURSOR_TOKENS = 120
"""What is kept of a budget for the keys around the rows."""


@dataclass(slots=True)
class Directory:
    """A directory in the making: how many files are below it, and when one last changed."""

    path: str
    count: int = 0
    modified_at: float = 0.0


Entry = FileRow | Directory


@dataclass(slots=True)
class Page:
    """What a listing found, in the order of paths."""

    entries: list[Entry] = field(default_factory=list)
    more_after: str | None = None


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
    ) -> Result:
        """Return `{tree}` or `{files}` of a directory, with `next_cursor?` and the `seq` it is true for."""
        bounded("max_tokens", max_tokens, LIMITS.tokens_min, LIMITS.tokens_max)
        directory = canonical_directory(path)
        caller.require("read", directory or None)
        chosen = None if pattern is None else _pattern(directory, pattern)
        after = "" if cursor is None else _decoded(cursor)

        async def read(tx: Transaction) -> tuple[Page, int, list[Lock]]:
            if chosen is not None:
                page = await _matching(tx, chosen, after, deleted=deleted)
            else:
                page = await _below(tx, directory, after, recursive=recursive, deleted=deleted)
            if not page.entries and directory and not after and not deleted:
                await _must_be_directory(tx, directory)
            return page, await meta.counter(tx, "seq"), await locks.live(tx)

        page, seq, held = await self._folder.db.read_long(read)
        exclusive = [lock for lock in held if lock.mode == "exclusive"]
        now_s = self._folder.clock.wall_s()
        if detail == "full":
            return _rows(page, exclusive, seq, max_tokens)
        return _tree(page, exclusive, seq, (max_tokens, now_s, directory))


def _pattern(directory: str, pattern: str) -> Selector:
    whole = f"{directory}/{pattern}" if directory else pattern
    return parse_selector(whole, lambda _: False, argument="pattern")


async def _must_be_directory(tx: Transaction, directory: str) -> None:
    row = await files.by_path(tx, directory)
    if row is not None and row.live:
        raise refused("path", f"{directory} is a file", f"read_file(path={directory!r})")
    raise NotFound(f"There is no directory {directory}.", hint="list_files() shows what there is.", path=directory)


async def _matching(tx: Transaction, chosen: Selector, after: str, *, deleted: bool) -> Page:
    rows = await matching(tx, chosen, limit=SCAN_ROWS_MAX, deleted=deleted)
    left = [row for row in rows if row.path > after]
    page = Page(entries=list(left[: LIMITS.list_rows_max]))
    if len(left) > LIMITS.list_rows_max:
        page.more_after = left[LIMITS.list_rows_max - 1].path
    return page


async def _below(tx: Transaction, directory: str, after: str, *, recursive: bool, deleted: bool) -> Page:
    """Return the files of a directory; deeper ones folded into their directory unless *recursive*."""
    page = Page()
    prefix = directory + "/" if directory else ""
    seen = 0
    while True:
        rows = await files.below(tx, directory, after=after, limit=SCAN_PAGE, deleted=deleted)
        for row in rows:
            name, slash, _ = row.path[len(prefix) :].partition("/")
            if recursive or not slash:
                if len(page.entries) >= LIMITS.list_rows_max:
                    page.more_after = after
                    return page
                page.entries.append(row)
            else:
                _fold(page, prefix + name, row)
            after = row.path
        seen += len(rows)
        if len(rows) < SCAN_PAGE:
            return page
        if seen >= SCAN_ROWS_MAX:
            page.more_after = after
            return page


def _fold(page: Page, path: str, row: FileRow) -> None:
    last = page.entries[-1] if page.entries else None
    if not isinstance(last, Directory) or last.path != path:
        last = Directory(path)
        page.entries.append(last)
    last.count += 1
    last.modified_at = max(last.modified_at, row.modified_at)


def _locked_by(exclusive: Sequence[Lock], path: str) -> str | None:
    return next((lock.agent for lock in exclusive if lock.covers(path)), None)


def _rows(page: Page, exclusive: Sequence[Lock], seq: int, max_tokens: int) -> Result:
    room = max_tokens - CURSOR_TOKENS
    shown: list[Result] = []
    for entry in page.entries:
        if isinstance(entry, Directory):
            facts: Result = {"path": entry.path, "type": "directory", "files": entry.count}
        else:
            facts = file_facts(entry, _locked_by(exclusive, entry.path))
        room -= tokens.of_result(facts) + 1
        if room < 0 and shown:
            page.more_after = _last_path(page.entries[len(shown) - 1])
            break
        shown.append(facts)
    return _answer({"files": shown}, page, seq)


def _tree(page: Page, exclusive: Sequence[Lock], seq: int, frame: tuple[int, float, str]) -> Result:
    """Return an indented text: one line a file, the directories above it once."""
    max_tokens, now_s, directory = frame
    room = max_tokens - CURSOR_TOKENS
    lines: list[str] = []
    stack: list[str] = []
    base = directory.count("/") + 1 if directory else 0
    for shown, entry in enumerate(page.entries):
        parts = entry.path.split("/")[base:]
        fresh: list[str] = []
        parents = parts[:-1]
        common = 0
        while common < min(len(stack), len(parents)) and stack[common] == parents[common]:
            common += 1
        fresh += [f"{'  ' * depth}{name}/" for depth, name in enumerate(parents) if depth >= common]
        fresh.append("  " * len(parents) + _line(entry, parts[-1], exclusive, now_s))
        room -= sum(tokens.of_result(line) for line in fresh)
        if room < 0 and lines:
            page.more_after = _last_path(page.entries[shown - 1])
            break
        lines += fresh
        stack = parents
    return _answer({"tree": "\n".join(lines)}, page, seq)


def _line(entry: Entry, name: str, exclusive: Sequence[Lock], now_s: float) -> str:
    if isinstance(entry, Directory):
        return f"{name}/  {entry.count} files, {ago(now_s - entry.modified_at)}"
    held = _locked_by(exclusive, entry.path)
    mark = f"  [locked by {held}]" if held else ""
    gone = "" if entry.live else "  [deleted]"
    when = ago(now_s - entry.modified_at)
    return f"{name}  v{entry.version} {size(entry.size_bytes)} {entry.modified_by} {when}{mark}{gone}"


def _last_path(entry: Entry) -> str:
    """Return the path after which a next page begins: past all that a folded directory holds."""
    return entry.path + "/\U0010ffff" if isinstance(entry, Directory) else entry.path


def _answer(result: Result, page: Page, seq: int) -> Result:
    result["seq"] = seq
    if page.more_after is not None:
        result["next_cursor"] = base64.urlsafe_b64encode(page.more_after.encode()).decode().rstrip("=")
    return result


def _decoded(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        raise refused("cursor", "is not one that list_files gave", "Start again without it.") from None
