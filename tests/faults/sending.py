"""A server that saves, fires and sends until it is killed, the receiver that kills it, and what must be true then."""

import asyncio
import json
import multiprocessing
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, Self

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.delivery.sender import Answer, Sender
from workspace_server.services.automation.sending.webhooks import FiringWebhook
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction

Double = Literal["acknowledges_early", "names_each_attempt"]
SETTINGS = Settings(webhooks_allow_loopback=True, webhooks_per_second=10_000)
WRITER = Caller(agent="writer")
PATHS = 3
LIFE_S = 0.25
"""Longest time that a server saves and sends before it is killed."""
ARRIVALS_MAX = 12
"""After how many arrivals at most it is killed otherwise: within one, before it hears an answer."""


class Receiver:
    """Takes webhooks on loopback and remembers them; use as a context manager.

    Attributes:
        arrived: Each request as (webhook-id, data), in order.
        on_arrival: Called with how many have arrived, before anything is answered.
    """

    def __init__(self) -> None:
        self.arrived: list[tuple[str, dict[str, Any]]] = []
        self.on_arrival: Callable[[int], None] = lambda _count: None
        receiver, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    receiver.arrived.append((self.headers["webhook-id"], body["data"]))
                    count = len(receiver.arrived)
                receiver.on_arrival(count)
                try:
                    self.send_response(204)
                    self.end_headers()
                except OSError:
                    self.close_connection = True  # who would have heard it is dead

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """The other end was killed: that is what this is about."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def serve(folder: Path, url: str, told: Connection, double: Double | None) -> None:
    """Save without end, in a process of its own; says `open` once it does."""
    if double is not None:
        _become(double)
    asyncio.run(save_without_end(folder, lambda engine: _watch(engine, url), told))


async def save_without_end(folder: Path, begin: Callable[[Engine], Awaitable[None]], told: Connection) -> None:
    """Open *folder*, let *begin* say who is to hear of it, and save; says `open` once it does."""
    async with Engine.open(folder, settings=SETTINGS) as engine:
        await begin(engine)
        told.send("open")
        number = 0
        while True:
            number += 1
            path = f"in/{number % PATHS}.md"
            content = f"{time.time_ns()}\n"
            await engine.files.write_file(WRITER, path=path, content=content, overwrite=True)
            await asyncio.sleep(0.001)


async def _watch(engine: Engine, url: str) -> None:
    """Make the triggers; a later life finds them there."""
    joined = [f"in/{number}.md" for number in range(PATHS)]
    for mode, files in (("each", ["in/*.md"]), ("all", joined)):
        fields: dict[str, Any] = {"mode": mode, "url": url, "settle": "immediate", "rate_per_minute": 1_000_000}
        await engine.triggers.create_trigger(WRITER, name=mode, files=files, **fields)


def _become(double: Double) -> None:
    """Break a promise: the negative controls."""
    if double == "names_each_attempt":
        request = FiringWebhook.request

        async def renamed(self: FiringWebhook, row: Any) -> Any:
            return await request(self, row._replace(message_id=f"msg_{random.getrandbits(64):x}"))

        vars_of(FiringWebhook)["request"] = renamed
        return
    post, sent = Sender.post, set[asyncio.Task[Answer]]()

    async def early(self: Sender, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        async def later() -> Answer:
            await asyncio.sleep(0.05)
            return await post(self, url, body, headers)

        task = asyncio.get_running_loop().create_task(later())
        sent.add(task)
        task.add_done_callback(sent.discard)
        return Answer(status=204)

    vars_of(Sender)["post"] = early


class vars_of:  # noqa: N801 - reads as the built-in that it stands for, which is read-only for classes
    """Sets attributes of a class by item."""

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def __setitem__(self, name: str, value: object) -> None:
        setattr(self._kind, name, value)


@dataclass(slots=True)
class Lives:
    """Servers on one folder that are killed one after the other, and one that ends in peace.

    Attributes:
        work: What each of them does.
        kills: How many were killed.
    """

    folder: Path
    receiver: Receiver
    double: Double | None = None
    work: Callable[[Path, str, Connection, Double | None], None] = serve
    chance: random.Random = field(default_factory=lambda: random.Random(20261130))
    kills: int = 0

    def live_and_die(self) -> None:
        """Let a server work for a while, and kill it: at any moment, or while a request of its is being answered."""
        processes = multiprocessing.get_context("forkserver")
        processes.set_forkserver_preload(["tests.faults.sending"])
        ours, theirs = processes.Pipe(duplex=False)
        args = (self.folder, self.receiver.url, theirs, self.double)
        process = processes.Process(target=self.work, args=args)
        process.start()
        theirs.close()
        if self.chance.random() < 0.5:
            last = len(self.receiver.arrived) + self.chance.randint(1, ARRIVALS_MAX)
            self.receiver.on_arrival = lambda count: process.kill() if count >= last else None
            process.join(30)
        else:
            assert ours.poll(30)
            ours.recv()
            time.sleep(self.chance.uniform(0.0, LIFE_S))
            process.kill()
            process.join()
        self.receiver.on_arrival = lambda _count: None
        ours.close()
        assert process.exitcode == -9, process.exitcode
        self.kills += 1

    async def end_in_peace(self) -> list[str]:
        """Let a last server send what is left, and return all that is wrong then."""
        async with Engine.open(self.folder, settings=SETTINGS) as engine:
            await engine.subscribing.settle()
            await engine.automation.settle()
            async with asyncio.timeout(60):
                while await engine.automation.due():
                    await engine.events.wait(engine.head_seq, 0.02)
            return await engine.db.read(self._wrong)

    async def _wrong(self, tx: Transaction) -> list[str]:
        fired = await tx.all("SELECT f.data, d.message_id FROM firings f JOIN deliveries d USING (firing_id)")
        events = await tx.all("SELECT data FROM events WHERE type = 'trigger.fired'")
        heads: dict[str, int] = dict(await tx.all("SELECT path, version FROM files WHERE live = 1"))
        said = [json.loads(data) for data, _ in fired]
        sets = Counter((one["trigger"], *((each["path"], each["version"]) for each in one["inputs"])) for one in said)
        wrong = [f"fired {times} times: {one}" for one, times in sets.items() if times > 1]
        if {json.loads(data)["firing"] for (data,) in events} != {one["firing"] for one in said}:
            wrong.append("the log and the outbox tell of different firings")
        named = {one["firing"]: message for one, (_, message) in zip(said, fired, strict=True)}
        arrived = defaultdict[str, set[str]](set)
        for message, data in self.receiver.arrived:
            arrived[data["firing"]].add(message)
        wrong += [f"lost: {firing}" for firing in named if firing not in arrived]
        wrong += [
            f"{firing} came as {sorted(messages)}, not as {named.get(firing)}"
            for firing, messages in arrived.items()
            if messages != {named.get(firing)}
        ]
        return wrong + self._out_of_order(heads)

    def _out_of_order(self, heads: Mapping[str, int]) -> list[str]:
        """Return the paths whose versions came in another order, or whose last one never came; repeats are allowed."""
        seen = defaultdict[str, list[int]](list)
        known = set[str]()
        for message, data in self.receiver.arrived:
            if data["trigger"] == "each" and message not in known:
                known.add(message)
                seen[data["inputs"][0]["path"]].append(data["inputs"][0]["version"])
        wrong = [f"{path} came as {versions}" for path, versions in seen.items() if versions != sorted(versions)]
        return wrong + [f"{path}@{head} never came" for path, head in heads.items() if seen[path][-1:] != [head]]
