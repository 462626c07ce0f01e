"""Who may do what."""

import pytest

from workspace_server.core.access import ALL_VERBS, LOCAL_VERBS, Caller
from workspace_server.errors import Forbidden


def test_a_local_caller_may_do_all_but_administer() -> None:
    assert {"admin"} == ALL_VERBS - LOCAL_VERBS
    for verb in LOCAL_VERBS:
        Caller(agent="alice").require(verb)


def test_what_is_not_allowed_is_refused_with_the_verb_that_is_needed() -> None:
    with pytest.raises(Forbidden) as refusal:
        Caller(agent="alice", verbs=frozenset({"read"})).require("write", "a.md")
    assert refusal.value.facts == {"verb": "write", "path": "a.md"}
    assert "write" in str(refusal.value.hint)
