"""The use case that names agents which did not say who they are."""

from workspace_server.services.folder import Folder
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import meta


async def next_name(folder: Folder, client: str) -> str:
    """Return a name that no process of *client* has had in this workspace: `claude-code-2` after `claude-code-1`.

    Numbers are not used again, so that no process finds itself in possession of another one's locks.
    """
    key = f"agents of {client}"

    async def draw(tx: Transaction) -> str:
        number = int(await meta.fact(tx, key) or 0) + 1
        await meta.set_fact(tx, key, str(number))
        return f"{client}-{number}"

    return await folder.db.write(draw)
