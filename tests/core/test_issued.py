"""What the access token of an issuer says here: names that never meet, grants by scope and by table, times."""

from typing import Any

import pytest

from workspace_server.core.access import agent_name
from workspace_server.core.access_tokens import Token, check_owner
from workspace_server.core.issued import Unproven, agent_of, as_oauth, parse_rules, token_of
from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument


def made(claims: dict[str, Any], tables: dict[str, Any] | None = None, claim: str = "sub") -> Token:
    rules = parse_rules(tables or {})
    whole = {"exp": 100, "sub": "ann", **claims}
    return token_of(whole, token_id="0123456789ab", issuer="i", agent_claim=claim, rules=rules, now_s=50.0)


def grants(claims: dict[str, Any], tables: dict[str, Any] | None = None) -> list[str]:
    return [str(grant) for grant in made(claims, tables).scope.grants]


def test_a_name_that_is_one_here_stays_and_others_are_marked() -> None:
    assert agent_of("ann") == "ann"
    odd = [
        "ann@example.com",
        "ann-example.com@",
        "auth0|7",
        "owner",
        "SERVER",
        "a/b",
        "é",
        "",
        "x" * 33,
        "a-" + "0" * 12,
    ]
    odd.extend([agent_of("auth0|7"), "\ud800", "a\nb"])
    names = [agent_of(one) for one in odd]
    assert len(set(names)) == len(odd)
    for name in names:
        assert agent_name(name) == check_owner(name, is_crew=True) == name
        assert agent_of(name) != name


def test_the_bearer_is_named_by_the_claim_that_the_operator_chose() -> None:
    assert made({"client_id": "app"}, claim="client_id").acts_as("app/x") == "app/x"
    for nobody in (None, "", 7, ["ann"]):
        with pytest.raises(Unproven, match="names nobody"):
            made({"sub": nobody})


def test_a_scope_may_spell_a_grant_and_one_that_spells_none_grants_nothing() -> None:
    assert grants({"scope": "openid workspace:read,search:docs/** workspace:fly:** workspace: workspace:read"}) == [
        "read,search:docs/**"
    ]
    assert grants({"scp": ["workspace:read:a.md", 7]}) == ["read:a.md"]
    assert grants({"scope": 7}) == grants({}) == []
    many = " ".join(f"workspace:read:{number}.md" for number in range(LIMITS.grants_max + 1))
    assert len(grants({"scope": many})) == LIMITS.grants_max


def test_a_row_of_the_table_grants_when_all_its_conditions_are_met() -> None:
    def found(**row: str) -> bool:
        said = {"scope": "a b", "client_id": "app", "groups": ["staff"], "roles": ["boss"]}
        return grants(said, {"row": {**row, "allow": ["read:**"]}}) == ["read:**"]

    assert found()
    assert found(scope="b", subject="ann", client="app", group="staff")
    assert found(group="boss")
    assert not found(scope="b", subject="bob")
    assert not found(scope="a b")
    assert grants({"azp": "app"}, {"row": {"client": "app", "allow": ["read:**"]}}) == ["read:**"]


def test_who_has_the_name_of_another_one_in_its_own_is_not_taken_for_that_one() -> None:
    def found(claims: dict[str, Any], **row: str) -> bool:
        return grants(claims, {"row": {**row, "allow": ["all:**"]}}) != []

    assert found({"sub": "eve ann"}, subject="eve ann")
    assert not found({"sub": "eve ann"}, subject="ann")
    assert not found({"client_id": "eve app"}, client="app")
    assert not found({"azp": "eve app"}, client="app")
    assert not found({"client_id": ["app", "eve"]}, client="app")


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"allow": []},
        {"allow": "read:**"},
        {"allow": [7]},
        {"allow": ["fly:**"]},
        {"allow": ["read:**"], "agent": "x"},
        {"allow": ["read:**"], "group": ""},
        {"allow": ["read:**"], "group": 7},
    ],
)
def test_a_row_that_makes_no_sense_is_refused_by_its_name(table: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        parse_rules({"row": table})
    assert refusal.value.facts["argument"] == "oauth.grants.row"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": 50 - LIMITS.leeway_s}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": "100"}, "no time"),
        ({"exp": True}, "no time"),
        ({"exp": -1}, "no time"),
        ({"exp": float("nan")}, "no time"),
        ({"exp": float("inf")}, "no time"),
        ({"nbf": 51 + LIMITS.leeway_s}, "not valid yet"),
        ({"iat": 51 + LIMITS.leeway_s}, "not valid yet"),
    ],
)
def test_outside_of_its_times_a_token_proves_nothing(claims: dict[str, Any], why: str) -> None:
    with pytest.raises(Unproven, match=why):
        made(claims)


def test_clocks_may_differ_by_the_leeway() -> None:
    assert made({"exp": 51 - LIMITS.leeway_s, "nbf": 50 + LIMITS.leeway_s}).state(50.0) == "live"


def test_a_grant_is_a_scope_of_oauth_unless_it_holds_what_those_may_not() -> None:
    assert as_oauth("read:docs/**") == "workspace:read:docs/**"
    for odd in ("read:two words", 'read:"', "read:\\", "read:é"):
        assert as_oauth(odd) is None
