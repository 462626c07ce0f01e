"""Every change struck at every call: a kill, a power cut, a second kill while recovering, a disk that refuses."""

import random
from pathlib import Path

from tests.faults.aftermath import State
from tests.faults.scenes import SCENES
from tests.faults.strikes import Kind, Strike
from tests.faults.sweep import Life, Orders, copied, judge, live, template
from tests.soak.parts import Budget, Report

SEED = 20261121
SECOND_KILLS = 3
"""How many more kills, at random calls of the recovery, follow upon a kill."""


class _Sweep:
    """The scenes, made ready, and the lives that are tried on them."""

    def __init__(self, base: Path, report: Report) -> None:
        self._base = base
        self._report = report
        self._states: dict[str, tuple[State, ...]] = {}
        self._chance = random.Random(SEED)
        for scene in SCENES.values():
            self._states[scene.name] = template(base / scene.name, scene)

    def calls(self, name: str, kind: Kind) -> int:
        return len(live(Orders(copied(self._base / name, self._base / "run"), name, Strike(0, kind))).seen)

    def kill(self, name: str, at: int, *, cut: bool) -> None:
        run = copied(self._base / name, self._base / "run")
        life = live(Orders(run, name, Strike(at)))
        self._report.add("power cuts" if cut else "kills", life.killed)
        if not cut and life.killed and self._chance.random() < 0.5:
            life = self._kill_again(run, name, life)
        self._judge(run, name, life, f"killed at call {at}", cut=cut)

    def _kill_again(self, run: Path, name: str, life: Life) -> Life:
        for _ in range(SECOND_KILLS):
            second = live(Orders(run, name, Strike(self._chance.randint(1, 80)), recovering=True))
            life.told += second.told
            if not second.killed:
                break
            self._report.add("kills while recovering")
        return life

    def refuse(self, name: str, kind: Kind, at: int) -> None:
        run = copied(self._base / name, self._base / "run")
        life = live(Orders(run, name, Strike(at, kind)))
        self._report.add(kind, life.struck)
        if life.exit_code:
            self._report.wrong.append(f"{name}: {kind} at call {at} ended the server: {life.detail}")
        self._judge(run, name, life, f"{kind} at call {at}")

    def _judge(self, run: Path, name: str, life: Life, where: str, *, cut: bool = False) -> None:
        wrong = judge(run, SCENES[name], life, self._states[name], cut=cut)
        self._report.add("acknowledged", life.answered)
        if wrong:
            self._report.wrong.append(f"{name}, {where}: {'; '.join(wrong)}")


def run(base: Path, budget: Budget) -> Report:
    """Strike at every call, in random order, as far as the time goes."""
    report = Report()
    sweep = _Sweep(base, report)
    plan: list[tuple[str, str, int]] = []
    for name in SCENES:
        kills = sweep.calls(name, "kill")
        plan += [(name, how, at) for how in ("kill", "cut") for at in range(1, kills + 1)]
        for kind in ("ENOSPC", "EIO"):
            plan += [(name, kind, at) for at in range(1, sweep.calls(name, kind) + 1)]
    random.Random(SEED).shuffle(plan)
    done = 0
    for name, how, at in plan:
        if not budget.left():
            break
        done += 1
        if how in {"kill", "cut"}:
            sweep.kill(name, at, cut=how == "cut")
        else:
            sweep.refuse(name, how, at)  # type: ignore[arg-type]
    report.counts = {"points": f"{done} of {len(plan)}", **report.counts}
    return report
