"""How an attempt at a job can end, and when the job is given up."""

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.jobs import is_seen, job_name, job_number, outcome_of, state_after
from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Selector
from workspace_server.core.scopes import parse_scope


@pytest.mark.parametrize("outcome", ["done", "failed", "blocked"])
def test_what_the_claimant_says_holds_however_often_it_was_tried(outcome) -> None:
    assert state_after(outcome, failures=0) == state_after(outcome, failures=1_000) == outcome


def test_a_job_is_tried_again_until_too_many_attempts_have_come_to_nothing() -> None:
    states = [state_after("retry", failures=failures) for failures in range(LIMITS.job_attempts_max + 1)]
    assert states == ["queued"] * (LIMITS.job_attempts_max - 1) + ["dead"] * 2


@pytest.mark.parametrize(
    ("exit_code", "outcome", "note"),
    [
        (0, "done", None),
        (75, "retry", "exit code 75\nlast"),
        (3, "failed", "exit code 3\nlast"),
        (None, "failed", "ended after 60 s\nlast"),
    ],
)
def test_the_exit_code_of_a_program_says_how_its_job_went(exit_code, outcome, note) -> None:
    assert outcome_of(exit_code, log_end="last\n", timeout_s=60) == (outcome, note)


def test_a_name_stands_for_one_number() -> None:
    assert job_number(job_name(7)) == 7
    for name in ("", "J", "J0", "J07", "J7x", "7", "j7", "J\N{ARABIC-INDIC DIGIT SEVEN}", "J" + "9" * 19, "J7\n"):
        assert job_number(name) is None


@pytest.mark.parametrize(
    ("grant", "named", "agents", "seen"),
    [
        ("jobs:**", ["z.md"], [], True),
        ("jobs:**", [], [], True),
        ("jobs:a/**", ["a/x.md"], [], True),
        ("jobs:a/**", ["a/x.md", "z.md"], ["ann"], False),
        ("jobs:a/**", [], ["bob", "ann"], True),
        ("jobs:a/**", [], ["bob", None], False),
        ("read:**", [], ["ann"], False),
        ("read:**", ["a/x.md"], ["ann"], False),
    ],
)
def test_a_job_is_seen_by_who_has_the_verb_for_all_that_it_names(grant, named, agents, seen) -> None:
    caller = Caller(agent="ann", scope=parse_scope([grant]))
    assert is_seen(caller, named=[Selector("path", one) for one in named], agents=agents) is seen
