"""Tells a collector of traces what led to what: a change, its commit, what that fired, what was sent, who worked on it.

Nothing of it is kept in the database. All effects of one firing share the trace that its webhooks name; what began
elsewhere, or led to several firings, is linked. No path, content, secret or token stands in a span.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
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


@dataclass(slots=True)
class _Save:
    """A commit that something may fire for.

    Attributes:
        held: Its spans, while its trace may still become that of a firing.
        until_s: For how long they are held, on the boot clock.
    """

    place: Place
    held: Sequence[Span]
    until_s: float


class Spans:
    """Makes spans of what happens.

    A trigger waits until its files are left alone before it says in which trace all that follows stands. So what has
    no trace of its own is held for a moment, and then stands in that one, too.

    Args:
        source: The workspace, as webhooks name it.
        tell: Where they go.
    """

    def __init__(self, source: str, clock: Clock, tell: Tell) -> None:
        self.clock = clock
        self.tell = tell
        self._source = source
        self._saves: OrderedDict[tuple[str, int], _Save] = OrderedDict()
        """The commits that made the newest versions, by path and version."""
        self._held: deque[_Save] = deque()

    def asked(self, caller: Caller, action: str) -> "Asked":
        """Return what is to be told of a change that *caller* asks for: enter it while it is made."""
        return Asked(self, caller, action)

    def commit(self, asked: "Asked", happened: Sequence[Event], began_s: float) -> None:
        """Tell of a commit, of the request for it, and of the firings in it."""
        self.let_go()
        saved = [(event.path, event.version) for event in happened if event.type in FILE_CHANGES]
        fired = [event for event in happened if event.type == FIRED]
        place, parent, links = self._place(asked.caller, happened, fired)
        spans = list(self._of_commit(asked, happened, began_s, place=place, parent=parent, links=links))
        if saved:
            waits = parent is None and not fired
            save = _Save(place, spans if waits else (), self.clock.boot_s() + LIMITS.traced_wait_s)
            self._saves.update(dict.fromkeys(((path, version) for path, version in saved if path and version), save))
            if waits:
                self._held.append(save)
                spans = []
        for span in spans:
            self.tell(span)
        for event in fired:
            self._fire(event, place, began_s)
        while len(self._saves) > LIMITS.traced_saves_max:
            self._end(self._saves.popitem(last=False)[1])

    def let_go(self) -> None:
        """Tell of what was held for long enough."""
        while self._held and self._held[0].until_s <= self.clock.boot_s():
            self._end(self._held.popleft())

    def release(self) -> None:
        """Tell of all that is held: nothing comes any more."""
        while self._held:
            self._end(self._held.popleft())

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

    def _place(
        self, caller: Caller, happened: Sequence[Event], fired: Sequence[Event]
    ) -> tuple[Place, Place | None, tuple[Place, ...]]:
        """Return the place of a commit, what led to it, and what else did."""
        span, cause = span_id(self._source, "commit", happened[0].seq), happened[0].data.get("cause")
        behind = None if cause is None else self._of_firing(trace_of(self._source, cause["root"]), cause["firing"])
        given = place_in(caller.trace)
        if given is not None:
            apart = behind is not None and behind.trace != given.trace
            return Place(given.trace, span), given, (behind,) if apart and behind is not None else ()
        if not fired or behind is not None:
            trace = trace_of(self._source, f"seq {happened[0].seq}") if behind is None else behind.trace
            return Place(trace, span), behind, ()
        trace = trace_of(self._source, _root(fired[0]))
        waited = [one for one in self._inputs(fired[0], trace) if one.trace == trace]
        # Nobody asks for what the clock does: what it was done for stands above it.
        return Place(trace, span), waited[-1] if waited and caller.door == "engine" else None, ()

    def _of_commit(
        self,
        asked: "Asked",
        happened: Sequence[Event],
        began_s: float,
        *,
        place: Place,
        parent: Place | None,
        links: tuple[Place, ...],
    ) -> Iterator[Span]:
        """Yield the spans of the request for a commit, if there was one, and of the commit itself."""
        seq, now_s = happened[0].seq, self.clock.wall_s()
        if asked.caller.door != "engine":
            request = Place(place.trace, span_id(self._source, "request", seq))
            yield asked.span(request, parent, now_s=now_s, links=links)
            parent, links = request, ()
        yield Span(
            name="commit",
            place=place,
            parent=parent,
            began_s=began_s,
            ended_s=now_s,
            attributes=told(seq=seq, events=len(happened)),
            links=links,
        )

    def _fire(self, event: Event, commit: Place, began_s: float) -> None:
        """Tell of a firing: below its commit if that is of its trace, else linked with it; and with its inputs'."""
        cause = event.data.get("cause")
        place = self._of_firing(trace_of(self._source, _root(event)), event.data["firing"])
        behind = None if cause is None else self._of_firing(place.trace, cause["firing"])
        parent = commit if commit.trace == place.trace else behind
        links = dict.fromkeys(one for one in (commit, *self._inputs(event, place.trace)) if one != parent)
        facts = {name: event.data[name] for name in ("trigger", "firing", "mode")}
        self.tell(
            Span(
                name="fire",
                place=place,
                parent=parent,
                began_s=began_s,
                ended_s=self.clock.wall_s(),
                attributes=told(**facts, inputs=len(event.data["inputs"])),
                links=tuple(links),
            )
        )

    def _inputs(self, fired: Event, trace: str) -> list[Place]:
        """Return where the commits of a firing's inputs stand; those that are held come to stand in its trace."""
        named = fired.data["inputs"][: LIMITS.traced_inputs_max]
        saves = [self._saves.get((one["path"], one["version"])) for one in named]
        known = [save for save in saves if save is not None]
        for save in known:
            self._end(save, trace)
        return [save.place for save in known]

    def _end(self, save: _Save, trace: str | None = None) -> None:
        """Tell of what is held of a commit, if that was not done yet: in *trace*, or else in its own."""
        held, save.held = save.held, ()
        if held and trace is not None:
            save.place = replace(save.place, trace=trace)
        for span in held:
            self.tell(span if trace is None else _moved(span, trace))

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


def _moved(span: Span, trace: str) -> Span:
    """Return a span in another trace, as what is above it is."""
    above = None if span.parent is None else replace(span.parent, trace=trace)
    return replace(span, place=replace(span.place, trace=trace), parent=above)
