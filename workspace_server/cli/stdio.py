"""`workspace-server stdio`: MCP over stdin and stdout, carried to the folder's owner over its Unix socket.

Clients start this program often, so it is written on the standard library alone and is up in milliseconds. It holds no
state of the workspace. When the owner goes away, killed or replaced, it finds or starts the next one and sends again
what was not answered yet, under the same request ids: a change that was committed is answered, not made twice.

Nothing but protocol goes to stdout; what a person must know goes to stderr.
"""

import contextlib
import fcntl
import json
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STATE_DIRECTORY = ".workspace"
SOCKET_NAME = "owner.sock"
LINE_BYTES_MAX = 16 * 1024 * 1024
"""The bound of one message, as in `limits.request_bytes_max`."""
CHUNK_BYTES = 1 << 16
OWNER_S = 30.0
"""How long an owner may take to start."""
LAST_ANSWERS_S = 10.0
"""How long to wait for open answers once the client has closed its side."""
REQUEST_ID = "workspace/requestId"

Message = dict[str, Any]


class Unreachable(Exception):
    """No owner answers, and none could be started."""


class Owner:
    """One connection to the folder's owner."""

    def __init__(self, state: Path) -> None:
        # Socket paths end at 107 bytes; through the descriptor of its directory the path is short.
        directory = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(f"/proc/self/fd/{directory}/{SOCKET_NAME}")
        except OSError:
            self._socket.close()
            raise
        finally:
            os.close(directory)
        self._lines = self._read()

    def greet(self, preface: Message) -> Message:
        """Say who we are and return the owner's answer."""
        self.send(_line(preface))
        answer: Message = json.loads(next(self._lines, b"{}"))
        return answer

    def send(self, line: bytes) -> None:
        """Send one line."""
        self._socket.sendall(line)

    def lines(self) -> Iterator[bytes]:
        """Yield the owner's lines until it goes away."""
        return self._lines

    def close(self) -> None:
        """End the connection, also for a thread that reads from it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self) -> Iterator[bytes]:
        parts: list[bytes] = []
        while True:
            try:
                chunk = self._socket.recv(CHUNK_BYTES)
            except OSError:
                return
            if not chunk:
                return
            *whole, rest = chunk.split(b"\n")
            for end in whole:
                parts.append(end)
                yield b"".join(parts) + b"\n"
                parts.clear()
            if rest:
                parts.append(rest)


class Proxy:
    """Carries messages both ways, and over the death of owners.

    Two threads: this one reads the client, another reads the owner. The sending lock is held for the whole of a
    reconnection, so that nothing is sent between what is repeated. The reading thread never waits for it otherwise:
    both sides may be blocked on writing, and somebody has to read.
    """

    def __init__(self, root: Path, agent: str | None) -> None:
        self._root = root
        self._preface: Message = {"agent": agent} if agent else {}
        self._nonce = secrets.token_hex(8)
        self._sending = threading.Lock()
        self._state = threading.Lock()
        self._answered = threading.Condition(self._state)
        self._pending: dict[str, bytes] = {}
        self._listens: set[str] = set()
        self._swallowed: set[str] = set()
        self._opening: list[Message] = []
        self._renewals = 0
        self._owner: Owner | None = None
        self._ending = False

    def run(self) -> int:
        """Carry messages until the client closes stdin; return the exit code."""
        try:
            for line in sys.stdin.buffer:
                if line.strip():
                    self._from_client(line)
        except Unreachable as error:
            print(f"workspace-server: {error}", file=sys.stderr)
            return 1
        with self._answered:
            self._answered.wait_for(lambda: not self._pending.keys() - self._listens, LAST_ANSWERS_S)
            self._ending = True
        if self._owner is not None:
            self._owner.close()
        return 0

    def _from_client(self, line: bytes) -> None:
        if len(line) > LINE_BYTES_MAX:
            self._refuse_large(line)
            return
        message = _parsed(line)
        with self._sending:
            if self._owner is None:
                self._preface.setdefault("client", _client_name(message))
                self._owner = self._connect()
                threading.Thread(target=self._from_owner, daemon=True).start()
            line = self._note(message, line)
            with contextlib.suppress(OSError):  # the reading thread finds out, and repeats it
                self._owner.send(line)

    def _from_owner(self) -> None:
        """Hand the owner's lines to the client; when it is gone, go on with the next one."""
        while True:
            assert self._owner is not None
            for line in self._owner.lines():
                self._to_client(line)
            with self._sending:
                if self._ending:
                    return
                self._owner.close()
                try:
                    self._owner = self._connect()
                    self._repeat(self._owner)
                except (OSError, Unreachable) as error:
                    print(f"workspace-server: {error}", file=sys.stderr)
                    os._exit(1)  # the main thread is blocked on stdin and there is nothing more to carry

    def _to_client(self, line: bytes) -> None:
        message = _parsed(line)
        key = _key(message.get("id")) if "method" not in message else ""
        with self._state:
            if key and key in self._swallowed:
                self._swallowed.discard(key)
                return
        _write(line)
        with self._answered:
            self._pending.pop(key, None)
            self._listens.discard(key)
            self._answered.notify_all()

    def _note(self, message: Message, line: bytes) -> bytes:
        """Remember what a next owner must hear, and return the line to send."""
        method, params = message.get("method"), message.get("params")
        if method is None:
            return line
        if "id" not in message:
            self._note_notification(method, params, message)
            return line
        key = _key(message["id"])
        if method == "tools/call" and isinstance(params, dict) and isinstance(params.get("_meta", {}), dict):
            meta = params.setdefault("_meta", {})
            if REQUEST_ID not in meta:
                meta[REQUEST_ID] = f"{self._nonce}-{key}"[:128]
                line = _line(message)
        with self._state:
            self._pending[key] = line
            if method == "subscriptions/listen":
                self._listens.add(key)
            if method in {"initialize", "resources/subscribe", "resources/unsubscribe"}:
                self._opening.append(message)
        return line

    def _note_notification(self, method: str, params: object, message: Message) -> None:
        with self._answered:
            if method == "notifications/initialized":
                self._opening.append(message)
            elif method == "notifications/cancelled" and isinstance(params, dict):
                key = _key(params.get("requestId"))
                self._pending.pop(key, None)
                self._listens.discard(key)
                self._answered.notify_all()

    def _repeat(self, owner: Owner) -> None:
        """Bring a new owner to where the last one was: the opening, then every request without an answer."""
        self._renewals += 1
        with self._state:
            for key in self._listens:
                # What it waited for may have passed meanwhile: end it cleanly, and the client listens anew.
                _write(_line({"jsonrpc": "2.0", "id": json.loads(key), "result": {"resultType": "complete"}}))
                self._pending.pop(key, None)
            self._listens.clear()
            opening = [message for message in self._opening if _key(message.get("id")) not in self._pending]
            lines = []
            for number, message in enumerate(opening):
                again = dict(message)
                if "id" in again:
                    again["id"] = f"renewal-{self._nonce}-{self._renewals}-{number}"
                    self._swallowed.add(_key(again["id"]))
                lines.append(_line(again))
            lines += self._pending.values()
        for line in lines:
            owner.send(line)

    def _connect(self) -> Owner:
        """Return a connection to the owner, started first if there is none."""
        state = self._root / STATE_DIRECTORY
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        deadline = time.monotonic() + OWNER_S
        while True:
            with contextlib.suppress(OSError):
                return self._greeted(Owner(state))
            with _starting(state) as first:
                if first:
                    return self._greeted(_started(self._root, state, deadline))
            if time.monotonic() > deadline:
                raise Unreachable(f"the server of {self._root} does not answer")
            time.sleep(0.02)

    def _greeted(self, owner: Owner) -> Owner:
        answer = owner.greet(self._preface)
        if "agent" not in answer:
            owner.close()
            raise OSError(answer.get("error", "the owner went away"))
        # The name stays with this process, whichever owner gave it.
        self._preface = {"agent": answer["agent"]}
        return owner

    def _refuse_large(self, line: bytes) -> None:
        message = _parsed(line)
        told = {
            "code": "too_large",
            "message": f"One message takes up to {LINE_BYTES_MAX} bytes; this is {len(line)}.",
            "hint": "Send large files with PUT /api/v1/files/{path}; `workspace-server status` shows the address.",
            "retryable": False,
            "limit": LINE_BYTES_MAX,
            "actual": len(line),
        }
        result = {"content": [{"type": "text", "text": json.dumps(told)}], "isError": True, "resultType": "complete"}
        if "id" in message:
            _write(_line({"jsonrpc": "2.0", "id": message["id"], "result": result}))


@contextlib.contextmanager
def _starting(state: Path) -> Iterator[bool]:
    """Yield whether this process is the one that starts an owner; of many at once, one does."""
    with (state / "start.lock").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _started(root: Path, state: Path, deadline: float) -> Owner:
    """Start a background owner and return a connection to it, or to another that came first."""
    import subprocess

    process = None
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return Owner(state)
        if process is None or process.poll() is not None:
            if process is not None:
                time.sleep(0.2)  # another one is taking the folder over, or this one failed: its log says why
            with (state / "server.log").open("ab") as log:
                process = subprocess.Popen(  # noqa: S603 - our own program
                    [sys.executable, "-m", "workspace_server.app.background", str(root)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    cwd="/",
                )
        time.sleep(0.01)
    raise Unreachable(f"no server could be started for {root}; see {state / 'server.log'}")


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _line(message: Message) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"


def _parsed(line: bytes) -> Message:
    """Return the message, or an empty one: what is no message is the owner's to refuse."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _key(identifier: object) -> str:
    """Return what tells request ids apart: 1 and "1" are two."""
    return json.dumps(identifier)


def _client_name(message: Message) -> str:
    """Return the name that the client gives itself in its first message."""
    params = message.get("params")
    if not isinstance(params, dict):
        return ""
    meta = params.get("_meta")
    info = params.get("clientInfo") or (
        meta.get("io.modelcontextprotocol/clientInfo") if isinstance(meta, dict) else {}
    )
    name = info.get("name") if isinstance(info, dict) else ""
    return name if isinstance(name, str) else ""


def main(arguments: list[str]) -> int:
    """Run the command: `stdio [DIR] [--agent NAME]`."""
    agent = None
    folder = None
    left = iter(arguments)
    for argument in left:
        if argument == "--agent":
            agent = next(left, None)
        elif argument.startswith("--agent="):
            agent = argument.partition("=")[2]
        elif argument.startswith("-") or folder is not None:
            print(f"workspace-server stdio: unexpected {argument}; usage: stdio [DIR] [--agent NAME]", file=sys.stderr)
            return 2
        else:
            folder = argument
    return Proxy(Path(folder or ".").resolve(), agent).run()
