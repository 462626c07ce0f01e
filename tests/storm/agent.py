"""One agent of a storm, as a process: it reads, writes, holds locks, is paused, hangs up and asks twice.

Every change adds one line to a file: `operation base`, where *base* is the version that the agent had read, or `-` when
it asked for no version. So a file tells by itself whether somebody's work was dropped from it.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.storm.doors import Door, NoAnswerError, RefusedError, opened
from tests.storm.history import Journal

REGISTERS = ("reg/0.md", "reg/1.md", "reg/2.md", "reg/3.md")
PAIR = ("pair/left.md", "pair/right.md")
INPUTS = ("in/a.md", "in/b.md")
TTL_S = 5
"""The shortest that a lock may live."""
ASKED_MAX = 300
"""Most times that one request is sent: as often as a server that is started again needs, and far more."""
KEPT = 5


class Walk:
    """What one agent does until it is killed.

    Args:
        pauses: How often it may be stopped past the time of its lock.
    """

    def __init__(self, door: Door, journal: Journal, chance: random.Random, pauses: int) -> None:
        self._door = door
        self._journal = journal
        self._chance = chance
        self._pauses = pauses
        self._count = 0
        self._done: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = []

    def step(self) -> None:
        path = self._chance.choice(REGISTERS)
        kinds: list[Callable[[], None]] = [lambda: self.write(path), lambda: self.held(path), self.pair, self.input]
        kinds += [lambda: self.append(path)] if self._door.appends else [lambda: self.write(path)]
        kinds += [lambda: self.look(path), self.again]
        self._chance.choice(kinds)()
        time.sleep(self._chance.uniform(0, 0.02))

    def look(self, path: str) -> None:
        self.read(path)

    def read(self, path: str) -> tuple[int, str]:
        op = self._begin("read", path)
        for _ in range(ASKED_MAX):
            try:
                version, text = self._door.read(path)
            except NoAnswerError:
                time.sleep(0.1)
                continue
            last = text.splitlines()[-1].split()[0] if text else ""
            self._journal.end(op, "ok", {"version": version, "last": last})
            return version, text
        raise TimeoutError("the server stays away")

    def write(self, path: str) -> None:
        version, text = self.read(path)
        time.sleep(self._chance.uniform(0, 0.03))
        op = self._begin("write", path, version)
        content = f"{text}{op} {version}\n"
        self._change(op, "write_file", {"path": path, "content": content, "expect_version": version})

    def held(self, path: str) -> None:
        """Take a lock, read, think, write under the lock, without any version."""
        try:
            lock = self._ask("lock_files", {"paths": [path], "ttl_seconds": TTL_S}, self._name())["lock"]
        except RefusedError:
            return
        version, text = self.read(path)
        if self._pauses:
            self._pauses -= 1
            os.killpg(0, signal.SIGSTOP)  # until the storm lets it go on, after its lock has ended
        op = self._begin("held", path)
        self._change(op, "write_file", {"path": path, "content": f"{text}{op} {version}\n", "lock": lock})
        if self._chance.random() < 0.8:
            self._quietly("unlock_files", {"lock": lock})

    def append(self, path: str) -> None:
        op = self._begin("append", path)
        self._change(op, "write_file", {"path": path, "content": f"{op} -\n", "append": True})

    def pair(self) -> None:
        """Change two files together."""
        seen = {path: self.read(path) for path in PAIR}
        op = self._begin("commit", PAIR[0], seen[PAIR[0]][0])
        changes = [
            {"op": "write", "path": path, "content": f"{text}{op} {version}\n", "expect_version": version}
            for path, (version, text) in seen.items()
        ]
        self._change(op, "commit_files", {"changes": changes})

    def input(self) -> None:
        """Save an input of the triggers."""
        path = self._chance.choice(INPUTS)
        op = self._begin("input", path)
        self._change(op, "write_file", {"path": path, "content": f"{op} -\n", "overwrite": True})

    def again(self) -> None:
        """Send an old request once more: it must be answered as it was, and change nothing."""
        if not self._done:
            return
        tool, arguments, request_id, first = self._chance.choice(self._done)
        op = self._begin("again", str(arguments.get("path", PAIR[0])))
        try:
            answer = self._ask(tool, arguments, request_id)
        except RefusedError as refusal:  # it was taken the first time
            answer = {"refused": refusal.code}
        said = {name: answer.get(name) for name in ("version", "seq")}
        same = said == {name: first.get(name) for name in ("version", "seq")}
        self._journal.end(op, "ok", {"same": same, "of": request_id})

    def _change(self, op: str, tool: str, arguments: dict[str, Any]) -> None:
        lost = False
        request_id = op
        for asked in range(ASKED_MAX):
            try:
                abandon = asked == 0 and self._chance.random() < 0.1
                answer = self._door.change(tool, arguments, request_id, abandon=abandon)
            except NoAnswerError:
                lost = True
                time.sleep(0.0 if asked == 0 else 0.1)
                continue
            except RefusedError as refusal:
                # An earlier copy of the request may still be on its way, and be taken.
                told = {
                    "code": refusal.code,
                    "version": refusal.facts.get("version"),
                    "message": refusal.facts["message"],
                }
                self._journal.end(op, "unknown" if lost else "refused", told)
                return
            changed = [answer] if "version" in answer else answer["files"]
            version = changed[0]["version"]
            self._journal.end(op, "ok", {"version": version, "seq": answer["seq"]})
            if self._door.repeats:
                self._done = [*self._done[1 - KEPT :], (tool, arguments, request_id, answer)]
            return

    def _quietly(self, tool: str, arguments: dict[str, Any]) -> None:
        try:
            self._ask(tool, arguments, self._name())
        except RefusedError:
            return

    def _ask(self, tool: str, arguments: dict[str, Any], request_id: str) -> dict[str, Any]:
        for _ in range(ASKED_MAX):
            try:
                return self._door.change(tool, arguments, request_id)
            except NoAnswerError:
                time.sleep(0.1)
        raise TimeoutError("the server stays away")

    def _begin(self, kind: str, path: str, expect: int | None = None) -> str:
        op = self._name()
        self._journal.begin(op, kind, path, expect)
        return op

    def _name(self) -> str:
        self._count += 1
        return f"{self._journal.agent}:{self._count}"


def main() -> None:
    """Work until told to stop: `door url folder name journal seed pauses`."""
    door, url, folder, name, journal, seed, pauses = sys.argv[1:]
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    entered = opened(door, url, Path(folder), name)
    walk = Walk(entered, Journal(Path(journal), name), random.Random(seed), int(pauses))
    while not stopping:
        walk.step()
    entered.close()


if __name__ == "__main__":
    main()
