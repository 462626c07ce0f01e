"""From the arguments of a write or an edit to the put that they ask for; for single calls and commits alike."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from workspace_server.core import edits as edit_rules
from workspace_server.core import media
from workspace_server.core.edits import Edit
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import FilePath
from workspace_server.errors import NotText
from workspace_server.services.arguments import Encoding, content_bytes, message_text, refused, sources_list
from workspace_server.services.changes import Put
from workspace_server.services.folder import Folder
from workspace_server.storage.content import Content


async def stored(folder: Folder, data: bytes) -> Content:
    """Return *data* as content; when it is large, on disk first."""
    if len(data) <= LIMITS.inline_bytes_max:
        return folder.objects.put(data)
    return await asyncio.to_thread(folder.objects.put, data)


async def write_put(
    folder: Folder,
    place: FilePath,
    *,
    content: str,
    encoding: Encoding = "utf-8",
    expect_version: int | None = None,
    overwrite: bool = False,
    append: bool = False,
    message: str | None = None,
    sources: Sequence[Mapping[str, Any]] | None = None,
) -> tuple[Put, bytes]:
    """Return the put of a write, and its bytes."""
    data = content_bytes(content, encoding, put_url=folder.bytes_url(place))
    if append and overwrite:
        raise refused("overwrite", "cannot go with append")
    put = Put(
        path=place,
        op="append" if append else "write",
        content=None if append else await stored(folder, data),
        make=(lambda head: head + data) if append else None,
        expect_version=expect_version,
        overwrite=overwrite,
        replaces=not append,
        message=message_text(message),
        sources=sources_list(sources),
    )
    return put, data


class EditPut:
    """The put of an edit, with the texts before and after once it was made.

    Attributes:
        put: What to commit.
        before: The head's text that was edited; None until then.
        after: The text that came of it.
    """

    def __init__(
        self,
        place: FilePath,
        *,
        edits: Sequence[Mapping[str, Any]],
        expect_version: int | None = None,
        message: str | None = None,
    ) -> None:
        self.edits = _edits(edits)
        self.before = ""
        self.after = ""
        self.put = Put(
            path=place,
            op="edit",
            make=self.make,
            expect_version=expect_version,
            must_exist=True,
            replaces=False,
            message=message_text(message),
        )

    def make(self, head: bytes) -> bytes:
        """Return the head's bytes after the edits.

        Raises:
            EditFailed: A text to replace is not there exactly once.
            NotText: The file has no text.
        """
        decoded = _text(self.put.path, head)
        self.before = decoded.text
        self.after = edit_rules.apply(decoded.text, self.edits)
        return decoded.encode(self.after)


def _edits(edits: Sequence[Mapping[str, Any]]) -> list[Edit]:
    if not 1 <= len(edits) <= LIMITS.edits_max:
        raise refused("edits", f"takes 1 to {LIMITS.edits_max} entries")
    found = []
    for edit in edits:
        if not {"old_text", "new_text"} <= set(edit) <= {"old_text", "new_text", "all"}:
            raise refused("edits", "each entry is {old_text, new_text, all?}")
        if not edit["old_text"]:
            raise refused("edits", "old_text is empty", "To add text, replace a line by itself and the new one.")
        found.append(Edit(**edit))
    return found


def _text(path: str, data: bytes) -> media.Text:
    if len(data) > LIMITS.merge_bytes_max:
        raise refused("path", f"the file is larger than {LIMITS.merge_bytes_max} bytes", "Write it anew.")
    decoded = media.decode(data)
    if decoded is None:
        raise NotText(
            f"{path} is not text (UTF-8, or UTF-16 with its mark).",
            hint="read_file(format='base64') reads it; write_file(encoding='base64') replaces it.",
            path=path,
            media_type=media.by_name(path) or media.BINARY,
        )
    return decoded
