"""Tokens: what they look like, whose they are, and for how long they prove anything."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from workspace_server.core import access_tokens as rules
from workspace_server.core.access_tokens import Token
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import parse_scope
from workspace_server.errors import Forbidden, InvalidArgument, NotFound

ANN = Token(
    token_id="0123456789ab",
    agent="ann",
    is_crew=False,
    scope=parse_scope(["read:docs/**"]),
    note=None,
    created_by="owner",
    created_at=0.0,
    expires_at=100.0,
)
CREW = replace(ANN, agent="crew", is_crew=True)


def test_a_token_carries_its_public_id_and_is_kept_as_a_digest() -> None:
    token = rules.spelled(ANN.token_id, "a_-" + 40 * "Z")
    assert token == f"wst_{ANN.token_id}_a_-{40 * 'Z'}"
    assert rules.digest(token) == hashlib.sha256(token.encode()).hexdigest()
    assert rules.check_id(ANN.token_id) == ANN.token_id


@pytest.mark.parametrize("text", ["", "wst_", "wst_0123456789ab_short", "Wst_0123456789ab_" + "a" * 43, "é" * 60])
def test_what_can_be_no_token_has_no_digest(text: str) -> None:
    assert rules.digest(text) is None


def test_a_token_lives_until_it_expires_or_is_revoked() -> None:
    assert ANN.state(99.9) == "live"
    assert ANN.state(100.0) == "expired"
    assert replace(ANN, expires_at=None).state(1e12) == "live"
    assert replace(ANN, revoked_at=5.0).state(6.0) == "revoked"


@pytest.mark.parametrize("claimed", [None, "", "ann"])
def test_an_agents_token_gives_the_agents_name(claimed: object) -> None:
    assert ANN.acts_as(claimed) == "ann"
    assert ANN.is_of("ann")


@pytest.mark.parametrize(
    ("token", "claimed"), [(ANN, "bob"), (ANN, "ann/x"), (CREW, "other/bo"), (CREW, "crew2/bo"), (ANN, "ANN")]
)
def test_nobody_acts_under_the_name_of_another(token: Token, claimed: str) -> None:
    with pytest.raises(Forbidden) as refusal:
        token.acts_as(claimed)
    assert refusal.value.facts["reason"] == "agent"
    assert not token.is_of(claimed)


def test_the_members_of_a_crew_are_told_apart() -> None:
    assert CREW.acts_as("bo") == CREW.acts_as("crew/bo") == "crew/bo"
    assert CREW.acts_as(None) == CREW.acts_as("crew") == "crew"
    assert CREW.is_of("crew/bo")
    assert CREW.is_of("crew")
    assert not CREW.is_of("crewman")
    with pytest.raises(InvalidArgument):
        CREW.acts_as("a b")
    with pytest.raises(InvalidArgument):
        CREW.acts_as("x" * (LIMITS.agent_chars_max - 4))


def test_the_bearer_is_a_verified_caller_within_the_tokens_scope() -> None:
    caller = ANN.caller("ann")
    assert (caller.verified, caller.token, caller.scope) == (True, ANN.token_id, ANN.scope)


@pytest.mark.parametrize(
    ("agent", "crew"), [("", False), ("owner", False), ("a b", False), ("a/b", True), ("x" * 33, True)]
)
def test_a_token_is_for_a_name_that_somebody_can_have(agent: str, crew: bool) -> None:
    with pytest.raises(InvalidArgument):
        rules.check_owner(agent, is_crew=crew)


def test_a_token_may_be_for_an_agent_or_a_crew() -> None:
    assert rules.check_owner("crew/bo", is_crew=False) == "crew/bo"
    assert rules.check_owner("x" * 32, is_crew=True) == "x" * 32


def test_a_life_has_bounds() -> None:
    for seconds in (None, LIMITS.token_s_min, LIMITS.token_s_max):
        rules.check_term(seconds)
    for wrong in (LIMITS.token_s_min - 1, LIMITS.token_s_max + 1):
        with pytest.raises(InvalidArgument):
            rules.check_term(wrong)


def test_a_whole_token_in_the_place_of_its_id_is_not_said_again() -> None:
    token = rules.spelled(ANN.token_id, 43 * "a")
    found: dict[str, Any] = {}
    with pytest.raises(NotFound) as refusal:
        rules.check_id(token)
    found |= refusal.value.as_dict()
    assert token not in str(found)
