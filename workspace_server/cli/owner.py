"""Where the server of a folder is: the owner that runs, or one that is started in the background."""

import subprocess
import sys
import time
from pathlib import Path

from workspace_server.app import owner
from workspace_server.app.owner import OwnerRecord
from workspace_server.cli.api import Address
from workspace_server.cli.owner_socket import REFUSED, REFUSED_FOR_GOOD, last_words
from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.errors import NotFound, Unavailable

PROCESSES = Path("/proc")
LOCK = f"/{STATE_DIRECTORY}/owner.lock"
START_S = 30.0
POLL_S = 0.02


def reach(folder: Path, *, makes_workspace: bool = False) -> Address:
    """Return the address of the folder's owner, which is started in the background when there is none.

    Args:
        folder: A workspace, or with *makes_workspace* a folder that becomes one.
        makes_workspace: For what comes before a first start, such as a token.

    Raises:
        NotFound: The folder is no workspace: a command that only looks must not make one of it.
        Unavailable: The owner could not be started.
    """
    record = owner.current(folder)
    if makes_workspace and folder.is_dir():
        (folder / STATE_DIRECTORY).mkdir(mode=0o700, exist_ok=True)
    if record is None and not (folder / STATE_DIRECTORY).is_dir():
        raise NotFound(
            f"{folder} is no workspace.",
            hint="Go into one, give --dir, or make it one: workspace-server serve",
            path=str(folder),
        )
    record = record or _start(folder)
    return Address(url=record.url, key=record.admin_key)


def running() -> list[tuple[Path, OwnerRecord]]:
    """Return every folder of this user that is served on this machine, by the owner locks that processes hold.

    Where the system has no /proc, none is found.
    """
    folders = {folder for process in _processes() for folder in _held_by(process)}
    found = [(folder, owner.current(folder)) for folder in sorted(folders)]
    return [(folder, record) for folder, record in found if record is not None]


def _start(folder: Path) -> OwnerRecord:
    """Start an owner in the background and return its record, or that of another one which came first."""
    log = folder / STATE_DIRECTORY / "server.log"
    with log.open("ab") as said:
        process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", "workspace_server.app.background", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            cwd="/",
        )
    deadline = time.monotonic() + START_S
    while (record := owner.current(folder)) is None:
        if process.poll() in (REFUSED, REFUSED_FOR_GOOD):
            raise Unavailable(
                f"No server could be started for {folder}: {last_words(log.parent)}",
                hint=f"It is the last line of {log}.",
                reason="refused for good" if process.poll() == REFUSED_FOR_GOOD else "no owner",
            )
        if time.monotonic() > deadline or process.poll() not in (None, 0, 1):
            raise Unavailable(f"No server could be started for {folder}.", hint=f"{log} says why.", reason="no owner")
        time.sleep(POLL_S)
    return record


def _processes() -> list[Path]:
    return [entry for entry in PROCESSES.iterdir() if entry.name.isdigit()] if PROCESSES.is_dir() else []


def _held_by(process: Path) -> list[Path]:
    folders = []
    try:
        for descriptor in (process / "fd").iterdir():
            target = str(descriptor.readlink())
            if target.endswith(LOCK):
                folders.append(Path(target.removesuffix(LOCK)))
    except OSError:  # it ended, or is not ours to look at
        pass
    return folders
