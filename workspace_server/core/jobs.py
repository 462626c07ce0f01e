"""The rules of jobs: how an attempt can end, when a job is tried again, and when it is given up."""

import re
from collections.abc import Collection, Sequence
from typing import Final, Literal

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Selector

Outcome = Literal["done", "retry", "failed", "blocked"]
"""What a claimant says of its attempt."""
State = Literal["queued", "claimed", "blocked", "done", "failed", "dead"]
"""`blocked` waits for a person's word; `failed` was given up by its claimant, `dead` after too many attempts."""

OPEN: Final = frozenset({"queued", "claimed", "blocked"})
"""The states of a job that is not at its end: of a key there is one such job in a queue."""
TAKEN_BACK: Final = frozenset({"queued", "dead"})
"""The states in which a job is nobody's, whoever had it last."""
REVIVABLE: Final = frozenset({"failed", "dead"})
"""The states from which a person can put a job back into its queue."""

RETRY_EXIT: Final = 75
"""The exit code by which a program asks for another try: EX_TEMPFAIL of sysexits.h."""

_NAME = re.compile(r"J([1-9][0-9]{0,17})")


def state_after(outcome: Outcome, *, failures: int) -> State:
    """Return what becomes of a job when an attempt at it has ended.

    Args:
        outcome: What its claimant said; `retry` also when nothing was heard of it.
        failures: Attempts that had come to nothing before, since a person last had a word in it.
    """
    if outcome == "retry":
        return "queued" if failures + 1 < LIMITS.job_attempts_max else "dead"
    return outcome


def outcome_of(exit_code: int | None, *, log_end: str, timeout_s: int) -> tuple[Outcome, str | None]:
    """Return what a program's end means for its job, and the note: the end of its log, when it did not go well.

    Args:
        exit_code: None when it was ended because its time was over.
    """
    if exit_code == 0:
        return "done", None
    said = f"ended after {timeout_s} s" if exit_code is None else f"exit code {exit_code}"
    return ("retry" if exit_code == RETRY_EXIT else "failed"), f"{said}\n{log_end}".strip()


def is_seen(caller: Caller, *, named: Sequence[Selector], agents: Collection[str | None]) -> bool:
    """Return whether a caller may know of a job, and so claim, finish or revive it.

    Args:
        named: All that the job names, and its trigger: each has to be granted. Without any it counts whose it is.
        agents: Who has added it, and who has claimed it.
    """
    if caller.scope.is_whole("jobs"):
        return True
    if named:
        return all(caller.scope.within("jobs", one) for one in named)
    return caller.may("jobs") and caller.agent in agents


def job_name(number: int) -> str:
    """Return what agents and people call a job."""
    return f"J{number}"


def job_number(name: str) -> int | None:
    """Return the number of a job, or None when *name* is the name of none."""
    match = _NAME.fullmatch(name)
    return None if match is None else int(match[1])
