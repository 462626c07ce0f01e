"""`serve --dry-run`: what of a folder would be taken in, what left out, and what cannot be taken in at all."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from workspace_server.cli import show
from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.services.tree.intake import Preview, preview
from workspace_server.services.tree.working_tree import control_reader
from workspace_server.storage.disk.ignore import Ignore
from workspace_server.storage.disk.scan import Reason
from workspace_server.storage.disk.tree import Tree

LINES_MAX = 1000
"""Most paths that are shown to a person; a program gets all of them."""
REFUSED: frozenset[Reason] = frozenset({"too large", "invalid name", "case collision", "unreadable"})
"""Reasons that the owner of a folder may not expect, and can mend."""


class Plan(NamedTuple):
    """What is shown of taking a folder in; of one that is not there, nothing."""

    found: Preview = Preview([], 0, {})

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON, with every path."""
        return {
            "files": len(self.found.taken_in),
            "bytes": self.found.size_bytes,
            "taken_in": self.found.taken_in,
            "left_out": {
                reason: {"count": len(paths), "refused": reason in REFUSED, "paths": paths}
                for reason, paths in self.found.left_out.items()
            },
        }

    def groups(self) -> Iterator[tuple[str, list[str]]]:
        """Yield headings, each with its paths: the few that may surprise first."""
        for reason in sorted(self.found.left_out, key=lambda reason: (reason not in REFUSED, reason)):
            paths = self.found.left_out[reason]
            yield f"{len(paths)} {'refused' if reason in REFUSED else 'left out'}: {reason}", paths
        count = len(self.found.taken_in)
        size = show.size(self.found.size_bytes)
        yield f"{count} {'file' if count == 1 else 'files'}, {size}, would be taken in", self.found.taken_in


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
        return Plan(preview(tree, Ignore(ignore, control_reader(tree))))
    finally:
        tree.close()
        if not is_workspace:
            shutil.rmtree(folder / STATE_DIRECTORY)
