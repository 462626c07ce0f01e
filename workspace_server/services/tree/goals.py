"""What is to stand at a path of the working tree, as the open intents say."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from workspace_server.core.access import EXTERNAL, IMPORT
from workspace_server.errors import Unavailable
from workspace_server.services.tree.leftovers import Leftover
from workspace_server.services.tree.strangers import Stranger
from workspace_server.storage import content as contents
from workspace_server.storage import soundness
from workspace_server.storage.content import Content, Form, ObjectStore
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.disk.signatures import Signature
from workspace_server.storage.tables import files, intents
from workspace_server.storage.tables.files import FileRow


class Known(NamedTuple):
    """What stands at a path, as far as the server knows; without a hash nothing does."""

    sha256: str | None
    signature: Signature | None


NOTHING = Known(None, None)


class Goal(NamedTuple):
    """What is to stand at a path.

    `ours` are the hashes that the server itself may have put there. With `tree_leads` the version was read from the
    folder, so that whatever differs there is newer. `torn`: the intent was not opened in this boot, so that the machine
    went down since, or the folder is a new one; unknown bytes may be half-written ones, and the database leads.
    """

    path: str
    intent_id: int
    sha256: str | None
    form: Form
    data: bytes | None
    ours: AbstractSet[str]
    known: Known
    tree_leads: bool
    torn: bool

    @classmethod
    def of_commit(
        cls, path: str, *, intent_id: int, content: Content | None, row: FileRow | None, tree_leads: bool
    ) -> "Goal | None":
        """Return what a commit wants at *path*; None when only the database can tell.

        Args:
            content: What is to stand there; None for nothing.
            row: The file as it was before.
        """
        form: Form = "raw"
        data: bytes | None = None
        if content is not None:
            form, data = content.form, content.data
            if content.size_bytes == len(content.head):  # all of it, unpacked
                form, data = "raw", content.head
            if form == "tail" or (form != "object" and data is None):
                return None
        known = Known(row.tree_sha256, Signature.parse(row.tree_signature)) if row is not None else NOTHING
        sha256 = content.sha256 if content is not None else None
        ours = frozenset(found for found in (sha256, standing_before(row)) if found)
        return cls(path, intent_id, sha256, form, data, ours, known, tree_leads, torn=False)

    def knowing(self, known: Known | None) -> "Goal":
        """Return the same goal with what was put there since it was read."""
        if known is None:
            return self
        ours = self.ours if known.sha256 is None or known.sha256 in self.ours else {*self.ours, known.sha256}
        return self._replace(known=known, ours=ours)


class Done(NamedTuple):
    """What came of a goal: done, left to the folder's newer content, or blocked with a reason."""

    goal: Goal
    known: Known | None
    leftover: Leftover | None = None
    stranger: Stranger | None = None
    blocked: str | None = None


def standing_before(row: FileRow | None) -> str | None:
    """Return the hash of what stands at a path before a commit changes it, as far as the server knows.

    Where a crash has taken that knowledge away, as of a file that was saved from outside a moment before, it is the
    head: those bytes are a version already, so that putting others in their place loses nothing.
    """
    if row is None:
        return None
    return row.tree_sha256 or (row.sha256 if row.live else None)


@dataclass(slots=True)
class Open:
    """What is known of a path over all its goals whose intents are open.

    Attributes:
        intent_id: The newest of them.
        ours: The hashes that the server itself may have put there.
        torn: The machine went down since one of them was opened.
    """

    intent_id: int = 0
    ours: set[str] = field(default_factory=set)
    torn: bool = False

    def joined_by(self, goal: Goal) -> Goal:
        """Return a newer goal of the path, knowing what the earlier ones may have left there."""
        self.intent_id = goal.intent_id
        self.ours |= goal.ours
        self.torn |= goal.torn
        return goal._replace(ours=self.ours, torn=self.torn)


def content_of(goal: Goal, objects: ObjectStore) -> bytes | Path:
    """Return what is to stand at the goal's path, sound; large content as the file that holds it. Blocks.

    Raises:
        Unavailable: It is damaged.
    """
    path = objects.path(goal.sha256 or "")
    if goal.form == "object":
        soundness.check(path)
        return path
    if goal.form == "tail":
        return soundness.whole(goal.form, goal.data, path)
    return contents.expand(goal.form, goal.data, path)  # from the database, whose pages have checksums


def deletions_first(goals: Iterable[Goal]) -> list[Goal]:
    """Return the goals in the order to reach them: a file may be meant to stand where a directory was."""
    return sorted(goals, key=lambda goal: goal.sha256 is not None)


async def readable_goals(
    db: Database, paths: Sequence[str], remembered: Mapping[str, Known], *, boot_id: str
) -> tuple[list[Goal], dict[str, str]]:
    """Return what `goals_of` does, and the paths of which it cannot be read, with the reason.

    One page that is damaged keeps no other path waiting.
    """
    try:
        return await db.read(lambda tx: goals_of(tx, paths, remembered, boot_id=boot_id)), {}
    except Unavailable as refusal:
        if len(paths) == 1:
            return [], {paths[0]: f"the database cannot be read: {refusal.facts.get('reason')}"}
    found: list[Goal] = []
    unreadable: dict[str, str] = {}
    for path in paths:
        goals, reasons = await readable_goals(db, [path], remembered, boot_id=boot_id)
        found += goals
        unreadable |= reasons
    return deletions_first(found), unreadable


async def goals_of(
    tx: Transaction, paths: Sequence[str], remembered: Mapping[str, Known], *, boot_id: str
) -> list[Goal]:
    """Return what is to stand at those of *paths* that have open intents.

    Args:
        remembered: What was put there since, and is not recorded yet.
        boot_id: This boot of the machine.
    """
    found = []
    for path in paths:
        open_ = await intents.of_path(tx, path)
        row = await files.by_path(tx, path)
        if not open_:
            continue
        form: Form = "raw"
        data: bytes | None = None
        live = row is not None and row.live
        if row is not None and live:
            _, form, data = await contents.stored(tx, row.sha256)
        known = remembered.get(path) or (
            Known(row.tree_sha256, Signature.parse(row.tree_signature)) if row is not None else NOTHING
        )
        torn = any(intent.boot_id != boot_id for intent in open_)
        ours = frozenset(intents.hashes(open_) | ({known.sha256} if known.sha256 else set()))
        found.append(
            Goal(
                path=path,
                intent_id=open_[-1].intent_id,
                sha256=row.sha256 if row is not None and live else None,
                form=form,
                data=data,
                ours=ours,
                known=known,
                tree_leads=not torn and row is not None and await _leads(tx, row),
                torn=torn,
            )
        )
    return deletions_first(found)


async def reopened(tx: Transaction, paths: Sequence[str], *, boot_id: str) -> list[Goal]:
    """Open intents for the heads of *paths* once more, and return the goals: the database leads, whoever wrote them."""
    for path in paths:
        row = await files.by_path(tx, path)
        if row is not None and row.live:
            await intents.open_(tx, path, version=row.version, sha256=row.sha256, previous_sha256=row.tree_sha256)
    return [goal._replace(tree_leads=False) for goal in await goals_of(tx, paths, {}, boot_id=boot_id)]


async def _leads(tx: Transaction, row: FileRow) -> bool:
    version = await files.version(tx, row.file_id, row.version) if row.live else None
    return read_from_tree(row.modified_by, version.op if version is not None else None)


def read_from_tree(agent: str, op: str | None) -> bool:
    """Return whether a head was read from the folder; without an *op*, whether its absence was seen there.

    An agent's own edit on disk is the agent's, and was read there as well.
    """
    return op in {"external", "import"} if op is not None else agent in {EXTERNAL, IMPORT}
