"""The use cases that read files and their history."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from indexer.model import Extraction
from workspace_server.core import diffs, elision, media
from workspace_server.core import locks as lock_rules
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.locks import Lock
from workspace_server.core.paths import canonical_file
from workspace_server.core.versions import check_exists
from workspace_server.errors import Gone, NotFound, NotText, TooLarge
from workspace_server.services.arguments import bounded, refused
from workspace_server.services.files import changes, documents, explaining, kept
from workspace_server.services.files.cuts import Cut, Part, cut_part, room_bytes
from workspace_server.services.files.opened import OpenContent
from workspace_server.services.files.seen import Parts
from workspace_server.services.files.shown import deletion_facts, file_facts, version_facts
from workspace_server.services.folder import Folder
from workspace_server.services.history.moment import NOW, seen_by, version_at
from workspace_server.services.locking.announced import shown
from workspace_server.services.recording import Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Body, Transaction
from workspace_server.storage.tables import files, locks, removed

T = TypeVar("T")
Format = Literal["auto", "text", "base64", "link"]
TEXT_BYTES_MAX = 64 * 1024 * 1024
"""Larger files are read over HTTP by range: the whole text must be at hand to count its lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """What a read returns.

    Attributes:
        header: `{path, version, media_type, encoding, size_bytes, …}`, as in the contract.
        text: The text exactly as stored; None when the answer is no text.
        data: The bytes of an image, or of a read as base64; None otherwise.
        url: Where the bytes are, when the answer is a link; None otherwise.
        page_lines: Of a document: the lines on which its pages begin.
        page_names: And what its pages are called, empty where they begin without a heading.
    """

    header: Result
    text: str | None = None
    data: bytes | None = None
    url: str | None = None
    page_lines: Sequence[int] = ()
    page_names: Sequence[str] = ()


class Reading:
    """Read files, versions and histories. Errors: not_found, gone, is_directory, not_text, invalid_argument."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def open_content(
        self, caller: Caller, *, path: str, version: int | None = None, as_of_seq: int | None = None
    ) -> OpenContent:
        """Return one version's bytes (None: the head's), or those that stood there at a seq, for faces that stream."""
        place = canonical_file(path)
        caller.require("read", place)
        if as_of_seq is None:
            found = await self._found(place, lambda tx: self._open(tx, place, version))
            if caller.door == "http":  # the other doors that stream show files to people
                found.given = lambda: self._show(caller, found)
            return found
        if version is not None:
            raise refused("as_of_seq", "cannot go with version", "Give one of the two.")

        async def read(tx: Transaction) -> OpenContent:
            return await self._open(tx, place, await version_at(tx, place, as_of_seq))

        return await self._folder.db.read(read)

    async def read_file(
        self,
        caller: Caller,
        *,
        path: str,
        version: int | None = None,
        since_version: int | None = None,
        start_line: int = 1,
        start_column: int = 1,
        max_lines: int | None = None,
        max_tokens: int = 8_000,
        format: Format = "auto",  # noqa: A002 - the contract's name
        page: int | None = None,
    ) -> ReadResult:
        """Return a file's text from a place on, within the token budget, or its image, bytes or address.

        Args:
            since_version: A version that the caller knows: the answer is a diff from it where that is smaller, and
                `unchanged` where it holds the same.
            page: Of a document, the page, slide or sheet that is wanted, instead of lines.
        """
        bounded("max_tokens", max_tokens, LIMITS.tokens_min, LIMITS.tokens_max)
        bounded("start_line", start_line, 1, 1 << 53)
        bounded("start_column", start_column, 1, 1 << 53)
        if max_lines is not None:
            bounded("max_lines", max_lines, 1, 1 << 53)
        if page is not None:
            documents.check_page(page, (start_line, start_column), format)
        place = canonical_file(path)
        caller.require("read", place)

        async def read(tx: Transaction) -> tuple[OpenContent, OpenContent | None, list[Lock], float]:
            found = await self._open(tx, place, version)
            known = None if since_version is None else await self._known(tx, place, since_version)
            return found, known, [lock for lock in await locks.covering(tx, place) if lock.covers(place)], tx.boot_s

        found, known, covering, now_s = await self._found(place, read)
        header: Result = {
            "path": place,
            "version": found.version,
            "media_type": found.media_type,
            "encoding": "binary",
            "size_bytes": found.size_bytes,
            "modified_by": found.modified_by,
            "modified_at": iso(found.modified_at),
        }
        holder = lock_rules.holder(covering, place)
        if holder is not None:
            header["locked_by"] = holder
        announced = [lock for lock in covering if lock.mode == "intent" and lock.agent != caller.agent]
        if announced:
            header["intents"] = shown(announced, caller, now_s=now_s)
        if known is not None and known.sha256 == found.sha256:
            del header["encoding"]  # nothing of it is in this answer
            self._carry(caller, found, self._folder.seen.parts(caller.agent, place, known.version))
            return ReadResult(header={**header, "since_version": since_version, "unchanged": True}, text="")
        if format == "link" or (format == "auto" and found.size_bytes > TEXT_BYTES_MAX):
            return ReadResult(header=header, url=self._folder.bytes_url(place))
        if format == "base64" or (format == "auto" and media.is_image(found.media_type)):
            result = await self._bytes(found, header)
            self._show(caller, found)
            return result
        part = Part(start_line, start_column, max_lines, max_tokens, page)
        return await self._text(caller, found, known, header, wanted=format, part=part)

    async def file_history(
        self,
        caller: Caller,
        *,
        path: str,
        limit: int = 20,
        before_version: int | None = None,
        diff: tuple[int, int] | list[int] | None = None,
    ) -> Result:
        """Return `{versions, diff?}`: versions and deletes newest first, and the diff of any two versions.

        `gone` at a version says that its bytes are no longer kept: `purged`, or beyond `retention`.
        """
        bounded("limit", limit, 1, LIMITS.history_page_max)
        if before_version is not None:
            bounded("before_version", before_version, 1, files.NUMBERS_MAX)
        if diff is not None and len(diff) != 2:
            raise refused("diff", "takes two versions, [from, to]", "For example diff=[1, 2].")
        place = canonical_file(path)
        caller.require("read", place)

        async def read(tx: Transaction) -> list[Result]:
            here, row = await changes.head(tx, place)
            if row is None:
                await changes.check_not_directory(tx, place)
                check_exists(here)
            assert row is not None
            found = await files.versions(tx, row.file_id, before=before_version, limit=limit)
            top = row.version if before_version is None else before_version - 1
            deleted = await files.deletions(
                tx, row.file_id, from_version=found[-1].version if found else 0, to_version=top
            )
            gone = await removed.reasons(tx, {one.sha256 for one in found})
            rows = [version_facts(one, caller, gone.get(one.sha256)) for one in found]
            rows += [deletion_facts(one, caller) for one in deleted]
            return sorted(rows, key=lambda one: -int(one["seq"]))

        result: Result = {"path": place, "versions": await self._folder.db.read(read)}
        if diff is not None:
            result["diff"] = await self.diff(caller, path=place, before=diff[0], after=diff[1])
        return result

    async def diff(self, caller: Caller, *, path: str, before: int, after: int) -> str:
        """Return the bounded unified diff from one version to another.

        Raises:
            NotFound: One of them never was.
            NotText: One of them is no text.
        """
        place = canonical_file(path)
        caller.require("read", place)
        for number in (before, after):
            await self._folder.db.read(lambda tx, number=number: self._open(tx, place, number))  # type: ignore[misc]
        text = await explaining.version_diff(self._folder, place, before, after)
        if text is None:
            raise NotText(
                f"{place} is not text in both versions.",
                hint="read_file(format='link') gives the address of each version.",
                path=place,
                media_type=media.by_name(place) or media.BINARY,
            )
        return text

    async def stat(self, caller: Caller, *, path: str) -> Result:
        """Return a row of the full listing for one file or directory: one in which there is a file to be read."""
        place = canonical_file(path)
        caller.require_below("read", place)

        async def read(tx: Transaction) -> Result:
            here, row = await changes.head(tx, place)
            if row is not None and row.live and caller.sees(place):
                return file_facts(row, lock_rules.holder(await locks.covering(tx, place), place))
            if await seen_by(caller, NOW).below(tx, place, limit=1):
                return {"path": place, "type": "directory"}
            caller.require("read", place)
            check_exists(here)
            raise AssertionError("unreachable: an absent file was refused")

        return await self._folder.db.read(read)

    async def _found(self, path: str, body: Body[T]) -> T:
        """Return what *body* reads; when there is no such file, say what of the folder stands there instead."""
        try:
            return await self._folder.db.read(body)
        except NotFound:
            self._folder.materialiser.look(path)
            raise

    async def _open(self, tx: Transaction, path: str, number: int | None) -> OpenContent:
        row, found = await changes.known_version(tx, path, number)
        _, form, data = await kept.bytes_of(tx, path, found)
        newest = bool(row.live) and found.version == row.version
        return OpenContent(self._folder, found, path, form=form, data=data, newest=newest)

    async def _known(self, tx: Transaction, path: str, number: int) -> OpenContent | None:
        """Return a version that the caller has; None when its bytes were removed since."""
        try:
            return await self._open(tx, path, number)
        except Gone:
            return None

    def _show(self, caller: Caller, found: OpenContent, cut: Cut | None = None, *, chars: int = 0) -> None:
        """Take note of what the caller is shown of a head: all of it, or a part of its *chars* characters."""
        if found.newest:
            part = None if cut is None else (cut.start, cut.stop)
            at = self._folder.clock.wall_s()
            self._folder.seen.show(caller.agent, found.path, found.version, at=at, part=part, chars=chars)

    def _carry(self, caller: Caller, found: OpenContent, parts: Parts | None) -> None:
        """Take note that the caller was told in what a head differs from a version that it knows."""
        if found.newest:
            at = self._folder.clock.wall_s()
            self._folder.seen.carry(caller.agent, found.path, found.version, parts, at=at)

    async def _bytes(self, found: OpenContent, header: Result) -> ReadResult:
        if found.size_bytes > LIMITS.tool_content_bytes_max:
            raise TooLarge(
                f"{found.path} has {found.size_bytes} bytes, more than one answer takes.",
                hint=f"GET {self._folder.bytes_url(found.path)}",
                limit=LIMITS.tool_content_bytes_max,
                actual=found.size_bytes,
            )
        return ReadResult(header=header, data=await found.read())

    async def _understood(self, found: OpenContent, *, as_stored: bool) -> tuple[Extraction | None, media.Text | None]:
        """Return what a document says, or else the text of what is none; neither for what has no text."""
        by_name = documents.is_document(found, as_stored=as_stored)
        said = await documents.said_by(self._folder, found) if by_name else None
        decoded = await _decoded(found) if said is None else None
        is_unsure = decoded is None or documents.begins_as_one(found, decoded)
        if is_unsure and not by_name and not media.is_image(found.media_type):
            said = await documents.said_by(self._folder, found)  # its bytes may tell what its name does not
        return said, decoded

    def _unread(self, found: OpenContent, header: Result, said: Extraction | None, wanted: Format) -> ReadResult:
        """Return where the bytes are of what has no text; refuse when its text was asked for."""
        if wanted == "text" and found.size_bytes > TEXT_BYTES_MAX:
            raise TooLarge(
                f"{found.path} has {found.size_bytes} bytes, more than can be cut into lines.",
                hint=f"GET {self._folder.bytes_url(found.path)} with a Range header",
                limit=TEXT_BYTES_MAX,
                actual=found.size_bytes,
            )
        if wanted == "text":
            why = "it is not text (UTF-8, UTF-16 with its mark, or Latin-1)" if said is None else said.reason
            raise NotText(
                f"{found.path} cannot be read as text: {why}.",
                hint="read_file(format='base64') or format='link' gives the bytes.",
                path=found.path,
                media_type=found.media_type,
            )
        if said is not None:
            header |= {"index_state": said.state, "index_reason": said.reason}
        return ReadResult(header=header, url=self._folder.bytes_url(found.path))

    async def _text(
        self,
        caller: Caller,
        found: OpenContent,
        known: OpenContent | None,
        header: Result,
        *,
        wanted: Format,
        part: Part,
    ) -> ReadResult:
        said, decoded = await self._understood(found, as_stored=wanted == "text")
        if said is not None and said.text:
            text, header = await documents.extracted(said, header, part=part, size_bytes=found.size_bytes)
            names = documents.page_names(said)
            return ReadResult(header=header, text=text, page_lines=said.pages, page_names=names)
        documents.check_has_page(part.page, 0)
        if decoded is None:
            return self._unread(found, header, said, wanted)
        header["encoding"] = decoded.encoding
        if known is not None:
            header["since_version"] = known.version
        room = room_bytes(header, found.size_bytes, max_tokens=part.max_tokens)
        if known is not None:
            before = await _decoded(known)
            versions = (known.version, found.version)
            seen = self._folder.seen.parts(caller.agent, found.path, known.version)
            diff = None
            if before is not None:
                texts = (before.text, decoded.text)
                diff, seen = await asyncio.to_thread(_diff, texts, seen, room, found.path, versions)
            if diff is not None:
                self._carry(caller, found, seen)
                return ReadResult(header={**header, "diff": True}, text=diff)
        cut = await cut_part(decoded.text, part, room)
        self._show(caller, found, cut, chars=len(decoded.text))
        return ReadResult(header={**header, **cut.header}, text=cut.text)


async def _decoded(found: OpenContent) -> media.Text | None:
    """Return the text of a version; None when it has none, or more than can be cut into lines."""
    if found.size_bytes > TEXT_BYTES_MAX:
        return None
    data = await found.read()
    return media.decode(data) if len(data) <= LIMITS.inline_bytes_max else await asyncio.to_thread(media.decode, data)


def _diff(
    texts: tuple[str, str], seen: Parts | None, bytes_max: int, path: str, versions: tuple[int, int]
) -> tuple[str | None, Parts | None]:
    """Return the diff of two texts when it is whole, fits, and is smaller than the text itself.

    Args:
        seen: The parts of the one before that its reader has seen; None: all.

    Returns:
        The diff or None, and what its reader has seen of the text after.
    """
    room = min(bytes_max, len(texts[1].encode()))
    old, new = (f"{path}@{version}" for version in versions)
    diff = diffs.unified(*texts, before_name=old, after_name=new, chars_max=room)
    if not diffs.is_whole(diff) or len(diff.encode()) >= room:
        return None, None
    return diff, None if seen is None else elision.carried(seen, *texts, diffs.changes(diff))
