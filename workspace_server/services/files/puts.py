"""From the arguments of a write or an edit to the put that they ask for; for single calls and commits alike."""

import asyncio
import codecs
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from workspace_server.core import diffs, media
from workspace_server.core import edits as edit_rules
from workspace_server.core.access import Caller
from workspace_server.core.edits import Edit
from workspace_server.core.limits import LIMITS
from workspace_server.errors import NotText, TooLarge
from workspace_server.services.arguments import Encoding, content_bytes, message_text, plain_text, refused, sources_list
from workspace_server.services.files import drafts, guarding
from workspace_server.services.files.changes import Make, Put
from workspace_server.services.files.drafts import Sent
from workspace_server.services.folder import Folder
from workspace_server.storage import content as contents
from workspace_server.storage.content import Content


async def stored(folder: Folder, data: bytes) -> Content:
    """Return *data* as content; when it is large, on disk first."""
    if len(data) <= LIMITS.inline_bytes_max:
        return folder.objects.put(data)
    return await asyncio.to_thread(folder.objects.put, data)


async def write_put(
    folder: Folder,
    caller: Caller,
    path: str,
    *,
    content: str | None = None,
    draft: str | None = None,
    encoding: Encoding = "utf-8",
    expect_version: int | None = None,
    overwrite: bool = False,
    append: bool = False,
    locked: bool = True,
    message: str | None = None,
    sources: Sequence[Mapping[str, Any]] | None = None,
) -> Sent:
    """Return a write of *content*, or of what was refused before; arguments are checked before the path.

    Args:
        locked: The caller may give a lock, so that the write may replace something without naming its version.
    """
    if (content is None) == (draft is None):
        raise refused("content", "give either content, or draft", "A refusal names the draft that it has kept.")
    data = None if content is None else content_bytes(content, encoding, put_url=folder.bytes_url(path))
    text, used = message_text(message), sources_list(sources)
    _check_append(append=append, overwrite=overwrite)
    place = folder.place(caller, path)
    kept = None
    if draft is not None:
        kept = await drafts.found(folder, caller, draft)
        append = append or kept.append
        data, whole = kept.data, kept.content
        text = kept.message if message is None else text
        used = kept.sources if sources is None else used
        _check_append(append=append, overwrite=overwrite)
    else:
        assert data is not None
        whole = await stored(folder, data)
    put = Put(
        path=place,
        op="append" if append else "write",
        content=None if append else whole,
        make=_appending(data, encoding) if append else None,
        expect_version=expect_version,
        overwrite=overwrite,
        replaces=not append,
        message=text,
        sources=used,
        guard=await guarding.guard(folder, caller, place, data)
        if (expect_version or locked or overwrite) and not append and not (overwrite and draft and expect_version)
        # else it replaces nothing, or insists: a draft that waited for a lock says `overwrite` alone
        else None,
        draft=None if kept is None else kept.number,
    )
    return Sent(put=put, content=whole, data=data)


async def upload_put(
    folder: Folder,
    caller: Caller,
    path: str,
    *,
    chunks: AsyncIterator[bytes],
    expect_version: int | None = None,
    overwrite: bool = False,
    message: str | None = None,
    sources: Sequence[Mapping[str, Any]] | None = None,
) -> Sent:
    """Return a write of what comes in a stream, which is on disk first when it is large."""
    text, used = message_text(message), sources_list(sources)
    place = folder.place(caller, path)
    content = await folder.quotas.take_in(folder.db, folder.objects, caller, place, chunks)
    data = await _looked_at(folder, content)
    put = Put(
        path=place,
        op="write",
        content=content,
        expect_version=expect_version,
        overwrite=overwrite,
        message=text,
        sources=used,
        guard=await guarding.guard(folder, caller, place, data),
    )
    return Sent(put=put, content=content, data=data)


async def _looked_at(folder: Folder, content: Content) -> bytes | None:
    """Return the bytes of a text that was uploaded; None for what is too large to be a text that an agent writes."""
    if content.size_bytes > LIMITS.merge_bytes_max:
        return None
    file = folder.objects.path(content.sha256)
    if content.form == "object":
        return await asyncio.to_thread(contents.expand, content.form, content.data, file)
    return contents.expand(content.form, content.data, file)


def _check_append(*, append: bool, overwrite: bool) -> None:
    if append and overwrite:
        raise refused("overwrite", "cannot go with append", "Leave overwrite out: append replaces nothing.")


def _appending(data: bytes | None, encoding: Encoding) -> Make:
    """Return what adds *data* to the end of a head."""
    if data is None:  # a draft that came through PUT
        limit = LIMITS.merge_bytes_max
        raise refused("append", f"adds up to {limit} bytes", "Write it to a file of its own, without append.")
    return lambda head: head + _as_in(head, data, encoding)


def _as_in(head: bytes, data: bytes, encoding: Encoding) -> bytes:
    """Return what is to be appended in the encoding of the text before it, where that is UTF-16 or Latin-1."""
    is_marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if encoding == "utf-8" and (is_marked or not data.isascii()):
        decoded = media.decode(head)
        added = media.decode(data)  # a draft may be of any kind
        if decoded is not None and added is not None and decoded.encoding != "utf-8":
            _check_holds(decoded, added.text, "content")
            return added.text.encode(decoded.encoding)
    return data


def _check_holds(decoded: media.Text, text: str, argument: str) -> None:
    if not decoded.holds(text):
        raise refused(
            argument,
            "the file is Latin-1, which lacks a letter of this",
            "write_file with the whole text makes the file UTF-8; or say it in letters that Latin-1 has.",
        )


class EditPut:
    """The put of an edit, with the texts before and after once it was made.

    Attributes:
        put: What to commit.
        before: The head's text that was edited; None until then.
        after: The text that came of it.
    """

    def __init__(
        self,
        folder: Folder,
        caller: Caller,
        path: str,
        *,
        edits: Sequence[Mapping[str, Any]],
        expect_version: int | None = None,
        message: str | None = None,
    ) -> None:
        self.edits = _edits(edits)
        text = message_text(message)
        place = folder.place(caller, path)
        caller.require("read", place)  # whether a text is there, and how often, tells what the file holds
        self._url = folder.bytes_url(path)
        self.before = ""
        self.after = ""
        self.put = Put(
            path=place,
            op="edit",
            make=self.make,
            expect_version=expect_version,
            must_exist=True,
            replaces=False,
            message=text,
        )

    def diff(self, version: int) -> str:
        """Return what the edit changed, as the diff that leads to *version*; 0 when it is only tried."""
        path = self.put.path
        before, after = (f"{path}@{version - 1}", f"{path}@{version}") if version else (path, path)
        return diffs.unified(self.before, self.after, before_name=before, after_name=after)

    def make(self, head: bytes) -> bytes:
        """Return the head's bytes after the edits.

        Raises:
            EditFailed: A text to replace is not there exactly once.
            NotText: The file has no text.
        """
        decoded = _text(self.put.path, head, self._url)
        self.before = decoded.text
        self.after = edit_rules.apply(decoded.text, self.edits)
        _check_holds(decoded, self.after, "edits")
        return decoded.encode(self.after)


def _edits(edits: Sequence[Mapping[str, Any]]) -> list[Edit]:
    if not 1 <= len(edits) <= LIMITS.edits_max:
        raise refused("edits", f"takes 1 to {LIMITS.edits_max} entries", "Make several calls, or write the file anew.")
    found = []
    for edit in edits:
        given = dict(edit) if isinstance(edit, Mapping) else {}
        old, new, every = given.get("old_text"), given.get("new_text"), given.get("all") or False
        known = set(given) <= {"old_text", "new_text", "all"}
        if not known or not isinstance(old, str) or not isinstance(new, str) or not isinstance(every, bool):
            raise refused(
                "edits",
                "each entry is {old_text, new_text, all?}",
                'For example [{"old_text": "teh", "new_text": "the"}].',
            )
        if not old:
            raise refused("edits", "old_text is empty", "To add text, replace a line by itself and the new one.")
        for text in (old, new):
            plain_text("edits", text, LIMITS.tool_content_bytes_max)
        found.append(Edit(old_text=old, new_text=new, all=every))
    return found


def _text(path: str, data: bytes, url: str) -> media.Text:
    if len(data) > LIMITS.merge_bytes_max:
        raise TooLarge(
            f"{path} has {len(data)} bytes; up to {LIMITS.merge_bytes_max} can be edited.",
            hint=f'GET {url}, change it, then PUT it there with If-Match: "VERSION".',
            path=path,
            limit=LIMITS.merge_bytes_max,
            actual=len(data),
        )
    decoded = media.decode(data)
    if decoded is None:
        raise NotText(
            f"{path} is not text (UTF-8, UTF-16 with its mark, or Latin-1).",
            hint="read_file(format='base64') reads it; write_file(encoding='base64') replaces it.",
            path=path,
            media_type=media.by_name(path) or media.BINARY,
        )
    return decoded
