"""Every change is made wholly or not at all, whatever call the process is killed at or the disk refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.controls import DISHONEST, Control
from tests.faults.scenes import SCENES, Scene
from tests.faults.strikes import Kind, Strike
from tests.faults.sweep import Life, Orders, copied, judge, live, moments, spread, template

KILLS, ERRORS, SECOND_KILLS = 10, 3, 8
"""How many moments are tried of each change; `make soak` tries all."""


@pytest.fixture(params=SCENES)
def scene(request: pytest.FixtureRequest) -> Scene:
    return SCENES[request.param]


def calls(base: Path, scene: Scene, kind: Kind = "kill", control: Control = "honest") -> list[str]:
    """Return the calls of a life without a fault."""
    life = live(Orders(copied(base, base.with_name("counted")), scene.name, Strike(0, kind), control=control))
    assert life.exit_code == 0, life.detail
    return life.seen


def lives(
    base: Path, scene: Scene, kind: Kind, at: list[int], control: Control = "honest"
) -> Iterator[tuple[int, Life, Path]]:
    """Yield a life for each of the moments, and the folder it has left."""
    for number in at:
        run = copied(base, base.with_name("run"))
        yield number, live(Orders(run, scene.name, Strike(number, kind), control=control)), run


def test_a_change_is_whole_or_not_there_wherever_the_process_is_killed(tmp_path: Path, scene: Scene) -> None:
    """Every second time the power goes with it, and what was not synced is gone too."""
    base = tmp_path / "base"
    states = template(base, scene)
    kills = 0
    for number, life, run in lives(base, scene, "kill", spread(moments(calls(base, scene)), KILLS)):
        assert judge(run, scene, life, states, cut=number % 2 == 0) == [], f"killed at call {number}: {life.told}"
        kills += life.killed
    assert kills > KILLS / 2


@pytest.mark.parametrize("name", ["commit", "large"])
def test_a_server_that_is_killed_while_it_recovers_leaves_the_next_one_to_finish(tmp_path: Path, name: str) -> None:
    scene, base = SCENES[name], tmp_path / "base"
    states = template(base, scene)
    seen = calls(base, scene)
    crashed = copied(base, tmp_path / "crashed")
    committed = seen.index("db.sync") + 1  # the call after the sync: nothing but the commit is done
    first = live(Orders(crashed, name, Strike(committed + 1)))
    assert first.killed
    again = live(Orders(copied(crashed, tmp_path / "counted"), name, Strike(0), recovering=True))
    kills = 0
    for number in spread(moments(again.seen), SECOND_KILLS):
        run = copied(crashed, tmp_path / "run")
        second = live(Orders(run, name, Strike(number), recovering=True))
        second.told = [*first.told, *second.told]
        assert judge(run, scene, second, states) == [], f"killed again at call {number}"
        kills += second.killed
    assert kills > SECOND_KILLS / 2


@pytest.mark.parametrize("kind", ["ENOSPC", "EIO"])
def test_a_call_that_the_disk_refuses_spoils_nothing(tmp_path: Path, scene: Scene, kind: Kind) -> None:
    base = tmp_path / "base"
    states = template(base, scene)
    for number, life, run in lives(base, scene, kind, spread(moments(calls(base, scene, kind)), ERRORS)):
        assert life.exit_code == 0, f"{kind} at call {number}: {life.told} {life.detail}"
        assert judge(run, scene, life, states) == [], f"{kind} at call {number}: {life.told} {life.detail}"


def test_a_delete_goes_through_on_a_disk_that_stays_full_until_the_reserve_is_spent(tmp_path: Path) -> None:
    scene, base = SCENES["delete"], tmp_path / "base"
    states = template(base, scene)
    life = live(Orders(base, scene.name, Strike(1, "ENOSPC", lasts=1_000_000)))
    assert life.answered, life.detail
    assert life.struck
    assert judge(base, scene, life, states) == []


@pytest.mark.parametrize("control", DISHONEST)
def test_control_a_server_that_breaks_its_word_is_found(tmp_path: Path, control: Control) -> None:
    scene, base = SCENES["replace"], tmp_path / "base"
    states = template(base, scene)
    cut = control in {"clears intents before it syncs", "syncs nothing"}
    at = moments(calls(base, scene, control=control))
    found = (judge(run, scene, life, states, cut=cut) for _, life, run in lives(base, scene, "kill", at, control))
    assert any(found), "the checks would not notice"
