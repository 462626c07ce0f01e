"""Editing whole texts by hand: what an editor is given, and how what comes back is saved as the file has it.

An editor in a browser knows one kind of line end and one encoding. The file keeps its own: they are taken again from
the version that was opened, so that a save changes what was typed and nothing else.
"""

import asyncio
import base64
from dataclasses import dataclass

from workspace_server.core import diffs, line_ends, media
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_directory
from workspace_server.core.patterns import Selector
from workspace_server.errors import InvalidArgument, NotText, SuspiciousWrite, TooLarge, WorkspaceError
from workspace_server.services.files import drafts
from workspace_server.services.files.merging import merged
from workspace_server.services.files.reading import Reading
from workspace_server.services.files.writing import Writing
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.storage.tables import files


class Files(Reading, Writing):
    """All use cases of files."""


class LacksLetters(InvalidArgument):
    """The file's encoding lacks a letter of what was typed; saved as UTF-8 it holds all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedText:
    r"""A version as an editor takes it.

    Attributes:
        text: With `\n` as its only line end.
        stored: The text as it is in the file; its encoding and its mark.
        ends: The line ends that stand in it.
        newest: Whether it is the head.
    """

    path: str
    version: int
    text: str
    stored: media.Text
    ends: frozenset[str]
    newest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands at a path beside what somebody typed.

    Attributes:
        version: The head; 0 when the file was deleted.
        theirs: The diff from the version that was opened to the head; None when one of them is no text, or gone.
        yours: The diff from the version that was opened to what was typed.
        both: The diff from the version that was opened to what both make of it; None when they changed the same place.
    """

    version: int
    by: str | None
    theirs: str | None
    yours: str
    both: str | None


class Editing:
    """Open a text for an editor, save what comes back, and lay both sides open when the file has moved on."""

    def __init__(self, folder: Folder, files: Files) -> None:
        self._folder = folder
        self._files = files

    async def open_text(self, caller: Caller, *, path: str, version: int | None = None) -> EditedText:
        """Return one version (None: the head) for an editor.

        Raises:
            NotFound, Gone, IsDirectory: There is none.
            NotText: It is no text.
            TooLarge: It is larger than `edited_text_bytes_max`.
        """
        found = await self._files.open_content(caller, path=path, version=version)
        _check_size(found.path, found.size_bytes)
        stored = media.decode(await found.read())
        if stored is None:
            raise NotText(
                f"{found.path} is not text, so it cannot be edited here.",
                hint="Download it, change it with a program of yours, and upload it again.",
                path=found.path,
                media_type=found.media_type,
            )
        if found.newest:  # all of it is before their eyes: what they leave out, they mean to
            at = self._folder.clock.wall_s()
            self._folder.seen.show(caller.agent, found.path, found.version, at=at)
        return EditedText(
            path=found.path,
            version=found.version,
            text=line_ends.plain(stored.text),
            stored=stored,
            ends=line_ends.kinds(stored.text),
            newest=found.newest,
        )

    async def save_text(
        self,
        caller: Caller,
        *,
        path: str,
        typed: str,
        base: int,
        over: int | None = None,
        merge: bool = False,
        insist: bool = False,
        as_utf8: bool = False,
        message: str | None = None,
    ) -> Result:
        """Save what was typed over version *base*, with the line ends, encoding and mark of that; as `write_file`.

        Args:
            base: The version that was opened; 0 for a file that is new.
            over: The version that is replaced, when that is not *base*; 0 when the file was deleted meanwhile.
            merge: Merge with what was saved since.
            insist: Save although much of the text seems to be left out.
            as_utf8: Save as UTF-8, when the file's encoding lacks a letter.

        Raises:
            Conflict: The file has moved on.
            LacksLetters: See there; nothing was saved.
        """
        data = await self._bytes(caller, path, typed, base, as_utf8=as_utf8)
        _check_size(path, len(data))
        expected = base if over is None else over
        try:
            return await self._files.write_file(
                caller,
                path=path,
                content=base64.b64encode(data).decode(),
                encoding="base64",
                expect_version=expected,
                on_conflict="merge" if merge else "fail",
                message=message,
            )
        except SuspiciousWrite as refusal:
            draft = refusal.facts.get("draft")
            if not insist or not isinstance(draft, str):
                raise
            return await self._files.write_file(
                caller, path=path, draft=draft, expect_version=expected, overwrite=True, message=message
            )

    async def standing(self, caller: Caller, *, path: str, typed: str, base: int) -> Standing:
        """Return what was saved since version *base*, what was typed, and what both make together."""
        opened = await self._opened(caller, path, base)
        head = await self._opened(caller, path, None)
        before = "" if opened is None else opened.text
        mine = line_ends.plain(typed)
        stat = await self._files.file_history(caller, path=path, limit=1)
        last = stat["versions"][0]
        theirs = None
        if head is not None:
            theirs = _diff(before, head.text, path, base, head.version)
        both = None
        if head is not None and opened is not None:
            both = await asyncio.to_thread(merged, before, mine, head.text)
        return Standing(
            version=0 if last["op"] == "delete" else int(last["version"]),
            by=last["by"],
            theirs=theirs,
            yours=_diff(before, mine, path, base, None),
            both=None if both is None else _diff(before, both, path, base, None),
        )

    async def count_below(self, caller: Caller, *, path: str) -> int:
        """Return how many files a directory holds; one more than a commit takes stands for all that are more."""
        place = canonical_directory(path)
        caller.require_within("read", Selector("directory", f"{place}/"))
        most = LIMITS.commit_files_max + 1
        return await self._folder.db.read(lambda tx: files.count_below(tx, place, most=most))

    async def draft_text(self, caller: Caller, name: str) -> str:
        """Return the text that a refused save has left behind, for an editor.

        Raises:
            NotFound: There is no such draft, its hour is over, or it is another's.
            NotText: It is no text.
        """
        kept = await drafts.found(self._folder, caller, name)
        stored = None if kept.data is None else media.decode(kept.data)
        if stored is None:
            raise NotText(f"The draft {name} is not text.", hint="Upload the file again.", media_type=media.BINARY)
        return line_ends.plain(stored.text)

    async def _bytes(self, caller: Caller, path: str, typed: str, base: int, *, as_utf8: bool) -> bytes:
        if not base:
            return line_ends.plain(typed).encode()
        opened = await self.open_text(caller, path=path, version=base)
        text = await asyncio.to_thread(line_ends.kept, opened.stored.text, typed)
        if not opened.stored.holds(text) and not as_utf8:
            raise LacksLetters(
                f"{opened.path} is stored in Latin-1, which lacks a letter of what you typed.",
                hint="Save it as UTF-8, or write it in letters that Latin-1 has.",
                argument="text",
                reason="not in Latin-1",
            )
        return opened.stored.encode(text)

    async def _opened(self, caller: Caller, path: str, version: int | None) -> EditedText | None:
        if version == 0:
            return None
        try:
            return await self.open_text(caller, path=path, version=version)
        except WorkspaceError:  # deleted, no longer kept, or no text any more: then there is nothing to compare
            return None


def _diff(before: str, after: str, path: str, old: int, new: int | None) -> str:
    return diffs.unified(before, after, before_name=f"{path}@{old}", after_name=f"{path}@{new or 'unsaved'}")


def _check_size(path: str, size: int) -> None:
    if size > LIMITS.edited_text_bytes_max:
        raise TooLarge(
            f"{path} has {size:,} bytes; up to {LIMITS.edited_text_bytes_max:,} can be edited in a browser.",
            hint="Download it, change it with a program of yours, and upload it again.",
            path=path,
            limit=LIMITS.edited_text_bytes_max,
            actual=size,
        )
