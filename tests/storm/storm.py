"""A storm: many agent processes on one server over HTTP, MCP and `stdio`; agents are stopped and killed, and so is it.

`rage` lets it rage for a while and returns what was found afterwards, for the checks to judge.
"""

import json
import os
import random
import signal
import time
import urllib.request
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.forking import Forked
from tests.processes import Serving, clean_environment
from tests.storm import listeners
from tests.storm.agent import INPUTS, PAIR, REGISTERS, TTL_S
from tests.storm.checks import Aftermath, Event
from tests.storm.doors import ANSWER_S, Http
from tests.storm.history import recorded
from workspace_server.app import owner
from workspace_server.core.triggers.parsing import RATE_PER_MINUTE_MAX
from workspace_server.storage.upkeep.integrity import find_damage

DOORS = ("http", "mcp", "stdio", "http", "mcp", "stdio", "http", "mcp")
QUEUE = "analysts"
PAUSED_S = TTL_S + 1.5
"""How long a stopped agent stays stopped: past the time of its lock, and past the next look for ended locks."""
LONGER_S = 60.0
"""How much longer than planned it may take until an agent was stopped and enough was noted."""
NOTES_MIN = 250
"""Fewest lines in the agents' journals before a storm may end."""
LOOK_S = 0.05
END_S = 60.0
"""Longest wait for an agent to end, for a server to be there, and for what is due to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a storm goes.

    Attributes:
        seconds: How long the agents work.
        pauses: How often every other agent is stopped past its lock's time, at most.
        agents_killed_every_s, server_killed_every_s: None for never.
        failures: How many webhooks their receiver fails at first.
        control: The double that serves in the server's place, for a negative control.
    """

    seconds: float
    doors: tuple[str, ...] = DOORS
    pauses: int = 1
    agents_killed_every_s: float | None = None
    server_killed_every_s: float | None = None
    failures: int = 1
    control: str | None = None
    seed: int = 20261121
    drain_s: float = END_S


@dataclass(slots=True)
class Figures:
    """What happened in a storm, in numbers."""

    pauses: int = 0
    agents_killed: int = 0
    servers_killed: int = 0


@dataclass(slots=True)
class _Agent:
    process: Forked
    stopped_s: float | None = None


@dataclass(slots=True)
class _Storm:
    """The agents and the server of one storm."""

    folder: Path
    plan: Plan
    server: Serving
    figures: Figures = field(default_factory=Figures)
    agents: dict[str, _Agent] = field(default_factory=dict)
    started: int = 0

    @property
    def journals(self) -> Path:
        return self.folder.parent / "journals"

    def noted(self) -> int:
        """Return how many lines the agents have written into their journals."""
        return sum(journal.read_bytes().count(b"\n") for journal in self.journals.iterdir())

    def start(self, door: str) -> None:
        self.started += 1
        name = f"a{self.started}-{door}"
        given = [door, self.server.url, self.folder, name, self.journals / name, self.started + self.plan.seed]
        pauses = self.plan.pauses if self.started % 2 else 0
        arguments = [*map(str, given), str(pauses)]
        # A session of its own, so that an agent is stopped together with its `stdio` process.
        process = Forked("tests.storm.agent", arguments, env=clean_environment(), start_new_session=True)
        self.agents[name] = _Agent(process)

    def look(self) -> None:
        """Let those go on that were stopped for long enough."""
        for agent in self.agents.values():
            assert agent.process.poll() is None, "an agent of the storm has ended by itself"
            if agent.stopped_s is None and _is_stopped(agent.process.pid):
                agent.stopped_s = time.monotonic()
                self.figures.pauses += 1
            elif agent.stopped_s is not None and time.monotonic() > agent.stopped_s + PAUSED_S:
                os.killpg(agent.process.pid, signal.SIGCONT)
                agent.stopped_s = None

    def kill_agent(self, chance: random.Random) -> None:
        name = chance.choice([name for name, agent in self.agents.items() if agent.stopped_s is None] or [*self.agents])
        agent = self.agents.pop(name)
        os.killpg(agent.process.pid, signal.SIGKILL)
        agent.process.wait()
        self.figures.agents_killed += 1
        self.start(name.partition("-")[2])

    def kill_server(self) -> None:
        self.server.kill()
        self.figures.servers_killed += 1
        self.server.start()

    def end(self) -> None:
        """Let all agents end by themselves."""
        for agent in self.agents.values():
            with suppress(ProcessLookupError):
                os.killpg(agent.process.pid, signal.SIGCONT)
            agent.process.terminate()
        for agent in self.agents.values():
            # One that was started a moment ago does not listen for the signal yet, and has asked for nothing.
            assert agent.process.wait(timeout=END_S) in (0, -signal.SIGTERM)

    def kill(self) -> None:
        for agent in self.agents.values():
            with suppress(ProcessLookupError):
                os.killpg(agent.process.pid, signal.SIGKILL)
            agent.process.wait()


def _is_stopped(pid: int) -> bool:
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    return False


def rage(folder: Path, plan: Plan) -> tuple[Aftermath, Figures]:
    """Let a storm rage on a fresh *folder* and return what was found afterwards."""
    program = ["workspace_server.cli"] if plan.control is None else ["tests.storm.doubles", plan.control]
    state = folder / ".workspace"
    state.mkdir(mode=0o700)
    # Not as a flag: a background server that a `stdio` starts must know it, too.
    (state / "config.toml").write_text("[webhooks]\nallow_loopback = true\n")
    server = Serving(folder, program=program)
    storm = _Storm(folder, plan, server)
    storm.journals.mkdir()
    with ExitStack() as stack:
        stack.callback(_end, server)
        server.start()
        receiver = stack.enter_context(listeners.Receiver(plan.failures))
        _set_triggers(folder, server.url, receiver.url)
        worker = stack.enter_context(listeners.Worker(server.url, QUEUE))
        stack.callback(storm.kill)
        for door in plan.doors:
            storm.start(door)
        _blow(storm)
        storm.end()
        if _pid(folder) != server.pid:
            server.start()
        _drain(server.url, plan.drain_s)
        files = {path: _history(server.url, path) for path in (*REGISTERS, *PAIR, *INPUTS)}
        events = _events(server.url)
    return Aftermath(
        records=list(recorded(sorted(storm.journals.iterdir()))),
        events=events,
        files=files,
        folder={str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.md")},
        received=receiver.received,
        worked=worker.worked,
        damage=[str(one) for one in find_damage(folder)],
    ), storm.figures


def _blow(storm: _Storm) -> None:
    plan, chance = storm.plan, random.Random(storm.plan.seed)
    began = time.monotonic()
    kills = {"agent": plan.agents_killed_every_s, "server": plan.server_killed_every_s}
    due = {who: began + every for who, every in kills.items() if every is not None}

    def goes_on() -> bool:
        """Whether it has not raged as long as planned; on a slow machine also while too little has happened."""
        for_s = time.monotonic() - began
        unmet = (plan.pauses and not storm.figures.pauses) or storm.noted() < NOTES_MIN
        return for_s < plan.seconds or bool(unmet and for_s < plan.seconds + LONGER_S)

    while goes_on():
        storm.look()
        for who, at in list(due.items()):
            if time.monotonic() > at:
                storm.kill_agent(chance) if who == "agent" else storm.kill_server()
                due[who] = time.monotonic() + (kills[who] or 0)
        time.sleep(LOOK_S)


def _end(server: Serving) -> None:
    """End whoever serves the folder now; a `stdio` may have started a background server meanwhile."""
    pid = _pid(server.folder)
    if pid == server.pid:
        server.stop()
    elif pid is not None:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + END_S
    while _pid(server.folder) is not None:
        assert time.monotonic() < deadline, "the server did not end"
        time.sleep(LOOK_S)


def _pid(folder: Path) -> int | None:
    record = owner.current(folder)
    return None if record is None else record.pid


def _set_triggers(folder: Path, url: str, hook: str) -> None:
    """Have both kinds of targets fired by the same complete sets."""
    door = Http(url, "operator")
    key = json.loads((folder / ".workspace/owner.json").read_text())["admin_key"]
    for name, target in (("hook", {"url": hook}), ("queue", {"queue": QUEUE})):
        trigger: dict[str, Any] = {"name": name, "files": list(INPUTS), "mode": "all", "settle": "immediate", **target}
        trigger["rate_per_minute"] = RATE_PER_MINUTE_MAX
        headers = {"X-Admin-Key": key, "Content-Type": "application/json"}
        door._answer("POST", "/api/v1/triggers", json.dumps(trigger).encode(), headers, abandon=False)
    door.close()


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:
        return json.load(answer)


def _drain(url: str, longest_s: float) -> None:
    """Wait until nothing is on its way any more, or for so long that it never will be."""
    deadline = time.monotonic() + longest_s
    quiet = 0
    while quiet < 5 and time.monotonic() < deadline:
        status = _get(f"{url}/api/v1/status")
        busy = {name: status[name].get(state) for name, state in _UNDER_WAY}
        quiet = quiet + 1 if not any(busy.values()) else 0
        time.sleep(LOOK_S)


_UNDER_WAY = (("deliveries", "pending"), ("deliveries", "waiting"), ("jobs", "queued"), ("jobs", "claimed"))


def _history(url: str, path: str) -> list[str]:
    """Return every content that a path had, as the HTTP API tells it."""
    door = Http(url, "operator")
    head = door.read(path)[0]
    contents = [door.read(f"{path}?version={number}")[1] for number in range(1, head + 1)]
    door.close()
    return contents


def _events(url: str) -> list[Event]:
    events: list[Event] = []
    since = 0
    while page := _get(f"{url}/api/v1/events?since_seq={since}&limit=1000")["events"]:
        events += page
        since = page[-1]["seq"]
    return events
