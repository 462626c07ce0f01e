"""The authorization server that the operator trusts: its access tokens (RFC 9068) prove who calls, and what for.

Keys are fetched before a token is looked at and never while it is: `prepare` may wait for the issuer, `bearer` decides
from what is known. An issuer that does not answer takes nothing away for a day; nobody makes this server ask it more
often than the limits say, whatever keys the tokens name that they send.
"""

import hashlib
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import jwt

from workspace_server.core.access_tokens import PREFIX as OWN
from workspace_server.core.access_tokens import Token
from workspace_server.core.issued import Unproven, as_oauth, parse_rules, token_of
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import LOCAL
from workspace_server.delivery.issuer import IssuerOverHttp, Key, NoKeys, check_issuer
from workspace_server.delivery.named import of_setting
from workspace_server.errors import Unavailable
from workspace_server.services.folder import Folder
from workspace_server.services.tokens import Tokens

log = logging.getLogger(__name__)

KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "EdDSA": "OKP",
}
"""The algorithms that count, each with the kind of key that it takes: no shared secret, and not `none`."""
TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
PLAIN_TYPES: Final = frozenset({"", "jwt"})
RSA_BITS_MIN: Final = 2048
ID_CHARS: Final = 12


class Issuer:
    """One issuer and its access tokens. Errors: unauthenticated, rate_limited, unavailable.

    Attributes:
        name: As it names itself.
        scopes: What clients are told to ask it for, as scopes of OAuth.
    """

    def __init__(self, folder: Folder, tokens: Tokens, name: str, keys: IssuerOverHttp) -> None:
        settings = folder.settings
        self.name = name
        self.scopes = settings.oauth_scopes or tuple(filter(None, (as_oauth(str(grant)) for grant in LOCAL.grants)))
        self._folder = folder
        self._tokens = tokens
        self._rules = parse_rules(settings.oauth_grants or {})
        self._types = TYPES | PLAIN_TYPES if settings.oauth_plain_jwt else TYPES
        self._source = keys
        self._keys: list[Key] = []
        self._fresh_until_s = self._kept_until_s = self._asked_at_s = float("-inf")
        self._asking = anyio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Folder, tokens: Tokens, *, own_ports: set[int]) -> AsyncIterator["Issuer | None"]:
        """Yield the issuer of the settings, if they name one.

        Raises:
            InvalidArgument: What they say of it makes no sense.
        """
        name = folder.settings.oauth_issuer
        if name is None:
            yield None
            return
        hint = "It is what the issuer calls itself: https://login.example.com/realms/work."
        with of_setting("oauth.issuer", hint=hint):
            check_issuer(name)
        async with IssuerOverHttp(name, own_ports=own_ports) as keys:
            yield cls(folder, tokens, name, keys)

    @property
    def resource(self) -> str:
        """The address of MCP as people reach it: what tokens are asked for."""
        return f"{self._folder.base_url}/mcp"

    @property
    def metadata_url(self) -> str:
        """Where it stands which issuer makes the tokens for `resource` (RFC 9728)."""
        parts = urlsplit(self.resource)
        return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{parts.path}"

    async def prepare(self, token: str) -> None:
        """Have the keys that it takes to look at *token*, as far as the issuer gives them."""
        is_fresh = self._folder.clock.boot_s() < self._fresh_until_s
        # What was checked before is no reason not to ask: its key may be gone by now.
        if token.startswith(OWN) or (is_fresh and self._tokens.issued(_digest(token)) is not None):
            return
        header = _header(token)
        if header is None or str(header.get("alg")) not in KINDS:
            return
        if not is_fresh or self._key(header) is None:
            await self._ask()

    def bearer(self, token: str, *, address: str | None = None) -> Token:
        """Return what an access token proves.

        Args:
            address: Where it came from: who guesses there keeps nobody waiting elsewhere.

        Raises:
            Unauthenticated: Nothing.
            RateLimited: Too many were tried that prove nothing.
            Unavailable: The issuer's keys are not known, as it does not answer.
        """
        digest = _digest(token)
        known = self._tokens.issued(digest)
        if known is not None:
            return known
        if self._folder.clock.boot_s() >= self._kept_until_s and _header(token) is not None:
            raise Unavailable(
                "The issuer of access tokens does not answer, so nothing tells whether this one is good.",
                hint="Try again in a minute; the operator finds the reason in the log.",
                retryable=True,
                reason="issuer",
            )
        try:
            made = token_of(
                self._claims(token),
                token_id=digest[:ID_CHARS],
                issuer=self.name,
                agent_claim=self._folder.settings.oauth_agent_claim,
                rules=self._rules,
                now_s=self._folder.clock.wall_s(),
            )
        except Unproven as why:
            raise self._tokens.missed(str(why), address=address) from None
        self._tokens.add_issued(digest, made)
        return made

    def _claims(self, token: str) -> dict[str, Any]:
        """Return what a token claims that the issuer has signed for us.

        Raises:
            Unproven: It has not.
        """
        header = _header(token)
        if header is None:
            raise Unproven("it is unknown, expired or revoked")
        algorithm = str(header.get("alg"))
        if algorithm not in KINDS:
            raise Unproven("its algorithm is none that counts")
        if str(header.get("typ", "")).lower() not in self._types:
            raise Unproven("it is no access token by its type")
        key = self._key(header)
        if key is None:
            raise Unproven("the issuer has no such key")
        try:
            made = jwt.PyJWK(key, algorithm)
            if KINDS[algorithm] == "RSA" and made.key.key_size < RSA_BITS_MIN:
                raise Unproven("the issuer's key is too short")
            return jwt.decode(
                token,
                made,
                algorithms=[algorithm],
                audience=self._folder.settings.oauth_audience or self.resource,
                issuer=self.name,
                # Times are looked at by the clock that everything here goes by, not by PyJWT's own.
                options={
                    "require": ["exp", "iss", "aud"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidAudienceError:
            raise Unproven("it is for somebody else, by its audience") from None
        except jwt.InvalidIssuerError:
            raise Unproven("it is of another issuer") from None
        except jwt.MissingRequiredClaimError as missing:
            raise Unproven(f"it has no claim {missing.claim}") from None
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise Unproven("its signature is wrong") from None

    def _key(self, header: Mapping[str, Any]) -> Key | None:
        """Return the one key that a token can be signed with; without a key's id there must be no choice."""
        named = header.get("kid")
        found = [
            key
            for key in self._keys
            if key.get("kty") == KINDS[header["alg"]]
            and key.get("alg", header["alg"]) == header["alg"]
            and key.get("use", "sig") == "sig"
            and (named is None or key.get("kid") == named)
        ]
        return found[0] if len(found) == 1 else None

    async def _ask(self) -> None:
        """Fetch the keys; while somebody else does, those who have some go on with them."""
        if self._asking.locked() and self._folder.clock.boot_s() < self._kept_until_s and self._keys:
            return
        async with self._asking:
            now_s = self._folder.clock.boot_s()
            if now_s < self._asked_at_s + LIMITS.issuer_asked_every_s:
                return
            self._asked_at_s = now_s
            try:
                found = await self._source.keys()
            except NoKeys as why:
                log.warning("the issuer %s does not say its keys: %s", self.name, why)
                return
            if any(key not in found for key in self._keys):
                self._tokens.forget_issued()
            self._keys = found
            self._fresh_until_s = now_s + LIMITS.issuer_keys_fresh_s
            self._kept_until_s = now_s + LIMITS.issuer_keys_kept_s


def _header(token: str) -> dict[str, Any] | None:
    """Return what stands in front of a token, unproven; None when it is no token at all."""
    if len(token) > LIMITS.issued_token_bytes_max:
        return None
    try:
        return jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
