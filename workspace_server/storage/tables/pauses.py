"""Rows of what a person holds up: single agents, or the whole workspace.

The writer remembers them, so that asking before each change costs no statement.
"""

from collections.abc import Mapping

from workspace_server.core.agents import Pause
from workspace_server.storage.database import Transaction
from workspace_server.storage.memory import Remembered

EVERYBODY = ""
"""Stands for the whole workspace where an agent's name would."""


async def current(tx: Transaction) -> Mapping[str, Pause]:
    """Return every pause by the agent's name, that of the workspace as `EVERYBODY`."""
    return await tx.recall(_PAUSES)


async def pause(tx: Transaction, agent: str, by: Pause) -> None:
    """Hold an agent up, in place of an earlier pause."""
    insert = "INSERT OR REPLACE INTO agent_pauses (agent, at, by, note) VALUES (?, ?, ?, ?)"
    await tx.run(insert, agent, by.at, by.by, by.note)
    held = await current(tx)
    tx.remember(_PAUSES, {**held, agent: by})


async def resume(tx: Transaction, agent: str) -> None:
    """Let an agent go on."""
    await tx.run("DELETE FROM agent_pauses WHERE agent = ?", agent)
    tx.remember(_PAUSES, {name: one for name, one in (await current(tx)).items() if name != agent})


async def _load(tx: Transaction) -> Mapping[str, Pause]:
    rows = await tx.all("SELECT agent, at, by, note FROM agent_pauses")
    return {str(agent): Pause(by=by, at=at, note=note) for agent, at, by, note in rows}


_PAUSES = Remembered(_load)
