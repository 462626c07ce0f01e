"""`serve --dry-run`: what of a folder would be taken in, what left out, and what cannot be taken in at all."""

import functools
import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workspace_server.cli import show
from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.errors import WorkspaceError
from workspace_server.storage.disk.ignore import CONTROL_BYTES_MAX, Ignore
from workspace_server.storage.disk.scan import LeftOut, Names, Reason, Scan
from workspace_server.storage.disk.tree import Tree

LINES_MAX = 1000
"""Most paths that are shown to a person; a program gets all of them."""
REFUSED: frozenset[Reason] = frozenset({"too large", "invalid name", "case collision", "unreadable"})
"""Reasons that the owner of a folder may not expect, and can mend."""


class _Every(LeftOut):
    """What was left out, with every path instead of some examples."""

    def add(self, reason: Reason, path: str) -> None:
        """Count one and keep its path."""
        self.counts[reason] += 1
        self.examples.setdefault(reason, []).append(path.encode("utf-8", "backslashreplace").decode())


@dataclass(slots=True)
class Plan:
    """What taking a folder in would do."""

    taken_in: list[str] = field(default_factory=list)
    size_bytes: int = 0
    left_out: dict[Reason, list[str]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON, with every path."""
        return {
            "files": len(self.taken_in),
            "bytes": self.size_bytes,
            "taken_in": self.taken_in,
            "left_out": {
                reason: {"count": len(paths), "refused": reason in REFUSED, "paths": paths}
                for reason, paths in self.left_out.items()
            },
        }

    def groups(self) -> Iterator[tuple[str, list[str]]]:
        """Yield headings, each with its paths: the few that may surprise first."""
        for reason in sorted(self.left_out, key=lambda reason: (reason not in REFUSED, reason)):
            paths = self.left_out[reason]
            yield f"{len(paths)} {'refused' if reason in REFUSED else 'left out'}: {reason}", paths
        count = len(self.taken_in)
        size = show.size(self.size_bytes)
        yield f"{count} {'file' if count == 1 else 'files'}, {size}, would be taken in", self.taken_in


def show_plan(folder: Path, ignore: tuple[str, ...], *, as_json: bool) -> None:
    """Print what taking *folder* in would do."""
    if not folder.is_dir():
        show.as_json(Plan().as_dict()) if as_json else print(f"{folder} would be made.")
        return
    found = plan(folder, ignore)
    if as_json:
        show.as_json(found.as_dict())
        return
    room = LINES_MAX
    hidden = 0
    for heading, paths in found.groups():
        print(heading)
        for path in paths[:room]:
            print(f"    {show.plain(path)}")
        hidden += max(0, len(paths) - room)
        room -= min(room, len(paths))
    if hidden:
        print(f"… and {hidden:,} more; --json lists them all")


def plan(folder: Path, ignore: tuple[str, ...]) -> Plan:
    """Return what taking *folder* in would do; leaves it as it was."""
    is_workspace = (folder / STATE_DIRECTORY).exists()
    tree = Tree(folder)
    try:
        return _look(tree, Ignore(ignore, functools.partial(_control_file, tree)))
    finally:
        tree.close()
        if not is_workspace:
            shutil.rmtree(folder / STATE_DIRECTORY)


def _look(tree: Tree, ignore: Ignore) -> Plan:
    scan = Scan(tree, ignore)
    scan.left_out = every = _Every()
    names = Names()
    found = Plan()
    for seen in scan:
        if names.take(seen.path):
            found.taken_in.append(seen.path)
            found.size_bytes += seen.signature.size
        else:
            every.add("case collision", seen.path)
    for paths in itertools.chain([found.taken_in], every.examples.values()):
        paths.sort()
    found.left_out = dict(every.examples)
    return found


def _control_file(tree: Tree, path: str) -> str | None:
    """Return the text of an ignore file; None for what is none."""
    try:
        reading = tree.open(path)
    except WorkspaceError:
        return None
    if reading is None:
        return None
    with reading:
        return reading.read(CONTROL_BYTES_MAX).decode(errors="replace")
