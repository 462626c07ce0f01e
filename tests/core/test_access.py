"""Who may do what."""

import pytest

from workspace_server.core.access import ANONYMOUS, Caller, agent_name, local
from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Selector
from workspace_server.core.scopes import ALL, LOCAL, everywhere, parse_scope
from workspace_server.errors import Forbidden, InvalidArgument


def test_a_local_caller_may_do_all_but_administer() -> None:
    assert {"admin"} == ALL.verbs - LOCAL.verbs
    for verb in LOCAL.verbs:
        Caller(agent="alice").require(verb)


def test_what_is_not_allowed_is_refused_with_the_verb_that_is_needed() -> None:
    with pytest.raises(Forbidden) as refusal:
        Caller(agent="alice", scope=everywhere("read")).require("write", "a.md")
    assert refusal.value.facts == {"verb": "write", "path": "a.md"}
    assert "write" in str(refusal.value.hint)


def test_a_scope_is_asked_with_the_path_and_without_one_for_the_whole_workspace() -> None:
    caller = Caller(agent="alice", scope=parse_scope(["read:docs/**", "search:**"]))
    caller.require("read", "docs/a.md")
    caller.require("search")
    caller.require_somewhere("read")
    caller.require_below("read", "docs/deep")
    caller.require_below("read", "")
    caller.require_within("read", Selector("directory", "docs/"))
    assert caller.sees("docs/a.md")
    assert not caller.sees("a.md")
    assert not caller.sees_all
    assert caller.may("read")
    for refused in (
        lambda: caller.require("read"),
        lambda: caller.require("read", "a.md"),
        lambda: caller.require_somewhere("write"),
        lambda: caller.require_below("read", "other"),
        lambda: caller.require_within("read", Selector("directory", "")),
    ):
        with pytest.raises(Forbidden):
            refused()


def test_an_agent_that_nobody_is_at_the_door_for_may_do_what_local_callers_may() -> None:
    assert local("ann") == Caller(agent="ann", scope=LOCAL)


def test_a_refusal_says_whether_the_verb_or_the_place_is_lacking() -> None:
    caller = Caller(agent="alice", scope=parse_scope(["read:docs/**"]))
    with pytest.raises(Forbidden, match=r"needs the verb read there") as there:
        caller.require("read", "a.md")
    assert there.value.facts == {"verb": "read", "path": "a.md"}
    with pytest.raises(Forbidden, match=r"needs the verb read in the whole workspace"):
        caller.require("read")
    with pytest.raises(Forbidden, match=r"needs the verb admin for this"):
        caller.require("admin")


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
