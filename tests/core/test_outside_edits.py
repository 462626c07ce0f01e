"""What a lock makes of an edit on disk."""

import dataclasses

import pytest

from workspace_server.core.access import EXTERNAL
from workspace_server.core.locks import Lock, Mode
from workspace_server.core.outside_edits import Policy, Verdict, judge
from workspace_server.core.patterns import Selector

POLICIES: list[Policy] = ["accept", "conflict_copy"]


def lock(mode: Mode = "exclusive", *, on_disk: bool = False) -> Lock:
    return Lock(
        lock_id=1,
        handle="L1-aaaa",
        agent="ann",
        mode=mode,
        fence=1,
        selectors=(Selector.stored("path", "a.md"),),
        purpose="Edit",
        ttl_s=600,
        deadline_s=600,
        granted_seq=1,
        granted_at=0,
        on_disk=on_disk,
    )


@pytest.mark.parametrize("policy", POLICIES)
def test_an_edit_that_no_lock_covers_is_an_outsiders(policy: Policy) -> None:
    assert judge([], policy=policy) == Verdict(agent=EXTERNAL)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("mode", ["shared", "intent"])
def test_a_lock_that_keeps_nobody_from_writing_says_nothing(policy: Policy, mode: Mode) -> None:
    assert judge([lock(mode, on_disk=True)], policy=policy) == Verdict(agent=EXTERNAL)


@pytest.mark.parametrize("policy", POLICIES)
def test_who_holds_a_lock_for_work_in_the_folder_has_made_the_edit(policy: Policy) -> None:
    held = lock(on_disk=True)
    assert judge([held], policy=policy) == Verdict(agent="ann", message="Edit")
    assert judge([dataclasses.replace(held, purpose=None)], policy=policy).message is None


def test_an_outsiders_edit_ends_the_lock_or_is_put_aside() -> None:
    assert judge([lock()], policy="accept") == Verdict(agent=EXTERNAL, broken=(lock(),))
    assert judge([lock()], policy="conflict_copy") == Verdict(agent=EXTERNAL, aside=True)
