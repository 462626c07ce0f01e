"""The joins' own due times: pauses, holds and rates that are over."""

from workspace_server.core.access import SERVER
from workspace_server.services.automation.reaction import Reaction
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.tables import triggers


class Firing:
    """Fires what had to wait."""

    def __init__(self, folder: Folder, reaction: Reaction) -> None:
        self._folder = folder
        self._reaction = reaction

    async def next_due_s(self) -> float | None:
        """Return in how many seconds a join is due, or None when none waits."""
        due_at = await self._folder.db.read(triggers.next_due)
        return None if due_at is None else due_at - self._folder.clock.wall_s()

    async def run_due(self) -> None:
        """Look at the joins whose time has come."""

        async def body(commit: Commit) -> Result:
            for made in await self._reaction.look_again(commit.tx):
                await commit.add(made.type, path=made.path, version=made.version, **made.data)
            return {}

        await self._folder.recorder.change(SERVER, "fire", body)

    async def begin(self) -> None:
        """Look at every waiting join once: the clock may have been set while the server was away."""
        await self._folder.db.write(triggers.look_again_now)

    async def waiting(self) -> int:
        """Return how many joins wait for their time."""
        return await self._folder.db.read(triggers.waiting)
