"""Whose connections are taken, and who a request comes from when a proxy passed it on."""

import pytest

from workspace_server.core.peers import HOPS_MAX, Peers, Said, is_loopback, one_caller
from workspace_server.errors import InvalidArgument

PEERS = Peers(["10.0.0.1", "10.1.0.0/16", "2001:db8:1::/48"])


def client(peer: str, *hops: str) -> str:
    return PEERS.said(peer, "http", {"for": hops}).client


def test_what_others_than_our_proxies_say_counts_for_nothing() -> None:
    forged = {"for": ["192.0.2.9"], "proto": ["https"], "host": ["files.example"]}
    assert PEERS.said("192.0.2.1", "http", forged) == Said(client="192.0.2.1", scheme="http")
    assert Peers().said("127.0.0.1", "http", forged) == Said(client="127.0.0.1", scheme="http")
    assert Peers(["::/0"]).said("192.0.2.1", "http", forged).client == "192.0.2.1"


def test_a_proxy_of_ours_says_who_asks_and_what_was_asked() -> None:
    passed_on = {"for": ["192.0.2.9"], "proto": ["HTTPS"], "host": ["files.example:8443"]}
    assert PEERS.said("10.0.0.1", "http", passed_on) == Said(
        client="192.0.2.9", scheme="https", host="files.example:8443"
    )
    assert PEERS.said("10.0.0.1", "http", {}) == Said(client="10.0.0.1", scheme="http")
    assert PEERS.said("10.0.0.1", "http", {"proto": ["gopher"]}).scheme == "http"


@pytest.mark.parametrize(
    ("hops", "found"),
    [
        (["192.0.2.9"], "192.0.2.9"),
        (["6.6.6.6, 192.0.2.9"], "192.0.2.9"),
        (["6.6.6.6", "192.0.2.9, 10.1.2.3"], "192.0.2.9"),
        (["10.1.2.3, 10.1.2.4"], "10.1.2.3"),
        (["6.6.6.6, nonsense"], "10.0.0.1"),
        (["6.6.6.6, nonsense, 10.1.2.3"], "10.1.2.3"),
        (["[2001:db8::7]"], "2001:db8::7"),
        (["::ffff:192.0.2.9"], "192.0.2.9"),
        ([""], "10.0.0.1"),
        (["192.0.2.9, " + "10.1.0.1, " * HOPS_MAX], "10.1.0.1"),
    ],
)
def test_the_client_is_the_nearest_that_no_proxy_of_ours_stands_for(hops: list[str], found: str) -> None:
    assert client("10.0.0.1", *hops) == found


def test_an_address_within_the_other_kind_is_the_same_one() -> None:
    assert client("::ffff:10.0.0.1", "192.0.2.9") == "192.0.2.9"
    assert client("2001:db8:1::5", "192.0.2.9") == "192.0.2.9"


def test_only_proxies_and_this_machine_connect_when_nothing_else_guards_what_is_said() -> None:
    strict = Peers(["10.0.0.1"], only_these=True)
    assert [strict.may_connect(one) for one in ("10.0.0.1", "127.0.0.1", "::1", "10.0.0.2")] == [True] * 3 + [False]
    assert PEERS.may_connect("10.0.0.2")


def test_this_machine_goes_by_several_names() -> None:
    assert all(map(is_loopback, ["localhost", "127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "192.0.2.1", "localhost.example", ""]))  # noqa: S104


def test_all_addresses_of_one_network_of_ipv6_are_one_caller() -> None:
    assert one_caller("2001:db8::1") == one_caller("2001:db8::ffff:2") != one_caller("2001:db8:0:1::1")
    assert one_caller("192.0.2.1") == "192.0.2.1"
    assert one_caller("::ffff:192.0.2.1") == "192.0.2.1"
    assert one_caller("testclient") == "testclient"


def test_a_proxy_is_named_by_an_address_or_a_network() -> None:
    for wrong in ("proxy.example", "10.0.0.0/99", "10.0.0.1/8", ""):
        with pytest.raises(InvalidArgument) as refusal:
            Peers([wrong])
        assert refusal.value.facts["argument"] == "trusted_proxies"
