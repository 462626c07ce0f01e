"""The active triggers, compiled, so that a commit which concerns none of them costs next to nothing."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import triggers


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """One active trigger.

    Attributes:
        created_seq: Where the log stood when it was made.
        paused: Whether it takes note of what happens and fires nothing.
    """

    trigger_id: int
    definition: Definition
    created_seq: int
    paused: bool


@dataclass(slots=True)
class Catalogue:
    """A copy of what the database says, kept by the writer and renewed when another edition stands there.

    The edition is compared inside each transaction: no change to the triggers is missed, whoever made it. A trigger is
    read and parsed once; it never changes but for its pause.
    """

    _edition: str | None = None
    _by_id: dict[int, Active] = field(default_factory=dict)
    _by_path: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    _by_prefix: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """By what all paths that a pattern matches begin with."""
    _wanted: Counter[str] = field(default_factory=Counter)
    _manifests: set[int] = field(default_factory=set)
    _indexed: set[int] = field(default_factory=set)
    _unsure: set[int] = field(default_factory=set)
    """Read in a transaction that is not committed yet: if it never is, the number may come to name another trigger."""

    @classmethod
    def of(cls, active: Active) -> "Catalogue":
        """Return a catalogue of one trigger alone, which is never renewed."""
        made = cls()
        made._add(active)
        return made

    async def renew(self, tx: Transaction) -> bool:
        """Bring the copy up to date and return whether there is any active trigger."""
        edition = await triggers.edition(tx)
        if edition != self._edition:
            present = dict(await triggers.active(tx))
            for trigger_id in (self._by_id.keys() - present.keys()) | self._unsure & self._by_id.keys():
                self._remove(self._by_id.pop(trigger_id))
            new = present.keys() - self._by_id.keys()
            self._unsure = self._unsure | new
            tx.after_commit(lambda: self._unsure.difference_update(new))
            for trigger_id, paused in present.items():
                known = self._by_id.get(trigger_id)
                if known is None:
                    self._add(await self._read(tx, trigger_id, paused=paused))
                elif known.paused != paused:
                    self._by_id[trigger_id] = replace(known, paused=paused)
            self._edition = edition
        return bool(self._by_id)

    @property
    def has_manifests(self) -> bool:
        """Whether the inputs of any trigger stand in a file."""
        return bool(self._manifests)

    @property
    def reads_index(self) -> bool:
        """Whether any trigger waits for the index."""
        return bool(self._indexed)

    def wants(self, kind: str) -> bool:
        """Return whether a trigger waits for events of that type."""
        return self._wanted[kind] > 0

    def get(self, trigger_id: int) -> Active | None:
        """Return an active trigger."""
        return self._by_id.get(trigger_id)

    def concerned(self, path: str) -> Iterator[Active]:
        """Yield the triggers that may match *path*, in the order in which they were made: each once."""
        found = set(self._by_path.get(path, ()))
        for length in range(len(path) + 1):  # a few look-ups, however many triggers there are
            found.update(self._by_prefix.get(path[:length], ()))
        return (self._by_id[trigger_id] for trigger_id in sorted(found))

    async def _read(self, tx: Transaction, trigger_id: int, *, paused: bool) -> Active:
        row = await triggers.by_id(tx, trigger_id)
        rule = parse_definition(row.definition)
        return Active(trigger_id=trigger_id, definition=rule, created_seq=row.created_seq, paused=paused)

    def _add(self, active: Active) -> None:
        rule, trigger_id = active.definition, active.trigger_id
        self._by_id[trigger_id] = active
        self._wanted.update(rule.on)
        if rule.manifest is not None:
            self._manifests.add(trigger_id)
        if rule.indexed:
            self._indexed.add(trigger_id)
        for spots, text in self._spots(rule):
            spots[text].add(trigger_id)

    def _remove(self, active: Active) -> None:
        rule, trigger_id = active.definition, active.trigger_id
        self._wanted.subtract(rule.on)
        self._manifests.discard(trigger_id)
        self._indexed.discard(trigger_id)
        for spots, text in self._spots(rule):
            spots[text].discard(trigger_id)
            if not spots[text]:
                del spots[text]

    def _spots(self, rule: Definition) -> Iterator[tuple[defaultdict[str, set[int]], str]]:
        """Yield where a trigger is looked up: the map, and the text in it, for each of its entries."""
        for path in {entry.path for entry in rule.watched if entry.path is not None}:
            yield self._by_path, path
        for prefix in {entry.pattern.literal_prefix for entry in rule.watched if entry.pattern is not None}:
            yield self._by_prefix, prefix
