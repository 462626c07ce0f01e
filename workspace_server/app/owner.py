"""Which process owns a folder: one at a time, for as long as it lives.

The lock is the kernel's (`filelock.FileLock`), so it ends with its process, however that ends. `owner.json` tells
others where the owner listens; it is worth reading only while the lock is held, and its admin key is proof of access
to the folder. A gate before the lock lets exactly one process at a time become the owner: while `serve` waits for a
background owner to hand over, no other background owner can slip in.
"""

import json
import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.errors import Unavailable

Kind = Literal["serve", "background"]
HAND_OVER_S = 20.0
"""How long an owner may take to drain and let go."""
POLL_S = 0.05
LOOK_S = 0.5
"""How long to try for a free lock: whoever looks whether it is held, holds it for an instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRecord:
    """What `owner.json` says.

    Attributes:
        url: The web address, without a slash at its end; the API and MCP are below it.
        socket: The name of the Unix socket in the state directory, when there is one.
        admin_key: Whoever sends it has proven access to the folder.
    """

    pid: int
    kind: Kind
    url: str = ""
    socket: str | None = None
    admin_key: str = ""


class Owned(Unavailable):
    """Another server owns the folder."""


def state_directory(root: Path) -> Path:
    """Return where the server keeps its state for *root*; made with access for the user only.

    Raises:
        Unavailable: It cannot be made, or not be written to.
    """
    state = root / STATE_DIRECTORY
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(state, error.strerror) from error
    if not os.access(state, os.W_OK | os.X_OK):
        raise _unwritable(state, "this user may not write there")
    return state


def _unwritable(state: Path, why: str | None) -> Unavailable:
    return Unavailable(
        f"The server cannot keep its state in {state}: {why}.",
        hint="Give this user the folder, or serve another one.",
        reason="unwritable",
    )


def current(root: Path) -> OwnerRecord | None:
    """Return the record of the process that owns *root* now, or None when none does."""
    state = root / STATE_DIRECTORY
    if not (state / "owner.json").exists() or not _is_held(state / "owner.lock"):
        return None
    try:
        record = OwnerRecord(**json.loads((state / "owner.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return record if record.url or record.socket else None


class Ownership:
    """A folder that this process owns; use as `with Ownership.take(...)`."""

    def __init__(self, root: Path, kind: Kind) -> None:
        self._file = state_directory(root) / "owner.json"
        self._port_file = state_directory(root) / "port"
        self.record = OwnerRecord(pid=os.getpid(), kind=kind, admin_key=secrets.token_urlsafe(32))

    @classmethod
    @contextmanager
    def take(cls, root: Path, kind: Kind) -> Iterator["Ownership"]:
        """Own *root* until the block ends.

        A `serve` makes a background owner hand over; a background owner never does.

        Raises:
            Owned: Another process owns the folder, or is about to.
        """
        state = state_directory(root)
        lock = FileLock(state / "owner.lock", thread_local=False)
        try:
            with FileLock(state / "owner.gate", timeout=HAND_OVER_S if kind == "serve" else 0, thread_local=False):
                _acquire(lock, root, kind)
        except Timeout:
            raise _owned(current(root)) from None
        except PermissionError as error:  # another user has served the folder
            raise _unwritable(state, error.strerror) from error
        own = cls(root, kind)
        own.withdraw()  # what an owner left that was killed
        try:
            yield own
        finally:
            own.withdraw()
            lock.release()

    def publish(self, *, url: str, socket: str | None = None) -> None:
        """Tell others where this owner listens."""
        self.record = replace(self.record, url=url, socket=socket)
        temporary = self._file.with_suffix(".tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self.record), file)
        temporary.replace(self._file)
        self._port_file.write_text(str(urlsplit(url).port or ""), "ascii")

    @property
    def last_port(self) -> int | None:
        """Where the folder's last owner listened, if that is known."""
        try:
            port = int(self._port_file.read_text("ascii"))
        except (OSError, ValueError):
            return None
        return port if 0 < port < 1 << 16 else None

    def withdraw(self) -> None:
        """Take the record away, so that nobody connects any more."""
        self._file.unlink(missing_ok=True)


def _acquire(lock: FileLock, root: Path, kind: Kind) -> None:
    try:
        lock.acquire(timeout=LOOK_S, poll_interval=POLL_S)
    except Timeout:
        held_by = _settled(root) if kind == "serve" else current(root)
        if kind != "serve" or held_by is None or held_by.kind != "background":
            raise _owned(held_by) from None
        os.kill(held_by.pid, signal.SIGTERM)
        lock.acquire(timeout=HAND_OVER_S)


def _settled(root: Path) -> OwnerRecord | None:
    """Return the owner's record, given the moment that it takes to start."""
    deadline = time.monotonic() + HAND_OVER_S / 4
    while True:
        record = current(root)
        if record is not None or time.monotonic() > deadline:
            return record
        time.sleep(POLL_S)


def _is_held(path: Path) -> bool:
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _owned(record: OwnerRecord | None) -> Owned:
    if record is None:
        return Owned("Another server owns this folder and is starting or ending.", hint="Try again.", retryable=True)
    return Owned(
        f"Process {record.pid} owns this folder already ({record.kind}) and serves it at {record.url}.",
        hint="Use that one, or stop it with `workspace-server stop`.",
        pid=record.pid,
        kind=record.kind,
        url=record.url,
    )
