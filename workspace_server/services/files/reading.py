"""The use cases that read files and their history."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from workspace_server.core import media, tokens
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.core.versions import check_exists
from workspace_server.errors import NotFound, NotText, TooLarge
from workspace_server.services.arguments import bounded, refused, too_small
from workspace_server.services.files import changes, explaining, kept
from workspace_server.services.folder import Folder
from workspace_server.services.history.moment import version_at
from workspace_server.services.recording import Result
from workspace_server.services.times import iso
from workspace_server.storage import content as contents
from workspace_server.storage import soundness
from workspace_server.storage.content import Form
from workspace_server.storage.database import Body, Transaction
from workspace_server.storage.tables import files, locks
from workspace_server.storage.tables.files import DeletionRow, FileRow, VersionRow, sources_of

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
    """

    header: Result
    text: str | None = None
    data: bytes | None = None
    url: str | None = None


class OpenContent:
    """The bytes of one version, to be streamed."""

    def __init__(self, folder: Folder, row: VersionRow, path: str, *, form: Form, data: bytes | None) -> None:
        self.path = path
        self.version = row.version
        self.size_bytes = row.size_bytes
        self.media_type = row.media_type
        self.sha256 = row.sha256
        self.modified_by = row.agent
        self.modified_at = row.at
        self._file = folder.objects.path(row.sha256)
        self._form = form
        self._data = data

    async def chunks(self, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from *start* up to, not including, *end*."""
        last = self.size_bytes if end is None else end
        if self._form == "object":
            async for chunk in soundness.chunks(self._file, start, last, self.size_bytes):
                yield chunk
        elif self._form == "tail":
            data = await self.read()
            for at in range(start, min(last, self.size_bytes), contents.CHUNK_BYTES):
                yield data[at : min(at + contents.CHUNK_BYTES, last)]
        else:
            yield soundness.whole(self._form, self._data, self._file)[start:last]

    async def read(self) -> bytes:
        """Return all bytes; call it for bounded content only."""
        if self._form in {"object", "tail"}:
            return await asyncio.to_thread(soundness.whole, self._form, self._data, self._file)
        return soundness.whole(self._form, self._data, self._file)


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
            return await self._found(place, lambda tx: self._open(tx, place, version))
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
        start_line: int = 1,
        start_column: int = 1,
        max_lines: int | None = None,
        max_tokens: int = 8_000,
        format: Format = "auto",  # noqa: A002 - the contract's name
    ) -> ReadResult:
        """Return a file's text from a place on, within the token budget, or its image, bytes or address."""
        bounded("max_tokens", max_tokens, LIMITS.tokens_min, LIMITS.tokens_max)
        bounded("start_line", start_line, 1, 1 << 53)
        bounded("start_column", start_column, 1, 1 << 53)
        if max_lines is not None:
            bounded("max_lines", max_lines, 1, 1 << 53)
        place = canonical_file(path)
        caller.require("read", place)

        async def read(tx: Transaction) -> tuple[OpenContent, str | None]:
            return await self._open(tx, place, version), await self._locked_by(tx, place)

        found, locked_by = await self._found(place, read)
        header: Result = {
            "path": place,
            "version": found.version,
            "media_type": found.media_type,
            "encoding": "binary",
            "size_bytes": found.size_bytes,
            "modified_by": found.modified_by,
            "modified_at": iso(found.modified_at),
        }
        if locked_by is not None:
            header["locked_by"] = locked_by
        if format == "link" or (format == "auto" and found.size_bytes > TEXT_BYTES_MAX):
            return ReadResult(header=header, url=self._folder.bytes_url(place))
        if format == "base64" or (format == "auto" and media.is_image(found.media_type)):
            return await self._bytes(found, header)
        return await self._text(found, header, format, (start_line, start_column, max_lines, max_tokens))

    async def file_history(
        self,
        caller: Caller,
        *,
        path: str,
        limit: int = 20,
        before_version: int | None = None,
        diff: tuple[int, int] | list[int] | None = None,
    ) -> Result:
        """Return `{versions, diff?}`: versions and deletes newest first, and the diff of any two versions."""
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
            rows = [_version(one) for one in found] + [_deletion(one) for one in deleted]
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
        """Return a row of the full listing for one file or directory."""
        place = canonical_file(path)
        caller.require("read", place)

        async def read(tx: Transaction) -> Result:
            here, row = await changes.head(tx, place)
            if row is not None and row.live:
                return file_facts(row, await self._locked_by(tx, place))
            if await files.any_below(tx, place):
                return {"path": place, "type": "directory"}
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
        _, found = await changes.known_version(tx, path, number)
        _, form, data = await kept.bytes_of(tx, path, found)
        return OpenContent(self._folder, found, path, form=form, data=data)

    async def _locked_by(self, tx: Transaction, path: str) -> str | None:
        for lock in await locks.covering(tx, path):
            if lock.mode == "exclusive" and lock.covers(path):
                return lock.agent
        return None

    async def _bytes(self, found: OpenContent, header: Result) -> ReadResult:
        if found.size_bytes > LIMITS.tool_content_bytes_max:
            raise TooLarge(
                f"{found.path} has {found.size_bytes} bytes, more than one answer takes.",
                hint=f"GET {self._folder.bytes_url(found.path)}",
                limit=LIMITS.tool_content_bytes_max,
                actual=found.size_bytes,
            )
        return ReadResult(header=header, data=await found.read())

    async def _text(
        self, found: OpenContent, header: Result, wanted: Format, part: tuple[int, int, int | None, int]
    ) -> ReadResult:
        decoded = None
        if found.size_bytes <= TEXT_BYTES_MAX:
            data = await found.read()
            if len(data) <= LIMITS.inline_bytes_max:
                decoded = media.decode(data)
            else:
                decoded = await asyncio.to_thread(media.decode, data)
        elif wanted == "text":
            raise TooLarge(
                f"{found.path} has {found.size_bytes} bytes, more than can be cut into lines.",
                hint=f"GET {self._folder.bytes_url(found.path)} with a Range header",
                limit=TEXT_BYTES_MAX,
                actual=found.size_bytes,
            )
        if decoded is None:
            if wanted == "auto":
                return ReadResult(header=header, url=self._folder.bytes_url(found.path))
            raise NotText(
                f"{found.path} is not text (UTF-8, or UTF-16 with its mark).",
                hint="read_file(format='base64') or format='link' gives the bytes.",
                path=found.path,
                media_type=found.media_type,
            )
        header["encoding"] = decoded.encoding
        start_line, start_column, max_lines, max_tokens = part
        most = max(found.size_bytes, 1)  # no number that the cut adds to the header is higher
        place = {"start_line": most, "start_column": most}
        widest = {"start_line": most, "end_line": most, "total_lines": most, "more": False, "next": place}
        room = tokens.room_bytes(header | widest, max_tokens)
        if room < tokens.BYTES_PER_TOKEN:
            raise too_small(max_tokens + tokens.of_bytes(tokens.BYTES_PER_TOKEN - room))
        if len(decoded.text) <= LIMITS.inline_bytes_max:
            cut = cut_text(decoded.text, start_line, start_column, max_lines, room)
        else:
            cut = await asyncio.to_thread(cut_text, decoded.text, start_line, start_column, max_lines, room)
        return ReadResult(header={**header, **cut.header}, text=cut.text)


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a text, and where it stands."""

    text: str
    header: dict[str, Any]


def cut_text(text: str, start_line: int, start_column: int, max_lines: int | None, bytes_max: int) -> Cut:
    """Return the part of *text* that begins at a place and has at most *bytes_max* bytes (at least four).

    Raises:
        InvalidArgument: The place is beyond the end.
    """
    lines = text.split("\n")
    total = len(lines) - 1 if lines[-1] == "" else len(lines)
    if start_line > max(total, 1):
        raise refused("start_line", f"the file has {total} lines", f"start_line=1 to {max(total, 1)}")
    begin = sum(len(line) + 1 for line in lines[: start_line - 1])
    first = lines[start_line - 1]
    if start_column > len(first) + 1:
        reason = f"line {start_line} has {len(first)} characters"
        raise refused("start_column", reason, f"start_column=1 to {len(first) + 1}")
    begin += start_column - 1
    end = len(text)
    if max_lines is not None and start_line + max_lines <= total:
        end = sum(len(line) + 1 for line in lines[: start_line - 1 + max_lines])
    part = _within(text[begin:end], bytes_max)
    stop = begin + len(part)
    end_line = start_line + part.count("\n") - (1 if part.endswith("\n") else 0)
    header: dict[str, Any] = {"start_line": start_line, "end_line": min(end_line, max(total, 1)), "total_lines": total}
    header["more"] = stop < len(text)
    if header["more"]:
        next_line = text.count("\n", 0, stop) + 1
        header["next"] = {"start_line": next_line, "start_column": stop - (text.rfind("\n", 0, stop) + 1) + 1}
    return Cut(part, header)


def _within(text: str, bytes_max: int) -> str:
    """Return the beginning of *text* that has at most *bytes_max* bytes, at a line's end when there is one."""
    if len(text) <= bytes_max and len(text.encode()) <= bytes_max:
        return text
    cut = text[:bytes_max].encode()[:bytes_max].decode("utf-8", "ignore")
    at = cut.rfind("\n")
    return cut[: at + 1] if at >= 0 else cut


def file_facts(row: FileRow, locked_by: str | None) -> Result:
    """Return a file's row as the full listing shows it."""
    facts: Result = {
        "path": row.path,
        "type": "file",
        "version": row.version,
        "size_bytes": row.size_bytes,
        "media_type": row.media_type,
        "modified_at": iso(row.modified_at),
        "modified_by": row.modified_by,
    }
    if not row.live:
        facts["deleted"] = True
    if locked_by is not None:
        facts["locked_by"] = locked_by
    return facts


def _version(row: VersionRow) -> Result:
    facts: Result = {
        "version": row.version,
        "seq": row.seq,
        "at": iso(row.at),
        "by": row.agent,
        "op": row.op,
        "size_bytes": row.size_bytes,
        "sha256": row.sha256,
        "message": row.message,
        "sources": sources_of(row),
    }
    if row.moved_from:
        facts["moved_from"] = files.json_object(row.moved_from)
    return facts


def _deletion(row: DeletionRow) -> Result:
    facts: Result = {
        "version": row.version,
        "seq": row.seq,
        "at": iso(row.at),
        "by": row.agent,
        "op": "delete",
        "message": row.message,
    }
    if row.moved_to is not None:
        facts["moved_to"] = row.moved_to
    return facts
