"""Tells a collector of traces what led to what: a change, its commit, what that fired, what was sent, who worked on it.

Nothing of it is kept in the database. All effects of one firing share the trace that its webhooks name; what began
elsewhere, or led to several firings, is linked. No path, content, secret or token stands in a span.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from secrets import token_hex
from types import TracebackType
from typing import Any, Final, Self

from workspace_server.core.access import Caller
from workspace_server.core.clock import Clock
from workspace_server.core.events import FILE_CHANGES
from workspace_server.core.firings import trace_of
from workspace_server.core.jobs import job_name
from workspace_server.core.limits import LIMITS
from workspace_server.core.spans import Place, Span, place_in, span_id, told
from workspace_server.delivery.guard import Target
from workspace_server.delivery.sender import Answer
from workspace_server.errors import WorkspaceError
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import triggers
from workspace_server.storage.tables.deliveries import DeliveryRow
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.jobs import JobRow

FIRED: Final = "trigger.fired"
_OF_ENGINE: Final = FILE_CHANGES | {FIRED}
"""What is worth a span when nobody asked for it: the rest is the server's own housekeeping."""

Tell = Callable[[Span], None]
"""Takes a span and returns at once."""


class Spans:
    """Makes spans of what happens.

    Args:
        source: The workspace, as webhooks name it.
        tell: Where they go.
    """

    def __init__(self, source: str, clock: Clock, tell: Tell) -> None:
        self.clock = clock
        self.tell = tell
        self._source = source
        self._saves: OrderedDict[tuple[str, int], Place] = OrderedDict()
        """The commits that made the newest versions: a trigger may wait before it fires for them."""

    def asked(self, caller: Caller, action: str) -> "Asked":
        """Return what is to be told of a change that *caller* asks for: enter it while it is made."""
        return Asked(self, caller, action)

    def commit(self, asked: "Asked", happened: Sequence[Event], began_s: float) -> None:
        """Tell of a commit, of the request for it, and of the firings in it."""
        caller, seq = asked.caller, happened[0].seq
        place, parent, links = self._place(caller, happened)
        now_s = self.clock.wall_s()
        if caller.door != "engine":
            request = Place(place.trace, span_id(self._source, "request", seq))
            self.tell(asked.span(request, parent, now_s=now_s, links=links))
            parent, links = request, ()
        facts = told(seq=seq, events=len(happened))
        self.tell(
            Span(
                name="commit",
                place=place,
                parent=parent,
                began_s=began_s,
                ended_s=now_s,
                attributes=facts,
                links=links,
            )
        )
        for event in happened:
            if event.type in FILE_CHANGES and event.path is not None and event.version is not None:
                self._saves[event.path, event.version] = place
            elif event.type == FIRED:
                self._fire(event, place, began_s)
        while len(self._saves) > LIMITS.traced_saves_max:
            self._saves.popitem(last=False)

    def attempt(
        self, row: DeliveryRow, traceparent: str | None, answer: Answer, *, number: int, ended_s: float
    ) -> None:
        """Tell of one attempt at a delivery; with the first one also of the delivery, which its receiver is told of.

        Args:
            traceparent: As it was sent; deliveries without one are part of no trace.
            number: 1 for the first.
        """
        place = place_in(traceparent)
        if place is None:
            return
        began_s = ended_s - answer.latency_ms / 1_000
        if number == 1:
            firing = (
                None if row.firing_id is None else self._of_firing(place.trace, triggers.firing_name(row.firing_id))
            )
            facts = told(delivery=row.message_id, trigger=row.trigger)
            self.tell(
                Span(
                    name="webhook",
                    place=place,
                    parent=firing,
                    began_s=row.at,
                    ended_s=ended_s,
                    attributes=facts,
                    kind="producer",
                )
            )
        target = Target.of(row.url)
        reached: dict[str, str | int] = {"server.address": target.host, "server.port": target.port}
        status = {} if answer.status is None else {"http.response.status_code": answer.status}
        self.tell(
            Span(
                name="attempt",
                place=Place(place.trace, span_id(self._source, row.message_id, number)),
                parent=place,
                began_s=began_s,
                ended_s=ended_s,
                attributes={**told(delivery=row.message_id, attempt=number), **reached, **status},
                kind="client",
                error=None if answer.delivered else answer.failure or str(answer.status),
            )
        )

    async def work(self, tx: Transaction, row: JobRow, outcome: str) -> None:
        """Tell, once *tx* is durable, of an attempt at a job, from its claim until it ended."""
        job, began_s = job_name(row.job_id), row.claimed_at
        firing = None if row.firing_id is None else await triggers.firing(tx, row.firing_id)
        trace = trace_of(self._source, job if firing is None else firing.root)
        span = Span(
            name="job",
            place=Place(trace, span_id(self._source, job, row.attempt)),
            parent=None if firing is None else self._of_firing(trace, triggers.firing_name(firing.firing_id)),
            began_s=tx.now_s if began_s is None else began_s,
            ended_s=tx.now_s,
            attributes=told(job=job, queue=row.queue, attempt=row.attempt, agent=row.agent, outcome=outcome),
            error=None if outcome == "done" else outcome,
        )
        tx.after_commit(lambda: self.tell(span))

    def _place(self, caller: Caller, happened: Sequence[Event]) -> tuple[Place, Place | None, tuple[Place, ...]]:
        """Return the place of a commit, what led to it, and what else did."""
        span, cause = span_id(self._source, "commit", happened[0].seq), happened[0].data.get("cause")
        behind = None if cause is None else self._of_firing(trace_of(self._source, cause["root"]), cause["firing"])
        given = place_in(caller.trace)
        if given is not None:
            apart = behind is not None and behind.trace != given.trace
            return Place(given.trace, span), given, (behind,) if apart and behind is not None else ()
        if behind is not None:
            return Place(behind.trace, span), behind, ()
        first = next((_root(event) for event in happened if event.type == FIRED), f"seq {happened[0].seq}")
        return Place(trace_of(self._source, first), span), None, ()

    def _fire(self, event: Event, commit: Place, began_s: float) -> None:
        """Tell of a firing: below its commit if that is of its trace, else linked with it; and with its inputs'."""
        cause, inputs = event.data.get("cause"), event.data["inputs"]
        place = self._of_firing(trace_of(self._source, _root(event)), event.data["firing"])
        behind = None if cause is None else self._of_firing(place.trace, cause["firing"])
        parent = commit if commit.trace == place.trace else behind
        saves = (self._saves.get((one["path"], one["version"])) for one in inputs[: LIMITS.traced_inputs_max])
        links = dict.fromkeys(one for one in (commit, *saves) if one is not None and one != parent)
        self.tell(
            Span(
                name="fire",
                place=place,
                parent=parent,
                began_s=began_s,
                ended_s=self.clock.wall_s(),
                attributes=told(
                    trigger=event.data["trigger"],
                    firing=event.data["firing"],
                    mode=event.data["mode"],
                    inputs=len(inputs),
                ),
                links=tuple(links),
            )
        )

    def _of_firing(self, trace: str, firing: str) -> Place:
        return Place(trace, span_id(self._source, "firing", firing))


class Asked:
    """A change that somebody asks for; one that is refused is told of when it is left."""

    def __init__(self, spans: Spans, caller: Caller, action: str) -> None:
        self.caller = caller
        self._spans = spans
        self._action = action
        self._at_s = spans.clock.wall_s()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: TracebackType | None) -> None:
        """Tell of a refusal; what was taken is told of by its commit."""
        if self.caller.door == "engine" or not isinstance(error, WorkspaceError):
            return
        parent = place_in(self.caller.trace)
        place = Place(token_hex(16) if parent is None else parent.trace, token_hex(8))
        self._spans.tell(self.span(place, parent, now_s=self._spans.clock.wall_s(), outcome=error.code))

    def committed(self, happened: Sequence[Event], began_s: float) -> None:
        """Tell what was made to happen."""
        if self.caller.door != "engine" or any(event.type in _OF_ENGINE for event in happened):
            self._spans.commit(self, happened, began_s)

    def span(
        self, place: Place, parent: Place | None, *, now_s: float, links: tuple[Place, ...] = (), outcome: str = "ok"
    ) -> Span:
        """Return what is told of the request."""
        caller = self.caller
        facts: dict[str, Any] = {"door": caller.door, "operation": self._action, "agent": caller.agent}
        return Span(
            name=self._action,
            place=place,
            parent=parent,
            began_s=self._at_s,
            ended_s=now_s,
            attributes=told(**facts, outcome=outcome, request_id=caller.call_id),
            kind="server",
            links=links,
            error=None if outcome == "ok" else outcome,
        )


def _root(event: Event) -> str:
    """Return the first firing of the chain that a firing stands in."""
    cause = event.data.get("cause")
    return str(event.data["firing"] if cause is None else cause["root"])
