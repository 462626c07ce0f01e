"""What a file would be without one agent's changes.

A file's past is a row of states, each the hash of a content or None while there was no file. Changes that the agent
made one after the other are a stretch; stretches are taken back from the newest to the oldest, so that each is taken
out of what stood there right after it and of what others made of that since.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

State = str | None
"""The hash of a content; None: no file."""
Merge = Callable[[str, str, str], str | None]
"""From the hashes of base, one side and the other side to that of what both made of it; None when they collide."""

CREATED = "it was created by the agent, and changed since"
DELETED = "it was deleted by the agent, and made anew since"
COLLIDES = "it was changed since in the same places, or in a form that cannot be merged"
MOVED_ON = "it was moved to {to} since"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of a file.

    Attributes:
        mine: Whether it is to be taken back.
        after: What stood there then.
        moved_to: Where the file went, when the change moved it away.
    """

    mine: bool
    after: State
    moved_to: str | None = None


class Undid(NamedTuple):
    """Whose changes an undo took back: those beyond seq `since` up to `until`."""

    agent: str
    since: int
    until: int


class Done(NamedTuple):
    """Who changed a file at a seq; an undo says besides what it took back there."""

    seq: int
    agent: str
    undid: Undid | None = None


class Stretch(NamedTuple):
    """Changes of one agent with nobody's in between: what stood there before and after."""

    before: State
    after: State


@dataclass(frozen=True, slots=True)
class Target:
    """What is to stand there."""

    state: State


@dataclass(frozen=True, slots=True)
class Left:
    """The file stays as it is, and a person should look at it."""

    reason: str


Verdict = Target | Left


def taken_back(done: Iterable[Done]) -> set[int]:
    """Return the seqs of those changes of one file that an undo has taken back, and no later undo brought again."""
    newest_first = sorted(done, reverse=True)
    gone: set[int] = set()
    for at, change in enumerate(newest_first):
        if change.undid is not None and change.seq not in gone:
            agent, since, until = change.undid
            gone.update(one.seq for one in newest_first[at + 1 :] if one.agent == agent and since < one.seq <= until)
    return gone


def stretches(before: State, steps: Sequence[Step]) -> list[Stretch]:
    """Return what is to be taken back, newest first.

    Args:
        before: What stood there before the first of *steps*.
    """
    found: list[Stretch] = []
    state, open_ = before, False
    for step in steps:
        if step.mine and open_:
            found[-1] = Stretch(found[-1].before, step.after)
        elif step.mine:
            found.append(Stretch(state, step.after))
        open_, state = step.mine, step.after
    return found[::-1]


def undone(before: State, steps: Sequence[Step], merge: Merge) -> Verdict:
    """Return what is to stand where *steps* happened once those that are `mine` are taken back."""
    current = steps[-1].after if steps else before
    if current is None and steps and steps[-1].moved_to is not None and not steps[-1].mine:
        return Left(MOVED_ON.format(to=steps[-1].moved_to)) if stretches(before, steps) else Target(None)
    for stretch in stretches(before, steps):
        verdict = _without(stretch, current, merge)
        if isinstance(verdict, Left):
            return verdict
        current = verdict.state
    return Target(current)


def _without(stretch: Stretch, current: State, merge: Merge) -> Verdict:
    before, after = stretch
    if current == after:
        return Target(before)
    if current in {before, None} or before == after:
        return Target(current)  # nothing of it is left, or others have deleted the file since: their word stands
    if before is None:
        return Left(CREATED)
    if after is None:
        return Left(DELETED)
    assert current is not None
    merged = merge(after, current, before)
    return Left(COLLIDES) if merged is None else Target(merged)


def followed(source: Sequence[Stretch], target: Sequence[Stretch], current: State, merge: Merge) -> tuple[State, State]:
    """Return what is to stand at both ends of a move whose file others have changed since, where it is now.

    Their changes go back with the file. Where that cannot be, the ends stay as they are: the source without a file, and
    *current* at the target.

    Args:
        source: What is to be taken back where the file was.
        target: The same where it is now.
        current: What stands at the target.
    """
    stay = (None, current)
    if len(source) != 1 or len(target) != 1:
        return stay
    (was, gone), (displaced, arrived) = source[0], target[0]
    if was is None or gone is not None or arrived is None or current is None:
        return stay
    back = current if was == arrived else merge(arrived, current, was)
    return stay if back is None else (back, displaced)


def together(moves: Iterable[tuple[str, str]], left: Mapping[str, str]) -> dict[str, str]:
    """Return the reasons of *left*, and of all that moves tie to it: both ends of a move are taken back, or none.

    Args:
        moves: Both paths of each move.
        left: Why a path stays as it is.
    """
    tied: dict[str, list[str]] = {}
    for one, other in moves:
        tied.setdefault(one, []).append(other)
        tied.setdefault(other, []).append(one)
    reasons = dict(left)
    todo = list(left)
    while todo:
        path = todo.pop()
        for other in tied.get(path, ()):
            if other not in reasons:
                reasons[other] = f"it was moved together with {path}, which stays as it is"
                todo.append(other)
    return reasons


def preview_name(shown: Mapping[str, object]) -> str:
    """Return what a preview is called: by the name one is held to just what it showed."""
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]
