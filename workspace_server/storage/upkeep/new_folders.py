"""Makes a folder a workspace in one step: it is one once all of its state is there and durable, and none before."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workspace_server.core.paths import STATE_DIRECTORY, UNFINISHED
from workspace_server.errors import InvalidArgument


@contextmanager
def new_workspace(target: Path, *, argument: str) -> Iterator[Path]:
    """Give the directory in which to put the state of a new workspace; *target* becomes it when the block ends well.

    What an interrupted attempt left is cleared first; what a failed one made is removed. Blocks.

    Args:
        argument: What the caller calls *target*, for the refusal.

    Raises:
        InvalidArgument: *target* is not an empty folder, or is or lies in a workspace.
    """
    _check(target, argument)
    made = not target.exists()
    target.mkdir(parents=True, exist_ok=True)
    part = target / UNFINISHED
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    try:
        yield part
        part.rename(target / STATE_DIRECTORY)
        sync(target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        if made:
            target.rmdir()
        raise


def sync(directory: Path) -> None:
    """Make the names in *directory* durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def workspace_around(folder: Path) -> Path | None:
    """Return the nearest workspace that *folder* lies in, if any: whoever owns that one owns what is below it, too."""
    return next((above for above in folder.resolve().parents if _is_workspace(above)), None)


def _is_workspace(folder: Path) -> bool:
    return (folder / STATE_DIRECTORY / "workspace.db").exists()


def _check(target: Path, argument: str) -> None:
    around = workspace_around(target)
    if around is not None:
        raise _refused(target, f"lies in the workspace {around}", argument)
    if _is_workspace(target):
        raise _refused(target, "is a workspace", argument)
    if target.exists() and (not target.is_dir() or {entry.name for entry in target.iterdir()} - {UNFINISHED}):
        raise _refused(target, "is not an empty folder", argument)


def _refused(target: Path, reason: str, argument: str) -> InvalidArgument:
    return InvalidArgument(
        f"{target} {reason}.", hint="Give a folder that is empty or not there yet.", argument=argument, reason=reason
    )
