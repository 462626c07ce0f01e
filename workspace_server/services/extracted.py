"""What the indexer reads in one version: as it is kept, or read on the spot where nothing is."""

from indexer.extraction import bytes_needed, extraction_key
from indexer.model import Change, Extraction
from indexer.ports import Content
from workspace_server.services.folder import Folder
from workspace_server.storage.tables import facts
from workspace_server.storage.tables.index_source import read_content


async def extraction_of(folder: Folder, change: Change, *, key: str | None = None) -> Extraction:
    """Return the extraction of a version.

    Args:
        key: Under which it is kept; by default, the one that it has with the extractors of today.

    Raises:
        OSError: It is not kept, and the content cannot be read.
    """
    kept = await facts.extraction_of(folder.db, key or extraction_key(change))
    if kept is not None:
        return kept
    data = await read_content(folder.db, folder.objects, change, bytes_max=bytes_needed(change))
    (found,) = await folder.extracting.extract([Content(change, data)])
    return found
