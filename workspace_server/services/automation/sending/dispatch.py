"""Which delivery is tried when: in order within a lane, at a bounded pace per endpoint, and nothing is hurried or lost.

What is to be sent, and when, stands in the database alone. Memory holds only what is in flight and how fast it may go,
so that a stop or a crash loses nothing: an attempt that was cut off left no trace, and is made again at start.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import anyio

from workspace_server.core.access import SERVER
from workspace_server.core.limits import LIMITS
from workspace_server.core.pace import Pace
from workspace_server.delivery.guard import Policy
from workspace_server.delivery.sender import Answer, Sender
from workspace_server.services.automation.bells import Bell
from workspace_server.services.automation.sending.kinds import Kind, Unsendable
from workspace_server.services.automation.sending.settling import Settling, rest_s
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.tables import deliveries, endpoints
from workspace_server.storage.tables.deliveries import DeliveryRow
from workspace_server.storage.tables.endpoints import EndpointRow

log = logging.getLogger(__name__)

LOOK_S_MAX: Final = 30.0
"""Longest time without a look at the outbox: the clock may have been set."""
AFTER_FAILURE_S: Final = 1.0


@dataclass(slots=True)
class _Traffic:
    """What is on its way to one endpoint, and how fast more may follow.

    Attributes:
        in_flight: How many attempts wait for an answer.
        unrecorded: The deliveries of these, and of those whose answer is being recorded: a receiver need not wait for
            our disk, and the more are recorded at once the less each costs.
    """

    pace: Pace
    in_flight: int = 0
    unrecorded: set[int] = field(default_factory=set)

    def room(self) -> int:
        """Return how many more attempts may begin, as far as this endpoint is concerned."""
        return min(
            LIMITS.deliveries_in_flight_max - self.in_flight, LIMITS.deliveries_unrecorded_max - len(self.unrecorded)
        )


class Dispatch:
    """Empties the outbox.

    Args:
        kinds: What can be sent, by its name.
    """

    def __init__(self, folder: Folder, policy: Policy, kinds: Mapping[str, Kind]) -> None:
        self._folder = folder
        self._policy = policy
        self._kinds = kinds
        self._settling = Settling(kinds)
        self._bell = Bell()
        self._ready: dict[int, None] = {}
        """The endpoints to look at, those first that have waited longest."""
        self._later: dict[int, float] = {}
        """When to look at an endpoint that is held back, in seconds on the boot clock."""
        self._look_at = 0.0
        """When something that waits for its time is due, in seconds since 1970."""
        self._traffic: dict[int, _Traffic] = {}
        self._in_flight = 0

    async def run(self) -> None:
        """Send what is due until cancelled; attempts that this cuts off are made again at the next start."""
        if not self._folder.settings.deliveries:
            await anyio.sleep_forever()
        begun = False
        async with Sender(self._policy) as sender, asyncio.TaskGroup() as attempts:
            while True:
                try:
                    if not begun:
                        await self._folder.db.write(deliveries.try_now)
                        begun = True
                    wait_s = await self._step(sender, attempts)
                except Exception:
                    log.exception("the outbox could not be read")
                    self._look_at = 0.0  # whatever this look was to find is looked for again
                    wait_s = AFTER_FAILURE_S
                await self._bell.wait(wait_s)

    def look(self) -> None:
        """Look at the outbox now: the time has moved."""
        self._bell.ring()

    def due(self, endpoint_id: int) -> None:
        """Look at one endpoint now: something was put into the outbox for it."""
        self._ready[endpoint_id] = None
        self._bell.ring()

    async def _step(self, sender: Sender, attempts: asyncio.TaskGroup) -> float:
        """Start what is due and return in how many seconds to look again."""
        clock = self._folder.clock
        if self._folder.gate.workspace is not None:
            return LOOK_S_MAX  # what is due stays so; `look` is called when the workspace goes on
        ready, self._ready = self._ready, {}
        ready |= dict.fromkeys(endpoint for endpoint, at_s in self._later.items() if at_s <= clock.boot_s())
        if not ready or clock.wall_s() >= self._look_at:
            ready |= dict.fromkeys(await self._folder.db.read(deliveries.due_endpoints))
        for endpoint_id in ready:
            self._later.pop(endpoint_id, None)
            for row in await self._startable(endpoint_id):
                self._take_off(row)
                attempts.create_task(self._attempt(sender, row))
        return await self._wait_s()

    async def _wait_s(self) -> float:
        """Return in how many seconds something may be startable that is not now."""
        clock = self._folder.clock
        now_s = clock.wall_s()
        next_at = await self._folder.db.read(deliveries.next_due)
        self._look_at = now_s + LOOK_S_MAX if next_at is None else min(next_at, now_s + LOOK_S_MAX)
        held = min(self._later.values(), default=float("inf")) - clock.boot_s()
        return max(0.0, min(self._look_at - now_s, held))

    async def _startable(self, endpoint_id: int) -> list[DeliveryRow]:
        """Return what may be sent to an endpoint now, and remember when to look again if something may not yet."""
        traffic = self._traffic_to(endpoint_id)
        if traffic.room() <= 0:
            return []  # the end of any of them looks again
        endpoint = await self._folder.db.read(lambda tx: endpoints.by_id(tx, endpoint_id))
        assert endpoint is not None, "an endpoint is never removed"
        if endpoint.disabled_at is not None:
            await self._give_up(endpoint_id)
            return []
        room = self._room(endpoint, traffic)
        if room <= 0:
            return []
        # What is not recorded is still the first of its lane, and comes back with the rest.
        most = room + len(traffic.unrecorded)
        due = await self._folder.db.read(lambda tx: deliveries.due(tx, endpoint_id, limit=most))
        waiting = [row for row in due if row.delivery_id not in traffic.unrecorded][:room]
        traffic.pace, granted = traffic.pace.take(len(waiting), now_s=self._folder.clock.boot_s())
        if granted < len(waiting):
            self._later[endpoint_id] = traffic.pace.next_s()
        return waiting[:granted]

    def _room(self, endpoint: EndpointRow, traffic: _Traffic) -> int:
        """Return how many more attempts may be made at an endpoint now, when nothing but the pace stands against it."""
        clock = self._folder.clock
        now_s = clock.wall_s()
        held_until_s = endpoint.breaker.held_until_s(now_s)
        if held_until_s is not None:
            self._later[endpoint.endpoint_id] = clock.boot_s() + held_until_s - now_s
            return 0
        of_all = LIMITS.deliveries_in_flight_all_max - self._in_flight
        if of_all <= 0:
            self._ready[endpoint.endpoint_id] = None  # the end of any attempt looks again
        if not endpoint.breaker.is_closed and traffic.unrecorded:
            return 0  # one is let through, and the next only once it is known what came of that
        return min(endpoint.breaker.room(traffic.room(), now_s=now_s), of_all)

    async def _give_up(self, endpoint_id: int) -> None:
        """Give up all that is on its way to a disabled endpoint, a part at a time."""

        async def body(commit: Commit) -> Result:
            return {"left": await self._settling.give_up_disabled(commit, endpoint_id)}

        while (await self._folder.recorder.change(SERVER, "deliver", body))["left"]:
            pass

    async def _attempt(self, sender: Sender, row: DeliveryRow) -> None:
        """Make one attempt and record it."""
        try:
            try:
                answer, trace = await self._answer(sender, row)
            finally:
                self._land(row.endpoint_id)
            ended_s = self._folder.clock.wall_s()

            async def body(commit: Commit) -> Result:
                return {"number": await self._settling.settle(commit, row.delivery_id, answer)}

            number = (await self._folder.recorder.change(SERVER, "deliver", body))["number"]
            if self._folder.recorder.spans is not None and number is not None:
                self._folder.recorder.spans.attempt(row, trace, answer, number=number, ended_s=ended_s)
        except Exception:
            log.exception("an attempt could not be recorded; it will be made again")
            await asyncio.sleep(AFTER_FAILURE_S)
        finally:
            self._traffic_to(row.endpoint_id).unrecorded.discard(row.delivery_id)
            self.due(row.endpoint_id)

    async def _answer(self, sender: Sender, row: DeliveryRow) -> tuple[Answer, str | None]:
        """Send what the delivery says, and learn from the answer how fast others may follow.

        Returns:
            What came of it, and the trace context that was sent, if one was.
        """
        try:
            request = await self._kinds[row.kind].request(row)
        except Unsendable as unsendable:
            return Answer(failure="unsendable", detail=str(unsendable)), None
        answer = await sender.post(row.url, request.body, request.headers)
        clock = self._folder.clock
        traffic = self._traffic_to(row.endpoint_id)
        rest = rest_s(answer, clock.wall_s())
        traffic.pace = traffic.pace.after(answer.status, rest_s=rest, now_s=clock.boot_s())
        return answer, request.headers.get("traceparent")

    def _traffic_to(self, endpoint_id: int) -> _Traffic:
        if endpoint_id not in self._traffic:
            per_second = self._folder.settings.webhooks_per_second
            self._traffic[endpoint_id] = _Traffic(Pace.full(per_second, now_s=self._folder.clock.boot_s()))
        return self._traffic[endpoint_id]

    def _take_off(self, row: DeliveryRow) -> None:
        traffic = self._traffic_to(row.endpoint_id)
        traffic.unrecorded.add(row.delivery_id)
        traffic.in_flight += 1
        self._in_flight += 1

    def _land(self, endpoint_id: int) -> None:
        traffic = self._traffic_to(endpoint_id)
        others_wait = traffic.room() <= 0 or self._in_flight >= LIMITS.deliveries_in_flight_all_max
        traffic.in_flight -= 1
        self._in_flight -= 1
        if others_wait:
            self.due(endpoint_id)
