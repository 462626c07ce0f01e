"""When a background owner ends: a while after its last connection, and only if nothing is due."""

from collections.abc import Callable

import anyio

from workspace_server.services.engine import Engine
from workspace_server.services.recording import Result

LOOK_S = 1.0


class Idling:
    """Watches connections and work that is due.

    Args:
        connections: Says how many connections are open, of any kind.
        idle_s: How long to stay after the last one.
    """

    def __init__(self, engine: Engine, connections: Callable[[], int], *, idle_s: float) -> None:
        self._engine = engine
        self._connections = connections
        self._idle_s = idle_s
        self._quiet_s = 0.0
        self._due: list[str] = []

    async def over(self) -> None:
        """Return when the owner may end."""
        while self._quiet_s < self._idle_s:
            await anyio.sleep(LOOK_S)
            if self._connections():
                self._quiet_s = 0.0
                continue
            self._due = await self._engine.due()
            self._quiet_s = 0.0 if self._due else self._quiet_s + LOOK_S

    async def status(self) -> Result:
        """Return, for `status`, why the owner stays or when it ends."""
        if self._connections():
            return {"stays": "connections are open"}
        if self._due:
            return {"stays": "; ".join(self._due)}
        return {"ends_in_seconds": round(self._idle_s - self._quiet_s)}
