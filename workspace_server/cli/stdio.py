"""`workspace-server stdio`: MCP over stdin and stdout, carried to the folder's owner over its Unix socket.

Clients start this program often, so it is written on the standard library alone and is up in milliseconds. It holds no
state of the workspace. When the owner goes away, killed or replaced, it finds or starts the next one and sends again
what was not answered yet, under the same request ids: a change that was committed is answered, not made twice.

Nothing but protocol goes to stdout; what a person must know goes to stderr.
"""

import contextlib
import itertools
import json
import os
import re
import secrets
import sys
import threading
import time
from pathlib import Path

from workspace_server.cli.owner_socket import (
    OWNER_S,
    STATE_DIRECTORY,
    Message,
    Owner,
    Unreachable,
    as_line,
    start,
    starting,
)

LINE_BYTES_MAX = 16 * 1024 * 1024
"""The bound of one message, as in `limits.request_bytes_max`."""
LAST_ANSWERS_S = 10.0
"""How long to wait for open answers once the client has closed its side."""
BEAT_S = 2.0
"""How often this process says that it lives; the shortest lock takes 5 s."""
ALIVE = b'{"jsonrpc":"2.0","method":"notifications/workspace/alive"}\n'
"""How it says so, as in `interfaces.mcp.unix_socket`."""
REQUEST_ID = "workspace/requestId"
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
LISTENING = frozenset({"subscriptions/listen", "events/stream"})
"""Requests that stay open for as long as their client listens."""
ANSWER = re.compile(rb'\{"jsonrpc":"2\.0","id":("(?:[^"\\]|\\.)*"|-?\d+),"(?:result|error)":')
"""How our own server begins an answer; with it, large ones need not be parsed to learn whom they answer."""


class Proxy:
    """Carries messages both ways, and over the death of owners.

    Two threads: one reads the client, another reads the owner; a third one says that they live, once there may be locks
    to keep. The sending lock is held for the whole of a
    reconnection, so that nothing is sent between what is repeated. The thread that reads the owner takes it only when
    that one is gone: both sides may be blocked on writing, and somebody has to read.

    When an owner goes away and nothing is open, the next one is looked for only when the client speaks again, so that
    `workspace-server stop` stops a folder whose clients are idle.
    """

    def __init__(self, root: Path, agent: str | None) -> None:
        self._root = root
        self._nonce = secrets.token_hex(8)
        token = os.environ.get("WORKSPACE_TOKEN")
        self._proof: Message = {"token": token} if token else {}
        self._preface: Message = {"session": self._nonce, **self._proof, **({"agent": agent} if agent else {})}
        self._is_beating = False
        self._calls = itertools.count(1)
        self._sending = threading.Lock()
        self._state = threading.Lock()
        self._answered = threading.Condition(self._state)
        self._pending: dict[str, bytes] = {}
        self._listens: set[str] = set()
        self._swallowed: set[str] = set()
        self._opening: list[Message] = []
        self._is_modern = False
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
        message = _parsed(line)
        if len(line) <= LINE_BYTES_MAX:
            line = self._with_request_id(message, line)
        if len(line) > LINE_BYTES_MAX:
            self._refuse_large(message, len(line))
            return
        with self._sending:
            if self._owner is None:
                self._preface.setdefault("client", _client_name(message))
                self._find_owner()
            assert self._owner is not None
            if not self._is_beating and _takes_a_lock(message):
                self._is_beating = True
                threading.Thread(target=self._beat, daemon=True).start()
            self._note(message, line)
            with contextlib.suppress(OSError):  # the reading thread finds out, and repeats it
                self._owner.send(line)

    def _beat(self) -> None:
        """Say every little while that this process lives: that keeps its locks. One that is stopped says nothing."""
        while True:
            time.sleep(BEAT_S)
            with self._sending:
                if self._ending:
                    return
                if self._owner is not None:
                    with contextlib.suppress(OSError):  # the reading thread finds out
                        self._owner.send(ALIVE)

    def _find_owner(self) -> None:
        """Connect to the owner and bring it to where the last one was. The sending lock is held."""
        while True:
            owner = self._connect()
            self._owner = owner
            # Its answers are read while it is told the rest: both at once, lest both sides wait to write.
            threading.Thread(target=self._from_owner, args=(owner,), daemon=True).start()
            try:
                self._repeat(owner)
            except OSError:  # it is gone already
                continue
            return

    def _from_owner(self, owner: Owner) -> None:
        """Hand the owner's lines to the client; when it is gone, find the next one if something is open."""
        try:
            for line in owner.lines():
                self._to_client(line)
            with self._sending:
                if self._ending or self._owner is not owner:
                    return
                owner.close()
                self._owner = None
                self._end_listens()
                if self._pending or self._has_subscriptions():
                    self._find_owner()
        except BrokenPipeError:  # nobody reads our answers any more
            os._exit(0)
        except (OSError, Unreachable) as error:
            print(f"workspace-server: {error}", file=sys.stderr)
            os._exit(1)  # the main thread is blocked on stdin and there is nothing more to carry

    def _to_client(self, line: bytes) -> None:
        key = _answered_key(line)
        with self._state:
            if key and key in self._swallowed:
                self._swallowed.discard(key)
                return
        _write(line)
        if key:
            with self._answered:
                self._pending.pop(key, None)
                self._listens.discard(key)
                self._answered.notify_all()

    def _with_request_id(self, message: Message, line: bytes) -> bytes:
        """Return the line to send: a call gets the id under which it may be repeated."""
        params = message.get("params")
        if message.get("method") == "tools/call" and "id" in message and isinstance(params, dict):
            meta = params.setdefault("_meta", {})
            if isinstance(meta, dict) and REQUEST_ID not in meta:
                # Not made of the client's id: a client that uses one twice would get its first answer again.
                meta[REQUEST_ID] = f"{self._nonce}-{next(self._calls)}"
                return as_line(message)
        return line

    def _note(self, message: Message, line: bytes) -> None:
        """Remember what a next owner must hear."""
        method, params = message.get("method"), message.get("params")
        if method is None:
            return
        if "id" not in message:
            self._note_notification(method, params, message)
            return
        key = _key(message["id"])
        with self._state:
            self._pending[key] = line
            if method in LISTENING:
                self._listens.add(key)
            # A client that asked whether the server is a modern one, and grew impatient, may shake hands all the same.
            self._is_modern = self._is_modern or (not self._opening and method != "initialize")
            if method == "resources/subscribe" or (method == "initialize" and not self._is_modern):
                self._opening.append(message)
            elif method == "resources/unsubscribe":
                self._opening = [said for said in self._opening if not _subscribes(said, params)]

    def _note_notification(self, method: str, params: object, message: Message) -> None:
        with self._answered:
            if method == "notifications/initialized":
                self._opening.append(message)
            elif method == "notifications/cancelled" and isinstance(params, dict):
                key = _key(params.get("requestId"))
                self._pending.pop(key, None)
                self._listens.discard(key)
                self._answered.notify_all()

    def _end_listens(self) -> None:
        """Answer what listens: changes may have passed unheard meanwhile, so the client has to listen anew."""
        with self._state:
            for key in self._listens:
                number = json.loads(key)
                result = {"resultType": "complete", "_meta": {SUBSCRIPTION: number}}
                _write(as_line({"jsonrpc": "2.0", "id": number, "result": result}))
                self._pending.pop(key, None)
            self._listens.clear()

    def _has_subscriptions(self) -> bool:
        return any(message.get("method") == "resources/subscribe" for message in self._opening)

    def _repeat(self, owner: Owner) -> None:
        """Bring a new owner to where the last one was: the opening, then every request without an answer."""
        self._renewals += 1
        with self._state:
            lines = []
            for number, message in enumerate(self._opening):
                if _key(message.get("id")) in self._pending:
                    continue
                again = dict(message)
                if "id" in again:
                    again["id"] = f"renewal-{self._nonce}-{self._renewals}-{number}"
                    self._swallowed.add(_key(again["id"]))
                lines.append(as_line(again))
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
            with starting(state) as first:
                if first:
                    return self._greeted(start(self._root, state, deadline))
            if time.monotonic() > deadline:
                raise Unreachable(f"the server of {self._root} does not answer")
            time.sleep(0.02)

    def _greeted(self, owner: Owner) -> Owner:
        answer = owner.greet(self._preface)
        if "agent" not in answer:
            owner.close()
            if "error" in answer:
                said = answer["error"]
                raise Unreachable(f"{said.get('message', 'the server refused')}\n  {said.get('hint') or ''}".rstrip())
            raise OSError("the owner went away")
        # The name stays with this process, whichever owner gave it.
        self._preface = {"session": self._nonce, **self._proof, "agent": answer["agent"]}
        return owner

    def _refuse_large(self, message: Message, size_bytes: int) -> None:
        told = {
            "code": "too_large",
            "message": f"One message takes up to {LINE_BYTES_MAX} bytes; this is {size_bytes}.",
            "hint": f"Send large files with PUT {self._web_address()}/api/v1/files/PATH and your name as X-Agent.",
            "retryable": False,
            "limit": LINE_BYTES_MAX,
            "actual": size_bytes,
        }
        result = {"content": [{"type": "text", "text": json.dumps(told)}], "isError": True, "resultType": "complete"}
        if "id" in message:
            _write(as_line({"jsonrpc": "2.0", "id": message["id"], "result": result}))

    def _web_address(self) -> str:
        """Return where the owner speaks HTTP; nothing while there is no owner."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            record = json.loads((self._root / STATE_DIRECTORY / "owner.json").read_bytes())
            return str(record.get("url", ""))
        return ""


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _parsed(line: bytes) -> Message:
    """Return the message, or an empty one: what is no message is the owner's to refuse."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _answered_key(line: bytes) -> str:
    """Return the key of the request that a line answers; nothing when it is no answer."""
    found = ANSWER.match(line)
    if found is not None:
        return _key(json.loads(found[1]))
    message = _parsed(line)
    return _key(message["id"]) if "method" not in message and message.get("id") is not None else ""


def _subscribes(message: Message, params: object) -> bool:
    """Whether a message of the opening subscribes to what *params* name."""
    if message.get("method") != "resources/subscribe" or not isinstance(params, dict):
        return False
    wanted = message.get("params")
    return isinstance(wanted, dict) and wanted.get("uri") == params.get("uri")


def _key(identifier: object) -> str:
    """Return what tells request ids apart: 1 and "1" are two."""
    return json.dumps(identifier)


def _takes_a_lock(message: Message) -> bool:
    params = message.get("params")
    return isinstance(params, dict) and params.get("name") == "lock_files"


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
