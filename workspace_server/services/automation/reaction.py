"""What follows from a change inside the commit that makes it: joins move on, triggers fire, deliveries and jobs appear.

Everything here runs in a transaction of somebody else. So a committed change always has its firing, a refused one
never, and whoever is killed in between has lost nothing: what is not sent yet stands in the database.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from workspace_server.core.access import Caller
from workspace_server.core.events import FILE_CHANGES
from workspace_server.core.firings import root_of
from workspace_server.core.joins.changes import Change, Finished, Struck
from workspace_server.core.triggers.parsing import STARTING
from workspace_server.core.triggers.targets import Target, Webhook
from workspace_server.services.automation.catalogue import Catalogue
from workspace_server.services.automation.checking import Checking
from workspace_server.services.automation.placing import LOCK_ENDS, Placing, Touched, Work
from workspace_server.services.automation.playing import Playing
from workspace_server.services.automation.targets.handing import Made, Taker
from workspace_server.services.recording import Commit
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files, jobs, joins, triggers
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.triggers import FiringRow

DUE_MAX: Final = 200
"""Most joins that one transaction of the timers looks at."""
_MATTERS: Final = FILE_CHANGES | LOCK_ENDS | {"file.indexed"} | set(STARTING)


class Reaction:
    """Moves the triggers on.

    Args:
        targets: Who takes a firing, by the kind of its target.
        source: The workspace, as the URI that stands in its webhooks.

    Attributes:
        timer_set: Called after a commit that set a timer.
    """

    def __init__(self, targets: Mapping[type[Target], Taker], checking: Checking, *, source: str) -> None:
        self._catalogue = Catalogue()
        self._targets = targets
        self._checking = checking
        self._source = source
        self.timer_set: Callable[[], None] = lambda: None

    async def begin(self, tx: Transaction) -> None:
        """Read the triggers before anybody has to wait for that."""
        await self._catalogue.renew(tx)

    async def cause(self, tx: Transaction, caller: Caller) -> dict[str, Any] | None:
        """Return the causal chain of what *caller* does: of the firing it names, else of the one it has open."""
        if caller.cause is not None:
            named = await self._named(tx, caller.cause)
            if named is not None:
                return triggers.cause_of(named.firing_id, named.root, named.depth).as_json()
        chain = await jobs.chain_of(tx, caller.agent)
        if chain is None:
            left = await triggers.open_of(tx, caller.agent)
            chain = None if left is None else (left.firing_id, left.root, left.depth)
        return None if chain is None else triggers.cause_of(*chain).as_json()

    async def _named(self, tx: Transaction, cause: str) -> FiringRow | None:
        """Return the firing that a caller says it works for: by its id, or by the trace of the chain it stands in."""
        number = triggers.firing_number(cause)
        if number is not None:
            return await triggers.firing(tx, number)
        root = root_of(cause, self._source)
        return None if root is None else await triggers.last_of_chain(tx, root)

    async def advance(self, commit: Commit, happened: Sequence[Event]) -> list[Made]:
        """Move every trigger on that *happened* concerns and return the events that this makes."""
        tx = commit.tx
        relevant = [event for event in happened if event.type in _MATTERS]
        if not relevant or not await self._catalogue.renew(tx):
            return []
        placing = Placing(tx, self._catalogue, self._checking)
        for event in relevant:
            await placing.place(event)
        if placing.failures:
            commit.warnings.append({"failed_checks": placing.failures})
        return await self._play(tx, placing.work)

    async def take_up(self, tx: Transaction, trigger_id: int, rows: Iterable[files.FileRow]) -> list[Made]:
        """Look at the files that are there already when a trigger is made: manifests, and what counts as fresh."""
        await self._catalogue.renew(tx)
        active = self._catalogue.get(trigger_id)
        placing = Placing(tx, self._catalogue, self._checking)
        for row in rows:
            if active is not None:
                await placing.already_there(active, row)
        return await self._play(tx, placing.work)

    async def look_again(self, tx: Transaction) -> list[Made]:
        """Look at the joins whose time has come, and end the firings that their agents have not finished in time."""
        made: list[Made] = []
        for firing_id in await triggers.out_of_sight(tx):
            made += await self.finish(tx, firing_id)
        await self._catalogue.renew(tx)
        return made + await self._again(tx, await joins.due(tx, limit=DUE_MAX), [])

    async def strike(self, tx: Transaction, trigger_id: int, struck: Struck) -> list[Made]:
        """Have a trigger fire for a moment of its schedule: what is in, or, without files, in any case."""
        await self._catalogue.renew(tx)
        active = self._catalogue.get(trigger_id)
        if active is None or active.paused:
            return []
        places = await joins.all_of(tx, trigger_id) if active.definition.watched else [(trigger_id, "")]
        return await self._again(tx, places, [struck])

    async def resume(self, tx: Transaction, trigger_id: int) -> None:
        """Have all joins of a trigger looked at that was paused: what came in meanwhile may fire now."""
        await joins.look_again_now(tx, trigger_id)
        tx.after_commit(self.timer_set)

    async def delivered(self, tx: Transaction, firing_id: int) -> list[Made]:
        """Take note that a webhook has arrived: the firing ends, or is left to the agent that its receiver acts as."""
        firing = await triggers.firing(tx, firing_id)
        assert firing is not None
        await self._catalogue.renew(tx)
        active = self._catalogue.get(firing.trigger_id)
        target = None if active is None else active.definition.target
        if firing.agent is None or not isinstance(target, Webhook):
            return await self.finish(tx, firing_id)
        await triggers.leave_until(tx, firing_id, until_s=tx.now_s + target.visibility_seconds)
        tx.after_commit(self.timer_set)
        return []

    async def left_to(self, tx: Transaction, agent: str, name: str) -> FiringRow | None:
        """Return the firing of that name when it is *agent* who is to finish it: with `finish`, once it says so."""
        number = triggers.firing_number(name)
        firing = None if number is None else await triggers.firing(tx, number)
        return firing if firing is not None and firing.agent == agent else None

    async def finish(self, tx: Transaction, firing_id: int) -> list[Made]:
        """Take a firing out of flight: what came in meanwhile may fire now. A second time nothing happens."""
        place = await triggers.end_firing(tx, firing_id)
        if place is None:
            return []
        await self._catalogue.renew(tx)
        return await self._again(tx, [place], [Finished()])

    async def _again(self, tx: Transaction, places: Iterable[tuple[int, str]], changes: Sequence[Change]) -> list[Made]:
        work: Work = {}
        for trigger_id, key in places:
            active = self._catalogue.get(trigger_id)
            if active is not None:  # a deleted trigger has no joins any more
                work[trigger_id, key] = Touched(active, {}, list(changes))
        return await self._play(tx, work)

    async def _play(self, tx: Transaction, work: Work) -> list[Made]:
        return await Playing(tx, self._targets, self.timer_set).play(work)
