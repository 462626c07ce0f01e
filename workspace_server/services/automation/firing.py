"""The joins' own due times: pauses, holds and rates that are over."""

from workspace_server.core.access import SERVER
from workspace_server.services.automation.reaction import Reaction
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.tables import joins, triggers


class Firing:
    """Fires what had to wait."""

    def __init__(self, folder: Folder, reaction: Reaction) -> None:
        self._folder = folder
        self._reaction = reaction

    async def next_due_s(self) -> float | None:
        """Return in how many seconds a join is due or a firing ends by itself, or None when none waits."""
        due = [await self._folder.db.read(look) for look in (joins.next_due, triggers.next_out_of_sight)]
        known = [due_at for due_at in due if due_at is not None]
        return min(known) - self._folder.clock.wall_s() if known else None

    async def run_due(self) -> None:
        """Look at the joins whose time has come."""

        async def body(commit: Commit) -> Result:
            for made in await self._reaction.look_again(commit.tx):
                await commit.add(made.type, path=made.path, version=made.version, **made.data)
            return {}

        await self._folder.recorder.change(SERVER, "fire", body)

    async def begin(self) -> None:
        """Look at every waiting join once: the clock may have been set while the server was away."""
        await self._folder.db.write(joins.look_again_now)
        await self._folder.db.write(self._reaction.begin)

    async def waiting(self) -> int:
        """Return how many joins wait for their time."""
        return await self._folder.db.read(joins.waiting)
