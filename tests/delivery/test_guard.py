"""Webhooks cannot reach inside: addresses by classification. Nothing here connects anywhere."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from workspace_server.delivery.guard import (
    Allowed,
    Policy,
    Refused,
    Target,
    embedded,
    is_bound_here,
    is_public,
    origin,
    parse_allow,
)

PUBLIC = [
    "93.184.216.34",
    "1.1.1.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
    "64:ff9b::101:101",  # NAT64 of 1.1.1.1
    "2002:101:101::1",  # 6to4 of 1.1.1.1
    "::ffff:1.1.1.1",
]
INSIDE = [
    "0.0.0.0",  # noqa: S104 - judged, not bound
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",  # IPv4-compatible
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::101:101",  # local NAT64
    "100::1",
    "2001::1",  # Teredo
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2606:4700::5efe:7f00:1",  # ISATAP of 127.0.0.1
    "2606:4700::200:5efe:a00:1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "0.1.2.3",  # this network
    "127.1.2.3",
    "169.254.0.1",
    "192.0.0.170",  # NAT64 discovery
    "198.19.255.255",  # benchmarks
    "::ffff:0:7f00:1",  # translated by SIIT
    "::ffff:0.0.0.0",
    "64:ff9b::a00:1",
    "2001:2::1",  # benchmarks
    "2002:c0a8:101::1",
    "2001:0:7f00:1::",
    "fe80::5efe:7f00:1",
    "fdff:ffff::1",
    "ff05::2",
    "ff0e::1",
]


@pytest.mark.parametrize("numeric", PUBLIC)
def test_a_public_address_is_public(numeric: str) -> None:
    assert is_public(ip_address(numeric))
    Policy().check(Target("https", "example.com", 443), numeric)


@pytest.mark.parametrize("numeric", INSIDE)
def test_an_address_inside_is_refused(numeric: str) -> None:
    assert not is_public(ip_address(numeric))
    with pytest.raises(Refused):
        Policy().check(Target("https", "example.com", 443), numeric)


@pytest.mark.parametrize(
    ("numeric", "inner"),
    [
        ("8.8.8.8", None),
        ("2606:4700::1", None),
        ("::", None),
        ("::1", None),
        ("::7f00:1", "127.0.0.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("64:ff9b::7f00:1", "127.0.0.1"),
        ("2002:7f00:1::", "127.0.0.1"),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", "127.0.0.1"),
        ("2606:4700::5efe:7f00:1", "127.0.0.1"),
    ],
)
def test_an_ipv4_address_inside_an_ipv6_address_is_found(numeric: str, inner: str | None) -> None:
    assert embedded(ip_address(numeric)) == (None if inner is None else ip_address(inner))


def test_http_is_only_for_addresses_that_the_operator_lists() -> None:
    target = Target("http", "example.com", 80)
    with pytest.raises(Refused, match="http"):
        Policy().check(target, "1.1.1.1")
    Policy(allow=parse_allow(["1.1.1.0/24:80"])).check(target, "1.1.1.1")
    with pytest.raises(Refused):
        Policy(allow=parse_allow(["1.1.1.0/24:8080"])).check(target, "1.1.1.1")


@pytest.mark.parametrize(
    ("entry", "numeric", "allowed"),
    [
        ("10.0.0.0/8", "10.9.9.9", True),
        ("10.0.0.0/8", "11.9.9.9", False),
        ("10.0.0.5:9000", "10.0.0.5", True),
        ("10.0.0.5:9001", "10.0.0.5", False),
        ("10.0.0.0/8", "::ffff:10.9.9.9", True),
        ("10.0.0.0/8", "64:ff9b::a09:909", False),
        ("[fd00::/8]:9000", "fd00::1", True),
        ("fd00::/8", "fd00::1", True),
        ("fd00::/8", "10.0.0.1", False),
        ("hooks.lan", "10.0.0.1", True),
        ("HOOKS.lan:9000", "10.0.0.1", True),
        ("other.lan", "10.0.0.1", False),
        ("*.lan", "10.0.0.1", False),
    ],
)
def test_the_operator_lists_networks_addresses_and_hosts(entry: str, numeric: str, allowed: bool) -> None:
    policy = Policy(allow=parse_allow([entry]))
    target = Target("http", "hooks.lan", 9000)
    if allowed:
        policy.check(target, numeric)
    else:
        with pytest.raises(Refused):
            policy.check(target, numeric)


@pytest.mark.parametrize(
    "entry", ["", "a b", "10.0.0.0/8:0", "10.0.0.0/8:99999", "[fd00::/8", "10.0.0.1/8", "1.2.3", "-x"]
)
def test_a_malformed_entry_is_refused(entry: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is ipaddress's or ours
        Allowed.parse(entry)


def test_loopback_is_allowed_by_its_own_setting() -> None:
    policy = Policy(allow_loopback=True)
    for numeric in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"):
        policy.check(Target("http", "localhost", 9000), numeric)
    for numeric in ("10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"):
        with pytest.raises(Refused):
            policy.check(Target("http", "localhost", 9000), numeric)


@pytest.mark.parametrize("numeric", ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1", *INSIDE[:1], "::"])
def test_the_servers_own_port_is_refused_whatever_is_listed(numeric: str) -> None:
    policy = Policy(
        allow=parse_allow(["0.0.0.0/0", "::/0", "me.lan"]), allow_loopback=True, own_ports=frozenset({8765})
    )
    with pytest.raises(Refused, match="own address"):
        policy.check(Target("http", "me.lan", 8765), numeric)


def test_the_servers_own_port_elsewhere_is_somebody_elses() -> None:
    policy = Policy(own_ports=frozenset({443}), is_own=lambda address: str(address) == "1.1.1.1")
    policy.check(Target("https", "example.com", 443), "8.8.8.8")
    with pytest.raises(Refused, match="own address"):
        policy.check(Target("https", "example.com", 443), "1.1.1.1")


@pytest.mark.parametrize(
    ("url", "permitted"),
    [
        ("http://localhost:9000/hook", True),
        ("http://127.0.0.1:9000/", True),
        ("http://[::1]:9000/", True),
        ("https://hooks.lan/", True),
        ("https://10.1.2.3/", True),
        ("https://example.com/", False),
        ("https://1.1.1.1/", False),
        ("https://127.0.0.1.example.com/", False),
        ("https://a.b.example.org:8443/", True),
        ("https://example.org:8443/", False),
        ("https://a.example.org/", False),
    ],
)
def test_a_caller_without_admin_may_send_only_where_the_operator_says(url: str, permitted: bool) -> None:
    policy = Policy(allow=parse_allow(["hooks.lan", "10.0.0.0/8", "*.example.org:8443"]), allow_loopback=True)
    assert policy.permits(url) is permitted
    assert not Policy().permits(url)


def test_that_loopback_is_allowed_puts_nobody_on_the_operators_list() -> None:
    policy = Policy(allow=parse_allow(["hooks.lan", "10.0.0.0/8", "*.example.org"]), allow_loopback=True)
    listed = ["https://hooks.lan/", "https://10.1.2.3/", "https://a.example.org/"]
    assert [url for url in listed if not policy.lists(url)] == []
    assert [
        url for url in ("https://127.0.0.1/", "https://localhost/", "https://example.com/") if policy.lists(url)
    ] == []


def test_a_url_that_names_an_address_inside_is_objected_to_at_once() -> None:
    assert Policy().objection("https://169.254.169.254/latest") is not None
    assert Policy().objection("http://1.1.1.1/") is not None
    assert Policy().objection("https://1.1.1.1/") is None
    assert Policy().objection("https://hooks.lan/") is None
    assert Policy(allow_loopback=True).objection("http://127.0.0.1:9000/") is None


def test_only_addresses_of_this_machine_can_be_its_own() -> None:
    assert is_bound_here(ip_address("127.0.0.1"))
    assert not is_bound_here(ip_address("192.0.2.1"))
    assert origin("https://hooks.example.com/T0/B1/secret?key=x") == "https://hooks.example.com"


# Every way in which an IPv6 address can carry an IPv4 one, and what carries nothing.
CARRIERS = {
    "plain": lambda inner: inner,
    "mapped": lambda inner: f"::ffff:{inner}",
    "compatible": lambda inner: f"::{inner}",
    "NAT64": lambda inner: str(IPv6Address(int(IPv6Address("64:ff9b::")) + int(IPv4Address(inner)))),
    "6to4": lambda inner: str(IPv6Address((0x2002 << 112) + (int(IPv4Address(inner)) << 80) + 1)),
    "Teredo": lambda inner: str(IPv6Address((0x20010000 << 96) + (int(IPv4Address(inner)) ^ 0xFFFF_FFFF))),
    "ISATAP": lambda inner: str(IPv6Address((0x2606_4700 << 96) + (0x5EFE << 32) + int(IPv4Address(inner)))),
}
REACHABLE = {"plain", "mapped", "NAT64", "6to4", "ISATAP"}
"""Carriers that lead out when what they carry does; the others never are a receiver's address."""


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("inner", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "0.0.0.0"])  # noqa: S104
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_carrier_brings_a_request_inside(scheme: str, inner: str, carrier: str) -> None:
    with pytest.raises(Refused):
        Policy().check(Target(scheme, "name.example", 443), CARRIERS[carrier](inner))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_carrier_of_a_public_address_leads_where_that_does(carrier: str) -> None:
    assert is_public(ip_address(CARRIERS[carrier]("1.1.1.1"))) is (carrier in REACHABLE)


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("loopback", [False, True])
@pytest.mark.parametrize("listed", [(), ("127.0.0.0/8",), ("127.0.0.0/8:9000",), ("0.0.0.0/0", "::/0")])
@pytest.mark.parametrize("own", [False, True])
def test_what_is_allowed_of_this_machine(own: bool, listed: tuple[str, ...], loopback: bool, carrier: str) -> None:
    policy = Policy(
        allow=parse_allow(listed), allow_loopback=loopback, own_ports=frozenset({9000}) if own else frozenset()
    )
    numeric = CARRIERS[carrier]("127.0.0.1")
    is_v4 = carrier in {"plain", "mapped"}
    allowed = not own and ((is_v4 and (loopback or bool(listed))) or "::/0" in listed)
    if allowed:
        policy.check(Target("http", "me.example", 9000), numeric)
    else:
        with pytest.raises(Refused):
            policy.check(Target("http", "me.example", 9000), numeric)


def test_a_zone_makes_no_address_public() -> None:
    for numeric in ("2606:4700::1111%eth0", "fe80::1%eth0", "::1%lo"):
        assert not is_public(ip_address(numeric))
