"""What is to stand at a path of the working tree, as the open intents say."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from workspace_server.core.access import EXTERNAL, IMPORT
from workspace_server.storage import content as contents
from workspace_server.storage.content import Form
from workspace_server.storage.database import Transaction
from workspace_server.storage.disk.signatures import Signature
from workspace_server.storage.tables import files, intents


class Known(NamedTuple):
    """What stands at a path, as far as the server knows; without a hash nothing does."""

    sha256: str | None
    signature: Signature | None


class Goal(NamedTuple):
    """What is to stand at a path.

    `ours` are the hashes that the server itself may have put there. With `tree_leads` the version was read from the
    folder, so that whatever differs there is newer. `torn`: the machine went down since the intent was opened, so that
    unknown bytes may be half-written ones.
    """

    path: str
    intent_id: int
    sha256: str | None
    form: Form
    data: bytes | None
    ours: frozenset[str]
    known: Known
    tree_leads: bool
    torn: bool

    def knowing(self, known: Known | None) -> "Goal":
        """Return the same goal with what was put there since it was read."""
        if known is None:
            return self
        return self._replace(known=known, ours=self.ours | {known.sha256} if known.sha256 else self.ours)


def deletions_first(goals: Iterable[Goal]) -> list[Goal]:
    """Return the goals in the order to reach them: a file may be meant to stand where a directory was."""
    return sorted(goals, key=lambda goal: goal.sha256 is not None)


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
        if not open_ or row is None:
            continue
        form: Form = "raw"
        data: bytes | None = None
        if row.live:
            _, form, data = await contents.stored(tx, row.sha256)
        known = remembered.get(path) or Known(row.tree_sha256, Signature.parse(row.tree_signature))
        torn = any(intent.boot_id != boot_id for intent in open_)
        ours = frozenset(intents.hashes(open_) | ({known.sha256} if known.sha256 else set()))
        found.append(
            Goal(
                path=path,
                intent_id=open_[-1].intent_id,
                sha256=row.sha256 if row.live else None,
                form=form,
                data=data,
                ours=ours,
                known=known,
                tree_leads=not torn and await _read_from_tree(tx, row),
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


async def _read_from_tree(tx: Transaction, row: files.FileRow) -> bool:
    """Return whether the head was read from the folder, or its absence seen there."""
    if row.modified_by not in {EXTERNAL, IMPORT}:
        return False
    if not row.live:
        return True
    version = await files.version(tx, row.file_id, row.version)
    return version is not None and version.op in {"external", "import"}
