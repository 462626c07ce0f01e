"""Where outgoing requests may go: decided from numeric addresses, on every connection that is opened.

A name proves nothing, because who owns it can point it inside the network; so the answer of the resolver is judged, and
the judged address is the one that is connected to. IPv6 can carry an IPv4 address inside; it is judged by both.
"""

import re
import socket
import ssl
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from yarl import URL

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# What `is_global` (of all supported Pythons) takes for public, and is not.
_NOT_PUBLIC: Final[tuple[Network, ...]] = tuple(
    ip_network(text)
    for text in (
        "192.88.99.0/24",  # 6to4 relays
        "192.0.0.0/24",  # IETF protocol assignments
        "2001::/23",  # IETF protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)
_PUBLIC_V6: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_TEREDO: Final = IPv6Network("2001::/32")
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)  # the high half of the interface identifier

_HOST = r"(?:\*\.)?[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?"
_ENTRY: Final = re.compile(
    rf"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:/\d+)?)\]|(?P<host>{_HOST}(?:/\d+)?))(?::(?P<port>\d{{1,5}}))?"
)


class Refused(Exception):
    """This server does not connect there; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads.

    Attributes:
        host: As in the URL, lower case, without brackets.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Target":
        """Return where *url* leads, a URL that was checked when it came in."""
        parts = URL(url)  # the parser of the client that connects: two parsers could read two hosts
        assert parts.raw_host is not None
        assert parts.port is not None
        return cls(parts.scheme, parts.raw_host.lower(), parts.port)


@dataclass(frozen=True, slots=True)
class Allowed:
    """One entry of the operator's list: a network or a host name, on one port or on all.

    A name with `*.` in front lets callers without `admin` send to public addresses below that name; it makes no other
    address reachable, because who may add names there need not be the operator.
    """

    network: Network | None
    host: str | None
    port: int | None

    def names(self, target: Target) -> bool:
        """Whether the target's host is one that the entry speaks of, by its name."""
        if self.host is None or (self.port is not None and self.port != target.port):
            return False
        return target.host.endswith(self.host[1:]) if self.host.startswith("*.") else target.host == self.host

    @classmethod
    def parse(cls, text: str) -> "Allowed":
        """Return the entry that *text* spells.

        For example `10.0.0.0/8`, `10.1.2.3:9000`, `[fd00::/8]:443`, `hooks.lan:8080`, `*.example.com`.

        Raises:
            ValueError: It is none.
        """
        try:
            return cls(ip_network(text), None, None)
        except ValueError:
            pass
        found = _ENTRY.fullmatch(text)
        if found is None or not 0 < int(found["port"] or 1) < 65_536:
            raise ValueError(f"'{text}' is no network, address or host name with an optional :port")
        port = int(found["port"]) if found["port"] else None
        if found["v6"] or "/" in found["host"] or re.fullmatch(r"[\d.]+", found["host"]):
            return cls(ip_network(found["v6"] or found["host"]), None, port)
        return cls(None, found["host"].lower(), port)

    def covers(self, target: Target, address: Address | None) -> bool:
        """Whether a connection to *address* for *target* is one of those that the entry allows."""
        if self.port is not None and self.port != target.port:
            return False
        if self.host is not None:
            return self.host == target.host
        assert self.network is not None
        return address is not None and address.version == self.network.version and address in self.network


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The operator's rules for outgoing requests.

    Attributes:
        allow: What is allowed beyond public addresses, over http as well.
        allow_loopback: Whether receivers on this machine's loopback are allowed, for every caller.
        own_ports: The ports that this server listens on; never connected to on this machine.
        is_own: Whether an address is one of this machine.
        tls: What a receiver's certificate is checked by; None: what the system trusts.
    """

    allow: tuple[Allowed, ...] = ()
    allow_loopback: bool = False
    own_ports: AbstractSet[int] = frozenset()
    is_own: Callable[[Address], bool] = lambda address: address.is_loopback or is_bound_here(address)
    tls: ssl.SSLContext | None = None

    def check(self, target: Target, numeric: str) -> None:
        """Pass when a connection to the address *numeric* may be opened for *target*.

        Raises:
            Refused: It may not.
        """
        address = ip_address(numeric.partition("%")[0])
        inner = embedded(address)
        judged = (address,) if inner is None else (address, inner)
        if target.port in self.own_ports and any(one.is_unspecified or self.is_own(one) for one in judged):
            raise Refused("it is this server's own address, which is never called")
        if self._listed(target, inner if inner is not None and _is_mapped(address) else address):
            return
        if not is_public(address):
            raise Refused(f"{numeric} is not a public address, and the operator does not list it")
        if target.scheme != "https":
            raise Refused("http is only for addresses that the operator lists")

    def permits(self, url: str) -> bool:
        """Whether the operator lets callers without `admin` send to where *url* leads."""
        address = _meant(Target.of(url))
        return self.lists(url) or (self.allow_loopback and address is not None and address.is_loopback)

    def lists(self, url: str) -> bool:
        """Whether an entry of the operator's list speaks of where *url* leads."""
        target = Target.of(url)
        address = _meant(target)
        return any(entry.covers(target, address) or entry.names(target) for entry in self.allow)

    def objection(self, url: str) -> str | None:
        """Return why *url* can never be reached, as far as the URL alone tells, or None."""
        target = Target.of(url)
        if _literal(target.host) is None:
            return None
        try:
            self.check(target, target.host)
        except Refused as refused:
            return str(refused)
        return None

    def _listed(self, target: Target, address: Address | None) -> bool:
        if self.allow_loopback and address is not None and address.is_loopback:
            return True
        return any(entry.covers(target, address) for entry in self.allow)


def parse_allow(entries: Iterable[str]) -> tuple[Allowed, ...]:
    """Return the operator's list.

    Raises:
        ValueError: An entry is malformed.
    """
    return tuple(Allowed.parse(entry) for entry in entries)


def origin(url: str) -> str:
    """Return an address as others may see it: its path may hold a secret of the receiver."""
    return str(URL(url).origin())


def is_public(address: Address) -> bool:
    """Whether *address* belongs to the public internet, and so does every IPv4 address that it carries."""
    inner = embedded(address)
    if inner is not None and not is_public(inner):
        return False
    if isinstance(address, IPv6Address):
        if inner is not None and (_is_mapped(address) or address in _NAT64):
            return True  # the IPv4 address is where it leads
        if address not in _PUBLIC_V6 or address.scope_id is not None:
            return False
    if any(address in network for network in _NOT_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def embedded(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address carries inside, by any known way, or None."""
    if isinstance(address, IPv4Address):
        return None
    bits = int(address)
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _SIX_TO_FOUR:
        return IPv4Address((bits >> 80) & 0xFFFF_FFFF)
    if address in _TEREDO:
        return IPv4Address(~bits & 0xFFFF_FFFF)
    carried = address in _NAT64 or bits >> 32 == 0 or (bits >> 32) & 0xFFFF_FFFF in _ISATAP
    return IPv4Address(bits & 0xFFFF_FFFF) if carried and bits > 1 else None


def is_bound_here(address: Address) -> bool:
    """Whether *address* is one of this machine: only those can be bound. Sends nothing."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


def _is_mapped(address: Address) -> bool:
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None


def _meant(target: Target) -> Address | None:
    """Return the address that a URL names without asking anybody."""
    return IPv4Address("127.0.0.1") if target.host == "localhost" else _literal(target.host)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
