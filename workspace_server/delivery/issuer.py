"""Finds the keys of an authorization server by its metadata (RFC 8414, OpenID Connect), through the one door.

Where the metadata lies follows from the name of the issuer; the metadata has to name the same issuer, and says where
its keys are. They may lie on another host, if that one is public: the guard of outgoing requests sees to it.
"""

import json
from collections.abc import Set as AbstractSet
from typing import Any, Final, Self

from yarl import URL

from workspace_server.core.limits import LIMITS
from workspace_server.delivery.guard import Policy
from workspace_server.delivery.named import allowed, check_url
from workspace_server.delivery.sender import Lookup, Sender, system_lookup

Key = dict[str, Any]
"""A key as RFC 7517 writes it."""
_ACCEPT: Final = {"Accept": "application/json"}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class NoKeys(Exception):
    """The issuer's keys could not be had; the message says why."""


def check_issuer(issuer: str) -> None:
    """Pass when *issuer* is the name of an authorization server whose answers can be believed.

    Raises:
        ValueError: It is not; the message says why.
    """
    check_url(issuer)
    parts = URL(issuer)
    if parts.scheme != "https" and parts.raw_host not in _LOOPBACK:
        raise ValueError("needs https, or anybody on the way there could make tokens")


def metadata_urls(issuer: str) -> list[str]:
    """Return where the metadata of *issuer* may lie, in the order in which MCP clients look for it."""
    parts = URL(issuer)
    origin, path = str(parts.origin()), parts.raw_path.rstrip("/")
    oauth, openid = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
    return list(dict.fromkeys([f"{origin}{oauth}{path}", f"{origin}{openid}{path}", f"{origin}{path}{openid}"]))


class IssuerOverHttp:
    """Asks one issuer for its keys. Use as an async context manager.

    Args:
        own_ports: Where this server listens itself; it is never its own issuer.
    """

    def __init__(
        self, issuer: str, *, own_ports: AbstractSet[int] = frozenset(), lookup: Lookup = system_lookup
    ) -> None:
        self._issuer = issuer
        self._sender = Sender(
            Policy(allow=(allowed(issuer),), own_ports=own_ports),
            lookup=lookup,
            total_s=LIMITS.issuer_s,
            answer_bytes_max=LIMITS.issuer_answer_bytes_max,
        )

    async def __aenter__(self) -> Self:
        """Make ready to ask."""
        await self._sender.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Close all connections."""
        await self._sender.__aexit__(*failure)

    async def keys(self) -> list[Key]:
        """Return the keys that the issuer signs with.

        Raises:
            NoKeys: It does not say them.
        """
        said = await self._json(await self._keys_url())
        listed = said.get("keys")
        if not isinstance(listed, list):
            raise NoKeys("it lists no keys")
        return [key for key in listed[: LIMITS.issuer_keys_max] if isinstance(key, dict)]

    async def _keys_url(self) -> str:
        why = NoKeys("it has no metadata")
        for url in metadata_urls(self._issuer):
            try:
                said = await self._json(url)
            except NoKeys as failure:
                why = failure
                continue
            if said.get("issuer") != self._issuer:
                raise NoKeys("its metadata is of another issuer")
            found = said.get("jwks_uri")
            try:
                check_url(found if isinstance(found, str) else "")
            except ValueError:
                raise NoKeys("its metadata does not say where its keys are") from None
            return str(found)
        raise why

    async def _json(self, url: str) -> dict[str, Any]:
        answer = await self._sender.get(url, _ACCEPT)
        if not answer.delivered:
            raise NoKeys(answer.detail or f"it answered with HTTP {answer.status}")
        try:
            said = json.loads(answer.excerpt)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise NoKeys("its answer is no JSON object, or too long")
        return said
