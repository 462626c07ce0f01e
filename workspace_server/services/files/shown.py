"""How rows of files, versions and deletes look in an answer."""

from workspace_server.services.recording import Result
from workspace_server.services.times import iso
from workspace_server.storage.tables import files
from workspace_server.storage.tables.files import DeletionRow, FileRow, VersionRow, sources_of


def file_facts(row: FileRow, locked_by: str | None, gone: str | None = None) -> Result:
    """Return a file's row as the full listing shows it; *gone* says why the bytes of its last version were removed."""
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
    if gone is not None:
        facts["gone"] = gone
    if locked_by is not None:
        facts["locked_by"] = locked_by
    return facts


def version_facts(row: VersionRow, gone: str | None = None) -> Result:
    """Return a version as a history shows it; *gone* says why its bytes were removed."""
    facts = _change_facts(row, row.op)
    facts |= {"size_bytes": row.size_bytes, "sha256": row.sha256, "sources": sources_of(row)}
    if gone is not None:
        facts["gone"] = gone
    if row.moved_from:
        facts["moved_from"] = files.json_object(row.moved_from)
    return facts


def deletion_facts(row: DeletionRow) -> Result:
    """Return a delete as a history shows it."""
    facts = _change_facts(row, "delete")
    if row.moved_to is not None:
        facts["moved_to"] = row.moved_to
    return facts


def _change_facts(row: VersionRow | DeletionRow, op: str) -> Result:
    return {
        "version": row.version,
        "seq": row.seq,
        "at": iso(row.at),
        "by": row.agent,
        "op": op,
        "message": row.message,
    }
