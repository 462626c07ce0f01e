"""The active triggers, compiled, so that a commit which concerns none of them costs next to nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import triggers


@dataclass(frozen=True, slots=True)
class Active:
    """One active trigger."""

    trigger_id: int
    definition: Definition


@dataclass(slots=True)
class Catalogue:
    """A copy of what the database says, kept by the writer and renewed when another edition stands there.

    The edition is compared inside each transaction: no change to the triggers is missed, whoever made it.
    """

    _edition: str | None = None
    _by_id: dict[int, Active] = field(default_factory=dict)
    _by_path: dict[str, list[Active]] = field(default_factory=dict)
    _by_prefix: dict[str, list[tuple[str, Active]]] = field(default_factory=dict)
    """By the first name of the prefix, when it is whole: most commits concern one corner of the workspace."""

    async def renew(self, tx: Transaction) -> bool:
        """Bring the copy up to date and return whether there is any active trigger."""
        edition = await triggers.edition(tx)
        if edition != self._edition:
            active = [
                Active(row.trigger_id, parse_definition(row.definition))
                for row in await triggers.present(tx)
                if row.state == "active"
            ]
            self._compile(active)
            self._edition = edition
        return bool(self._by_id)

    def get(self, trigger_id: int) -> Active | None:
        """Return an active trigger."""
        return self._by_id.get(trigger_id)

    def concerned(self, path: str) -> Iterable[Active]:
        """Return the triggers that may match *path*: each once, and more than do."""
        found = {active.trigger_id: active for active in self._by_path.get(path, ())}
        for corner in ("", path.partition("/")[0]):
            for prefix, active in self._by_prefix.get(corner, ()):
                if path.startswith(prefix):
                    found[active.trigger_id] = active
        return found.values()

    def _compile(self, active: Iterable[Active]) -> None:
        self._by_id = {one.trigger_id: one for one in active}
        self._by_path = {}
        self._by_prefix = {}
        for one in self._by_id.values():
            for entry in one.definition.entries:
                if entry.path is not None:
                    self._by_path.setdefault(entry.path, []).append(one)
                    continue
                assert entry.pattern is not None
                prefix = entry.pattern.literal_prefix
                corner = prefix.partition("/")[0] if "/" in prefix else ""
                self._by_prefix.setdefault(corner, []).append((prefix, one))
