"""What an access token of somebody else's authorization server says here: who bears it, and what that one may do where.

Its signature has been checked before; here only what it claims is read. The claims are as RFC 9068 has them: `sub`,
`client_id`, `scope`, `groups`, and times in seconds since 1970.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workspace_server.core.access import is_reserved
from workspace_server.core.access_tokens import Token
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import Grant, Scope, parse_grant, parse_scope
from workspace_server.errors import InvalidArgument

PREFIX: Final = "workspace:"
"""What stands before a grant where it is written as a scope of OAuth."""
CONDITIONS: Final = ("scope", "subject", "client", "group")
SETTING: Final = "oauth.grants"
MARK_CHARS: Final = 12
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]+")
_MARKED: Final = re.compile(rf".*-[0-9a-f]{{{MARK_CHARS}}}")
_SCOPE_TOKEN: Final = re.compile(r"[!#-\[\]-~]+")


class Unproven(Exception):
    """The token proves nothing here; the message says why, in words that may be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the operator's table: who meets every condition has the grants.

    Attributes:
        conditions: Texts by the names in `CONDITIONS`; without any it is for every bearer of a good token.
    """

    conditions: Mapping[str, str]
    scope: Scope

    def is_met(self, said: Mapping[str, frozenset[str]]) -> bool:
        """Return whether *said*, texts by the names in `CONDITIONS`, meets every condition."""
        return all(text in said[name] for name, text in self.conditions.items())


def parse_rules(tables: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Return the rules that the tables of the setting describe.

    Raises:
        InvalidArgument: One of them is none.
    """
    return tuple(_rule(f"{SETTING}.{name}", table) for name, table in tables.items())


def agent_of(said: str) -> str:
    """Return the agent's name for what an issuer calls somebody: two that it tells apart never have the same.

    What is no name here is cut down to one and marked with a digest of the whole, and so is what looks marked already.
    """
    longest = LIMITS.agent_chars_max // 2  # members of its crew have a name besides
    plain = _PLAIN.fullmatch(said) is not None and len(said) <= longest
    if plain and not is_reserved(said) and not _MARKED.fullmatch(said):
        return said
    mark = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:MARK_CHARS]
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", said)[: longest - MARK_CHARS - 1].strip("-")
    return f"{kept or 'agent'}-{mark}"


def token_of(
    claims: Mapping[str, Any], *, token_id: str, issuer: str, agent_claim: str, rules: Iterable[Rule], now_s: float
) -> Token:
    """Return the token that *claims* make.

    Its bearer is a crew of its own: it may add a name to the one that it has, for each of its clients.

    Args:
        token_id: Its public id here.
        agent_claim: The claim that names the agent.

    Raises:
        Unproven: It is not in force by its times, or names nobody.
    """
    expires_at = _seconds(claims, "exp")
    if expires_at is None or now_s >= expires_at + LIMITS.leeway_s:
        raise Unproven("it has expired")
    begins_at = max(_seconds(claims, "nbf") or 0.0, _seconds(claims, "iat") or 0.0)
    if now_s < begins_at - LIMITS.leeway_s:
        raise Unproven("it is not valid yet")
    named = claims.get(agent_claim)
    if not isinstance(named, str) or not named:
        raise Unproven(f"its claim {agent_claim} names nobody")
    return Token(
        token_id=token_id,
        agent=agent_of(named),
        is_crew=True,
        scope=_scope(claims, rules),
        note=None,
        created_by=issuer,
        created_at=begins_at,
        expires_at=expires_at + LIMITS.leeway_s,
    )


def as_oauth(grant: str) -> str | None:
    """Return a grant as a scope of OAuth; None where its pattern has what no such scope may hold, such as a space."""
    return PREFIX + grant if _SCOPE_TOKEN.fullmatch(grant) else None


def _scope(claims: Mapping[str, Any], rules: Iterable[Rule]) -> Scope:
    """Return what is granted, by scopes that spell a grant and by the operator's rules; there is a bound to both."""
    scopes = _texts(claims, "scope") or _texts(claims, "scp")
    said = {
        "scope": frozenset(scopes),
        "subject": _whole(claims, "sub"),
        "client": _whole(claims, "client_id") or _whole(claims, "azp"),
        "group": frozenset([*_listed(claims, "groups"), *_listed(claims, "roles")]),
    }
    ruled = [grant for rule in rules if rule.is_met(said) for grant in rule.scope.grants]
    spelled = [grant for text in scopes if text.startswith(PREFIX) for grant in _grant(text.removeprefix(PREFIX))]
    return Scope(tuple(dict.fromkeys([*ruled, *spelled]))[: LIMITS.grants_max])


def _grant(text: str) -> tuple[Grant, ...]:
    """Return the grant that a scope spells; one that spells none grants nothing, and takes nothing from the others."""
    try:
        return (parse_grant(text),)
    except InvalidArgument:
        return ()


def _texts(claims: Mapping[str, Any], name: str) -> list[str]:
    """Return the words of a claim that is text with spaces between, or a list of texts."""
    value = claims.get(name)
    return value.split(" ") if isinstance(value, str) else _listed(claims, name)


def _whole(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """Return the one text of a claim that names somebody: who is called `eve ann` is not `ann`."""
    value = claims.get(name)
    return frozenset({value}) if isinstance(value, str) else frozenset()


def _listed(claims: Mapping[str, Any], name: str) -> list[str]:
    value = claims.get(name)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a time.

    Raises:
        Unproven: The claim is there and is none.
    """
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LIMITS.issued_time_s_max:
        raise Unproven(f"its claim {name} is no time")
    return float(value)


def _rule(name: str, table: Mapping[str, Any]) -> Rule:
    conditions = {key: value for key, value in table.items() if key != "allow"}
    allow = table.get("allow")
    unknown = [key for key in conditions if key not in CONDITIONS]
    if unknown:
        raise _refused(name, f"has no part {unknown[0]}; it may have allow, {', '.join(CONDITIONS)}")
    if not isinstance(allow, list) or not allow or not all(isinstance(text, str) for text in allow):
        raise _refused(name, "needs `allow`, a list of grants")
    if not all(isinstance(text, str) and text for text in conditions.values()):
        raise _refused(name, f"{', '.join(CONDITIONS)} are texts")
    try:
        return Rule(conditions=conditions, scope=parse_scope(allow))
    except InvalidArgument as refusal:
        raise _refused(name, f"allow: {refusal.message}") from None


def _refused(name: str, reason: str) -> InvalidArgument:
    return InvalidArgument(
        f"The setting {name}: {reason}.",
        hint='For example [oauth.grants.editors] with scope = "docs.edit" and allow = ["read,write:docs/**"].',
        argument=name,
        reason=reason[:100],
    )
