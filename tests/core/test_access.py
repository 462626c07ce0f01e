"""Who may do what."""

import pytest

from workspace_server.core.access import ALL_VERBS, ANONYMOUS, LOCAL_VERBS, Caller, agent_name
from workspace_server.core.limits import LIMITS
from workspace_server.errors import Forbidden, InvalidArgument


def test_a_local_caller_may_do_all_but_administer() -> None:
    assert {"admin"} == ALL_VERBS - LOCAL_VERBS
    for verb in LOCAL_VERBS:
        Caller(agent="alice").require(verb)


def test_what_is_not_allowed_is_refused_with_the_verb_that_is_needed() -> None:
    with pytest.raises(Forbidden) as refusal:
        Caller(agent="alice", verbs=frozenset({"read"})).require("write", "a.md")
    assert refusal.value.facts == {"verb": "write", "path": "a.md"}
    assert "write" in str(refusal.value.hint)


@pytest.mark.parametrize(
    "name",
    ["external", "import", "owner", "server", "Server", "server/x", "a b", "a/b/c", "/a", "ä", "a\n", 7, "x" * 65],
)
def test_malformed_and_reserved_names_are_refused(name: object) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        agent_name(name)
    assert refusal.value.facts["argument"] == "agent"


def test_a_name_may_be_as_long_as_the_limit() -> None:
    assert agent_name("x" * LIMITS.agent_chars_max) == "x" * LIMITS.agent_chars_max


def test_who_says_no_name_is_anonymous() -> None:
    assert agent_name(None) == agent_name("") == ANONYMOUS
