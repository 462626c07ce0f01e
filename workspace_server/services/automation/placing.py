"""Which joins an event concerns, and what it means to each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from workspace_server.core.access import IMPORT
from workspace_server.core.joins.changes import Change, Failed, Indexed, Removed, Saved, Unlocked
from workspace_server.core.joins.state import Cause, Save
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.definition import CONTENT, key_text
from workspace_server.core.triggers.targets import Webhook
from workspace_server.services.automation.catalogue import Active, Catalogue
from workspace_server.services.automation.checking import Checking
from workspace_server.services.automation.manifests import listing, manifest_key
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import events, facts, files, joins, locks, triggers
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.files import FileRow
from workspace_server.storage.tables.joins import SHARED

LOCK_ENDS: Final = frozenset({"lock.released", "lock.expired", "lock.broken"})


@dataclass(slots=True)
class Touched:
    """What one commit changed for one join."""

    active: Active
    captures: dict[str, str]
    changes: list[Change] = field(default_factory=list)


Work = dict[tuple[int, str], Touched]
"""By trigger and key."""


@dataclass(slots=True)
class Placing:
    """Sorts the events of one commit by the joins that they concern.

    Attributes:
        failures: The versions that failed the checks of a trigger, for whoever wrote them.
    """

    tx: Transaction
    catalogue: Catalogue
    checking: Checking
    work: Work = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)

    async def place(self, event: Event) -> None:
        """Note what *event* means to every join that it concerns."""
        if event.type in LOCK_ENDS:
            await self._unlocked(event)
        if event.type == "file.indexed":
            await self._indexed(event)
        gone = event.path if event.type == "file.deleted" else (event.data.get("moved_from") or {}).get("path")
        if gone is not None:
            await self._gone(gone)
        if event.type in CONTENT:
            assert event.path is not None
            # Moved onto a file of the same bytes, nothing new stands there.
            if event.data.get("previous_version") != event.version:
                await self._stands(event, event.path)
        elif self.catalogue.wants(event.type):
            for named in _named_in(event):
                await self._happened(event, named)

    async def already_there(self, active: Active, row: FileRow) -> None:
        """Note a file that was there before its trigger: what it means, and what it lists."""
        await self._put(active, await self._as_it_stands(active, row), row.path)
        await self._list(active, row.path)

    async def _as_it_stands(self, active: Active, row: FileRow) -> Saved | Failed | Removed:
        """Return what a file means to a trigger that looks at it only now."""
        event = await events.at(self.tx, row.seq)
        if event is None:  # the log is not kept that far back
            facts_ = {"sha256": row.sha256, "size_bytes": row.size_bytes, "media_type": row.media_type}
            event = Event(row.seq, row.modified_at, CONTENT[0], row.path, row.version, row.modified_by, facts_)
        save = await self._held(await self._save(event, row.path, row.version))
        change = await self._meaning(active, event, save)
        if isinstance(change, Saved) and row.seq <= active.created_seq:
            rule = active.definition
            counts = rule.since == "existing" and rule.filters.want_author(event.agent)
            return replace(change, counts=counts)
        return change

    async def _unlocked(self, event: Event) -> None:
        fence = event.data.get("fence")
        if isinstance(fence, int):
            for place in await joins.held_by(self.tx, fence):
                self._note(place, Unlocked(fence))

    async def _indexed(self, event: Event) -> None:
        assert event.path is not None
        assert event.version is not None
        change = Indexed(event.path, event.version, str(event.data.get("state")))
        for active in self.catalogue.concerned(event.path):
            if active.definition.indexed:
                await self._put(active, change, event.path)
        await self._put_where_listed(change, event.path)

    async def _gone(self, path: str) -> None:
        for active in self.catalogue.concerned(path):
            if active.definition.on_content:
                await self._put(active, Removed(path), path)
            await self._list(active, path)
        await self._put_where_listed(Removed(path), path)

    async def _stands(self, event: Event, path: str) -> None:
        """A version has come to stand at a path."""
        concerned = [active for active in self.catalogue.concerned(path) if active.definition.on_content]
        listed = await joins.listing(self.tx, path) if self.catalogue.has_manifests else []
        if not concerned and not listed:
            return
        save = await self._held(await self._save(event, path, event.version))
        for active in concerned:
            await self._put(active, await self._meaning(active, event, save), path)
            await self._list(active, path)
        for place in listed:
            lister = self.catalogue.get(place[0])
            if lister is not None:
                self._note(place, await self._meaning(lister, event, save))

    async def _happened(self, event: Event, named: Mapping[str, Any]) -> None:
        """Something else happened to a path, or to a version that stands or stood there."""
        path = str(named["path"])
        row = await files.by_path(self.tx, path)
        if row is None:
            return
        version = named.get("version") or row.version
        sha256 = named.get("sha256") or (row.sha256 if version == row.version else None)
        save = replace(await self._save(event, path, version), sha256=sha256)
        event = event._replace(data={"media_type": row.media_type, "size_bytes": row.size_bytes, **event.data})
        for active in self.catalogue.concerned(path):
            if event.type in active.definition.on:
                await self._put(active, await self._meaning(active, event, save), path)

    async def _meaning(self, active: Active, event: Event, save: Save) -> Saved | Failed | Removed:
        """Return what a version means to a trigger: it counts, stands there without counting, or is not wanted."""
        rule = active.definition
        if not rule.filters.want_content(event.data.get("media_type"), event.data.get("size_bytes")):
            return Removed(save.path)
        if rule.checks and event.type in CONTENT:
            failures = await self.checking.failures(self.tx, rule.checks, event)
            if failures:
                told = {"trigger": rule.name, "path": save.path, "failures": list(failures)}
                self.failures += [] if told in self.failures else [told]
                return Failed(save.path, failures)
        return Saved(save, await self._counts(active, event))

    async def _counts(self, active: Active, event: Event) -> bool:
        """Whether an input makes its slot fresh: no import, no quiet undo, and not what the trigger itself set off."""
        rule = active.definition
        if event.type not in rule.on or event.data.get("quiet") or not rule.filters.want_author(event.agent):
            return False
        if rule.since != "existing" and (event.agent == IMPORT or event.data.get("op") == "import"):
            return False
        if rule.include_own_writes:
            return True
        if isinstance(rule.target, Webhook) and rule.target.agent == event.agent:
            return False
        cause = event.data.get("cause")
        number = None if cause is None else triggers.firing_number(cause["firing"])
        firing = None if number is None else await triggers.firing(self.tx, number)
        return firing is None or firing.trigger_id != active.trigger_id

    async def _save(self, event: Event, path: str, version: int | None) -> Save:
        """Return an event as an input, with what the index knows of the version."""
        assert version is not None
        cause = event.data.get("cause")
        state = await facts.state(self.tx, path, version) if self.catalogue.reads_index else None
        return Save(
            path=path,
            version=version,
            seq=event.seq,
            sha256=event.data.get("sha256"),
            agent=event.agent,
            cause=None if cause is None else Cause(**cause),
            index_state=None if state is None else state[0],
        )

    async def _held(self, save: Save) -> Save:
        """Return *save* with the exclusive lock that covers its path now."""
        for lock in await locks.covering(self.tx, save.path):
            if lock.mode == "exclusive" and lock.covers(save.path):
                return replace(save, fence=lock.fence, holder=lock.agent)
        return save

    async def _list(self, active: Active, path: str) -> None:
        """Read a manifest again, when *path* is one."""
        key = manifest_key(active.definition, path)
        if key is None:
            return
        place = active.trigger_id, key_text(key)
        row = await joins.join_of(self.tx, *place)

        async def standing(one: FileRow) -> Saved | Failed | Removed:
            return await self._as_it_stands(active, one)

        change = await listing(self.tx, self.checking.store, active.definition, path, row=row, standing=standing)
        self.work.setdefault(place, Touched(active, dict(key))).changes.append(change)

    async def _put(self, active: Active, change: Change, path: str) -> None:
        """Note a change of *path* for every join of a trigger that it is an input of."""
        rule = active.definition
        for place in rule.places(path):
            if place.key is None:
                keys: Iterable[tuple[str, Mapping[str, str]]] = [
                    (SHARED, {}),
                    *await joins.keys_of(self.tx, active.trigger_id, limit=LIMITS.trigger_keys_max),
                ]
            else:
                keys = [(path if rule.mode == "each" else key_text(place.key), place.key)]
            placed = replace(change, matched=place.matched) if isinstance(change, (Saved, Failed)) else change
            for key, captures in keys:
                touched = self.work.setdefault((active.trigger_id, key), Touched(active, dict(captures)))
                touched.changes.append(placed)

    async def _put_where_listed(self, change: Change, path: str) -> None:
        if self.catalogue.has_manifests:
            for place in await joins.listing(self.tx, path):
                self._note(place, change)

    def _note(self, place: tuple[int, str], change: Change) -> None:
        """Note a change for a join that there is; a deleted trigger has none any more."""
        active = self.catalogue.get(place[0])
        if active is not None:
            self.work.setdefault(place, Touched(active, {})).changes.append(change)


def _named_in(event: Event) -> Sequence[Mapping[str, Any]]:
    """Return the files that an event is about, as `{path, version?}`: its inputs, its own, or what a lock names."""
    inputs: Sequence[Mapping[str, Any]] = event.data.get("inputs", ())
    if inputs or event.path is None:
        return inputs or [{"path": path} for path in event.data.get("paths", ())]
    return [{"path": event.path, "version": event.version}]
