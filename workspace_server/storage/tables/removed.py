"""Contents whose bytes are gone, while the versions that had them stay."""

import json
from collections.abc import Iterable

from workspace_server.storage.database import Transaction


async def reasons(tx: Transaction, hashes: Iterable[str]) -> dict[str, str]:
    """Return, of those of *hashes* whose bytes were removed, why: `purged` or `retention`."""
    rows = await tx.all(
        "SELECT sha256, removed_why FROM contents"
        " WHERE removed_at IS NOT NULL AND sha256 IN (SELECT value FROM json_each(?))",
        json.dumps(list(hashes)),
    )
    return {str(row[0]): str(row[1]) for row in rows}
