"""Whose connections are taken, and for whom one speaks: proxies, which pass on what others say, and everybody else.

Headers such as `X-Forwarded-For` are words that anybody can write. They count when a proxy that the settings name sent
the request, and no further back than to the first address that no such proxy vouches for.
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workspace_server.errors import InvalidArgument

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
SCHEMES = frozenset({"http", "https"})
HOPS_MAX = 32
"""How many addresses of one request are looked at, from the nearest on."""
PREFIX_OF_ONE = 64
"""Whoever has one address of IPv6 has all that share so many bits with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a request says of where it comes from and where it was sent to.

    Attributes:
        client: The address of who sent it.
        scheme: What it was sent by, `http` or `https`.
        host: The name and port that it was sent to; None when only `Host` says so.
    """

    client: str
    scheme: str
    host: str | None = None


class Peers:
    """The other ends of connections.

    Args:
        proxies: Addresses and networks of proxies that are believed.
        only_these: Whether nobody beyond this machine may connect but those proxies.
    """

    def __init__(self, proxies: Iterable[str] = (), *, only_these: bool = False) -> None:
        self._networks = tuple(_network(one) for one in proxies)
        self._only_these = only_these

    def is_proxy(self, peer: str) -> bool:
        """Return whether *peer* is believed in what it says of others."""
        address = _address(peer)
        return address is not None and any(
            address.version == network.version and address in network for network in self._networks
        )

    def may_connect(self, peer: str) -> bool:
        """Return whether anything that *peer* says is listened to."""
        return not self._only_these or is_loopback(peer) or self.is_proxy(peer)

    def said(self, peer: str, scheme: str, forwarded: Mapping[str, Sequence[str]]) -> Said:
        """Return where a request comes from.

        Args:
            peer: The other end of its connection.
            scheme: How it came over that.
            forwarded: The values of `for`, `proto` and `host`, as they stand in its `X-Forwarded-` headers.
        """
        if not self.is_proxy(peer):
            return Said(client=peer, scheme=scheme)
        protos, hosts = _parts(forwarded.get("proto", ())), _parts(forwarded.get("host", ()))
        return Said(
            client=self._client(peer, _parts(forwarded.get("for", ()))),
            scheme=protos[-1].lower() if protos and protos[-1].lower() in SCHEMES else scheme,
            host=hosts[-1] if hosts else None,
        )

    def _client(self, peer: str, hops: Sequence[str]) -> str:
        """Return the first address that no proxy of ours stands behind, from the nearest on."""
        nearest = peer
        for hop in reversed(hops[-HOPS_MAX:]):
            address = _address(hop)
            if address is None:
                break
            nearest = str(address)
            if not self.is_proxy(nearest):
                break
        return nearest


def is_loopback(peer: str) -> bool:
    """Return whether an address, or the name `localhost`, is of this machine alone."""
    address = _address(peer)
    return peer == "localhost" if address is None else address.is_loopback


def one_caller(peer: str) -> str:
    """Return what stands for all addresses that whoever has this one may have as well."""
    address = _address(peer)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, PREFIX_OF_ONE), strict=False))
    return peer if address is None else str(address)


def _parts(values: Sequence[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise InvalidArgument(
            f"The setting trusted_proxies must hold addresses and networks, not {text!r}.",
            hint="Write 10.0.0.5, or 10.0.0.0/24.",
            argument="trusted_proxies",
            reason=str(error),
        ) from None
