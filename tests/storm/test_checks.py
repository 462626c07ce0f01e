"""The checks that no double of a server is there for: told wrong things by hand, they must say so."""

from typing import Any

from tests.storm.agent import INPUTS
from tests.storm.checks import fences, joins

A, B = INPUTS


def save(seq: int, path: str, version: int, **more: Any) -> dict[str, Any]:
    kind = "file.created" if version == 1 else "file.updated"
    return {"seq": seq, "type": kind, "path": path, "version": version, "agent": "ann", **more}


def fired(seq: int, a: int, b: int, firing: str = "F1") -> dict[str, Any]:
    inputs = [{"path": A, "version": a}, {"path": B, "version": b}]
    return {"seq": seq, "type": "trigger.fired", "trigger": "t", "firing": firing, "inputs": inputs, "job": "J1"}


def lock(seq: int, kind: str, name: str, fence: int, agent: str = "ann") -> dict[str, Any]:
    return {"seq": seq, "type": f"lock.{kind}", "lock": name, "fence": fence, "paths": ["a.md"], "agent": agent}


COMPLETE = [save(1, A, 1), save(2, B, 1)]


def test_one_firing_for_each_complete_set_is_right() -> None:
    assert not list(joins([*COMPLETE, fired(3, 1, 1), save(4, A, 2), save(5, B, 2), fired(6, 2, 2)]))


def test_a_set_that_fires_twice_is_found() -> None:
    assert list(joins([*COMPLETE, fired(3, 1, 1), fired(4, 1, 1)]))


def test_a_set_that_is_not_complete_again_is_found() -> None:
    assert list(joins([*COMPLETE, fired(3, 1, 1), save(4, A, 2), fired(5, 2, 1)]))


def test_a_firing_that_saw_what_did_not_stand_there_is_found() -> None:
    assert list(joins([*COMPLETE, save(3, A, 2), fired(4, 1, 1)]))


def test_a_complete_set_that_never_fires_is_found() -> None:
    assert list(joins([*COMPLETE, fired(3, 1, 1), save(4, A, 2), save(5, B, 2)]))
    assert list(joins(COMPLETE))


def test_a_write_under_a_live_lock_is_right() -> None:
    taken = lock(1, "acquired", "L1", 1)
    assert not list(fences([taken, save(2, "a.md", 1, lock="L1"), lock(3, "released", "L1", 1), save(4, "a.md", 2)]))


def test_a_write_under_an_ended_lock_is_found() -> None:
    ended = [lock(1, "acquired", "L1", 1), lock(2, "expired", "L1", 1)]
    assert list(fences([*ended, save(3, "a.md", 1, lock="L1")]))


def test_a_write_beside_a_live_lock_is_found() -> None:
    assert list(fences([lock(1, "acquired", "L1", 1), save(2, "a.md", 1)]))


def test_two_holders_and_a_falling_fence_are_found() -> None:
    assert list(fences([lock(1, "acquired", "L1", 2), lock(2, "acquired", "L2", 3, "bob")]))
    assert list(fences([lock(1, "acquired", "L1", 2), lock(2, "released", "L1", 2), lock(3, "acquired", "L2", 2)]))
