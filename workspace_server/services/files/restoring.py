"""The put that makes an earlier version the newest."""

from workspace_server.errors import IsDirectory, NotFound
from workspace_server.services.files import kept
from workspace_server.services.files.changes import Put
from workspace_server.storage.content import Content
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files


async def restore_put(
    tx: Transaction, path: str, *, version: int | None, expect_version: int | None, overwrite: bool
) -> Put:
    """Return the put of a restore.

    Raises:
        NotFound, Gone: There never was such a version, or its bytes are kept no longer.
        IsDirectory: A directory is there, or was.
    """
    row = await files.by_path(tx, path)
    number = version if version is not None or row is None else row.version
    found = None if row is None or number is None else await files.version(tx, row.file_id, number)
    if row is None:
        await _check_no_directory(tx, path)
    if found is None:
        raise NotFound(
            f"There never was a file {path}." if version is None else f"There is no version {version} of {path}.",
            hint=f"file_history(path={path!r}) lists the versions.",
            path=path,
            version=version,
        )
    size, form, data = await kept.bytes_of(tx, path, found)
    return Put(
        path=path,
        op="restore",
        content=Content(sha256=found.sha256, size_bytes=size, form=form, data=data, head=b""),
        media_type=found.media_type,
        expect_version=expect_version,
        overwrite=overwrite,
        message=f"restored version {found.version}",
        event_facts={"restored_version": found.version},
        call=f"restore_file(path={path!r}, version={found.version}",
    )


async def _check_no_directory(tx: Transaction, path: str) -> None:
    for deleted, is_or_was, more in ((False, "is", ""), (True, "was", ", deleted=True")):
        if await files.below(tx, path, limit=1, deleted=deleted):
            raise IsDirectory(
                f"{path} {is_or_was} a directory; restore_file brings back one file.",
                hint=f"list_files(path={path!r}{more}) names the files in it; restore_file each of them.",
                path=path,
                existing=path + "/",
            )
