"""The same changes under `strace`, which kills the process at a system call or makes that fail."""

import random
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.faults.aftermath import State
from tests.faults.scenes import SCENES
from tests.faults.strikes import Strike
from tests.faults.sweep import Attach, Life, Orders, copied, judge, live, template
from tests.soak.parts import Budget, Report

SEED = 20261121
NEVER = Strike(0)
CHANGING = (
    "pwrite64 write writev fdatasync fsync syncfs sync_file_range rename renameat renameat2 unlink unlinkat mkdir"
    " mkdirat rmdir openat openat2 ftruncate fallocate utimensat fchmod fchmodat copy_file_range sendfile"
).split()
"""System calls that change something, or make it durable: between two of them a kill finds the same state."""
REFUSED = {
    "EIO": "pwrite64 fdatasync fsync syncfs renameat2 unlinkat mkdirat ftruncate utimensat copy_file_range".split(),
    "ENOSPC": "pwrite64 renameat2 mkdirat copy_file_range".split(),
}
"""Where errors are injected: calls that nothing but the workspace makes here. `write` also wakes event loops."""
RECOVERY_CALLS_MAX = 12
"""A second kill strikes at one of so many first calls of its kind in the recovery."""


class _Strace:
    """One strace that attaches to a process before it goes on."""

    def __init__(self, *arguments: str, log: Path | None = None) -> None:
        self._arguments = [*arguments, "-o", str(log or "/dev/null")]
        self._process: subprocess.Popen[str] | None = None

    def attach(self, pid: int) -> None:
        command = ["strace", "-f", "-p", str(pid), *self._arguments]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        line = self._process.stderr.readline()
        if "attached" not in line:
            raise OSError(line.strip() or "strace ended")

    def wait(self) -> None:
        if self._process is not None:
            self._process.communicate(timeout=60)


def _lived(orders: Orders, *arguments: str, log: Path | None = None) -> Life:
    strace = _Strace(*arguments, log=log)
    attach: Attach = strace.attach
    life = live(orders, attach)
    strace.wait()
    return life


def _orders(folder: Path, name: str, *, recovering: bool = False) -> Orders:
    return Orders(folder, name, NEVER, doubled=False, recovering=recovering)


def _counted(folder: Path, name: str, log: Path) -> Counter[str]:
    """Return how often a thread makes each call, at most: strace counts by thread."""
    life = _lived(_orders(folder, name), "-e", f"trace={','.join(CHANGING)}", log=log)
    assert life.exit_code == 0, life.detail
    by_thread = Counter(re.findall(r"^(\d+) +(\w+)\(", log.read_text(errors="replace"), re.MULTILINE))
    most: Counter[str] = Counter()
    for (_, call), count in by_thread.items():
        most[call] = max(most[call], count)
    return most


def _why_not(base: Path) -> str | None:
    if shutil.which("strace") is None:
        return "strace is not installed"
    done = subprocess.run(
        ["strace", "-o", str(base / "probe"), "-e", "inject=fsync:error=EIO", "true"], capture_output=True, check=False
    )
    return None if done.returncode == 0 else "strace may not trace processes here"


@dataclass(frozen=True, slots=True)
class _Point:
    """What strikes at which call of which thread's."""

    scene: str
    how: str
    call: str
    number: int

    @property
    def arguments(self) -> list[str]:
        strike = "signal=KILL" if self.how == "kill" else f"error={self.how}"
        return ["-e", f"trace={self.call}", "-e", f"inject={self.call}:{strike}:when={self.number}"]


def _plan(base: Path, states: dict[str, tuple[State, ...]]) -> list[_Point]:
    plan = []
    for scene in SCENES.values():
        states[scene.name] = template(base / scene.name, scene)
        most = _counted(copied(base / scene.name, base / "run"), scene.name, base / "log")
        for how, calls in {"kill": CHANGING, **REFUSED}.items():
            plan += [_Point(scene.name, how, call, n) for call in calls for n in range(1, most[call] + 1)]
    return plan


def run(base: Path, budget: Budget) -> Report:
    """Strike at every changing system call of every change, in random order, as far as the time goes."""
    report = Report(why=_why_not(base))
    if report.why is not None:
        return report
    states: dict[str, tuple[State, ...]] = {}
    plan = _plan(base, states)
    chance = random.Random(SEED)
    chance.shuffle(plan)
    done = 0
    for point in plan:
        if not budget.left():
            break
        done += 1
        run_in = copied(base / point.scene, base / "run")
        life = _lived(_orders(run_in, point.scene), *point.arguments)
        report.add("acknowledged", life.answered)
        if point.how != "kill":
            report.add(point.how)
            if life.exit_code:
                report.wrong.append(f"{point} ended the server: {life.detail}")
        elif life.killed:
            report.add("kills")
            if chance.random() < 0.5:
                _kill_again(run_in, point.scene, life, chance, report)
        wrong = judge(run_in, SCENES[point.scene], life, states[point.scene])
        if wrong:
            report.wrong.append(f"{point}: {'; '.join(wrong)}")
    report.counts = {"points": f"{done} of {len(plan)}", **report.counts}
    return report


def _kill_again(run_in: Path, name: str, life: Life, chance: random.Random, report: Report) -> None:
    call, n = chance.choice(CHANGING[:20]), chance.randint(1, RECOVERY_CALLS_MAX)
    second = _lived(
        _orders(run_in, name, recovering=True), "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={n}"
    )
    life.told += second.told
    report.add("kills while recovering", second.killed)
