"""The stored bytes of a version, or the refusal that says which versions of the file are kept instead."""

from workspace_server.errors import Gone
from workspace_server.storage import content as contents
from workspace_server.storage.content import Form
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files
from workspace_server.storage.tables.files import VersionRow


async def bytes_of(tx: Transaction, path: str, found: VersionRow) -> tuple[int, Form, bytes | None]:
    """Return (size in bytes, form, stored bytes) of a version, as `contents.stored`.

    Raises:
        Gone: They were removed, by retention or by a purge.
    """
    try:
        return await contents.stored(tx, found.sha256)
    except Gone as refusal:
        oldest = await files.oldest_kept(tx, found.file_id)
        raise Gone(
            f"{path}@{found.version}: {refusal.message}",
            hint=f"The oldest version that is kept is {oldest}: read_file(path={path!r}, version={oldest})."
            if oldest is not None
            else f"No version of it is kept; file_history(path={path!r}) says what there was.",
            path=path,
            version=found.version,
            oldest_version=oldest,
            reason=refusal.facts["reason"],
        ) from None
