"""The put that makes an earlier version the newest."""

from collections.abc import Awaitable, Callable

from workspace_server.core.access import Caller
from workspace_server.errors import NotFound
from workspace_server.services.files import kept
from workspace_server.services.files.changes import Put
from workspace_server.services.folder import Folder
from workspace_server.storage.content import Content
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files

Look = Callable[[Transaction], Awaitable[object]]
"""A look at what a change rests on, which raises when that is not there any more."""


async def restore_put(
    folder: Folder, caller: Caller, path: str, *, version: int | None, expect_version: int | None, overwrite: bool
) -> tuple[Put, Look]:
    """Return the put of a restore, and a look at what it brings back.

    Raises:
        NotFound, Gone: There never was such a version, or its bytes are kept no longer.
    """
    place = folder.place(caller, path)
    caller.require("read", place)

    async def source(tx: Transaction) -> tuple[Content, str, int]:
        row = await files.by_path(tx, place)
        number = version if version is not None or row is None else row.version
        found = None if row is None or number is None else await files.version(tx, row.file_id, number)
        if found is None:
            raise NotFound(
                f"There never was a file {place}." if version is None else f"There is no version {version} of {place}.",
                hint=f"file_history(path={place!r}) lists the versions.",
                path=place,
                version=version,
            )
        size, form, data = await kept.bytes_of(tx, place, found)
        content = Content(sha256=found.sha256, size_bytes=size, form=form, data=data, head=b"")
        return content, found.media_type, found.version

    content, kind, number = await folder.db.read(source)
    put = Put(
        path=place,
        op="restore",
        content=content,
        media_type=kind,
        expect_version=expect_version,
        overwrite=overwrite,
        message=f"restored version {number}",
        event_facts={"restored_version": number},
        call=f"restore_file(path={place!r}, version={number}",
    )
    return put, source
