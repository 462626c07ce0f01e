"""A server that other machines reach: what it asks for first, and that all doors speak TLS then."""

import asyncio
import json
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.authority import Authority
from tests.processes import run, serving
from workspace_server.app.binding import check_callers, check_way, peers_of
from workspace_server.app.listening import local_listener
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL
from workspace_server.errors import InvalidArgument
from workspace_server.services.engine import Engine

EVERYWHERE = "0.0.0.0"  # noqa: S104 - asked for, with TLS and a token


@dataclass(frozen=True, slots=True)
class Reached:
    """A server on every address of this machine, and what a client of another one would have."""

    folder: Path
    url: str
    local_url: str
    token: str
    trust: ssl.SSLContext

    def browser(self, **options: Any) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, verify=self.trust, **options)

    @property
    def bearing(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


async def _token(folder: Path) -> str:
    async with Engine.open(folder, settings=Settings()) as engine:
        made = await engine.tokens.create_token(Caller(agent="owner", scope=ALL), agent="ada")
    return str(made["token"])


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reached]:
    folder = tmp_path_factory.mktemp("reached")
    authority = Authority(tmp_path_factory.mktemp("authority"))
    key, certificate = authority.files()
    token = asyncio.run(_token(folder))
    flags = ("--host", EVERYWHERE, "--tls-cert", str(certificate), "--tls-key", str(key))
    with serving(folder, *flags, env={"WORKSPACE_SERVER_HOSTS": "files.example"}) as server:
        status = httpx2.get(f"{server.url}/api/v1/status", headers={"authorization": f"Bearer {token}"}).json()
        trust = ssl.create_default_context(cafile=str(authority.ca_file))
        yield Reached(folder, status["url"], server.url, token, trust)


def test_the_api_is_served_by_https_to_who_bears_a_token(reached: Reached) -> None:
    with reached.browser() as client:
        assert reached.url.startswith("https://")
        assert client.get("/api/v1/files").status_code == 401
        assert client.get("/api/v1/files", headers=reached.bearing).status_code == 200
        assert client.put("/api/v1/files/a.md", content=b"x" * 300_000, headers=reached.bearing).status_code == 201
        assert len(client.get("/api/v1/files/a.md", headers=reached.bearing).content) == 300_000


def test_the_command_line_is_told_how_to_trust_an_authority(reached: Reached) -> None:
    done = run("status", "--url", reached.url)
    assert (done.returncode, "SSL_CERT_FILE" in done.stderr) == (75, True)


@pytest.mark.anyio
@pytest.mark.blocking  # the client reads its trust store
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_mcp_is_served_by_https(reached: Reached, mode: str) -> None:
    async with (
        httpx2.AsyncClient(verify=reached.trust, headers=reached.bearing) as http,
        Client(streamable_http_client(f"{reached.url}/mcp", http_client=http), mode=mode) as client,
    ):
        written = await client.call_tool("write_file", {"path": f"{mode}.md", "content": "x"})
    content: Any = written.structured_content
    assert content["url"] == f"{reached.url}/files/{mode}.md"


def test_a_browser_logs_in_by_https_with_a_cookie_that_goes_nowhere_else(reached: Reached) -> None:
    with reached.browser(headers={"origin": reached.url}) as browser:
        form = re.search(r'name="token" value="([^"]+)"', browser.get("/login").text)
        assert form is not None
        entered = browser.post("/login", data={"token": form[1], "bearer": reached.token})
        assert entered.status_code == 303
        cookie = entered.headers["set-cookie"]
        assert cookie.startswith("__Host-")
        assert {"secure", "httponly", "path=/", "samesite=strict"} <= set(cookie.lower().split("; "))
        assert "domain" not in cookie.lower()
        assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": EVERYWHERE},
        {"host": "files.example.evil.example"},
        {"origin": "https://evil.example"},
        {"host": "files.example", "origin": "https://other.example"},
        {"x-forwarded-host": "evil.example", "host": "evil.example"},
    ],
)
def test_names_and_pages_are_checked_where_the_server_listens_everywhere(
    reached: Reached, headers: dict[str, str]
) -> None:
    with reached.browser() as client:
        assert client.get("/api/v1/files", headers=reached.bearing | headers).status_code == 403
        assert client.get("/api/v1/files", headers=reached.bearing | {"host": "files.example"}).status_code == 200


def test_what_others_forward_changes_nothing(reached: Reached) -> None:
    forged = {"x-forwarded-host": "evil.example", "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http"}
    with reached.browser() as client:
        assert client.get("/api/v1/files", headers=reached.bearing | forged).status_code == 200


def test_plain_text_is_not_understood_where_tls_is_spoken(reached: Reached) -> None:
    with pytest.raises(httpx2.TransportError):
        httpx2.get(reached.url.replace("https:", "http:") + "/healthz")


def test_programs_of_this_machine_reach_the_server_as_ever(reached: Reached) -> None:
    assert reached.local_url.startswith("http://127.0.0.1:")
    listed = run("status", "--dir", reached.folder, "--json")
    assert listed.returncode == 0, listed.stderr


def beyond(**settings: Any) -> Settings:
    return replace(Settings(host="192.0.2.1"), **settings)


def test_others_are_not_answered_in_plain_text_unless_it_is_asked_for() -> None:
    for host in (EVERYWHERE, "::", "192.0.2.1", "files.example"):
        with pytest.raises(InvalidArgument) as refusal:
            check_way(Settings(host=host))
        assert refusal.value.facts["reason"] == "plain text"
    check_way(beyond(allow_plain_text=True))
    check_way(beyond(trusted_proxies=("192.0.2.7",)))
    check_way(Settings(host="::1"))


def test_others_are_not_answered_while_nothing_asks_who_they_are() -> None:
    for reached in (beyond(allow_plain_text=True), Settings(trusted_proxies=("127.0.0.1",))):
        with pytest.raises(InvalidArgument) as refusal:
            check_callers(reached, asks=False)
        assert refusal.value.facts["reason"] == "no token"
    check_callers(beyond(), asks=True)
    check_callers(Settings(), asks=False)


def test_where_a_proxy_speaks_tls_nobody_else_connects() -> None:
    peers = peers_of(beyond(trusted_proxies=("192.0.2.7",)))
    assert peers.may_connect("192.0.2.7")
    assert peers.may_connect("127.0.0.1")
    assert not peers.may_connect("192.0.2.8")
    assert peers_of(beyond(trusted_proxies=("192.0.2.7",), allow_plain_text=True)).may_connect("192.0.2.8")


def test_tls_takes_a_certificate_and_the_key_that_belongs_to_it(tmp_path: Path) -> None:
    key, certificate = map(str, Authority(tmp_path).files())
    check_way(beyond(tls_certificate=certificate, tls_key=key))
    for pair in ({"tls_certificate": certificate}, {"tls_key": key}):
        with pytest.raises(InvalidArgument) as refusal:
            check_way(beyond(**pair))
        assert refusal.value.facts["reason"] == "is missing"
    locked = [f"-----{edge} ENCRYPTED PRIVATE KEY-----" for edge in ("BEGIN", "END")]
    (tmp_path / "locked.pem").write_text("AAAA\n".join(locked))
    for wrong in ("gone.pem", "authority.pem", "locked.pem"):
        with pytest.raises(InvalidArgument) as refusal:
            check_way(beyond(tls_certificate=certificate, tls_key=str(tmp_path / wrong)))
        assert refusal.value.facts["argument"] == "tls_certificate"


def test_this_machine_has_a_door_of_its_own_where_the_other_one_is_not_for_it() -> None:
    with local_listener(Settings()) as none, local_listener(beyond()) as one:
        assert none is None
        assert one is not None
        assert one.getsockname()[0] == "127.0.0.1"


def test_without_a_token_others_are_refused_with_plain_text_allowed_as_well(folder: Path) -> None:
    ended = run("serve", folder, "--port", "0", "--host", EVERYWHERE, "--allow-plain-text")
    assert ended.returncode == 2
    assert "who they are" in ended.stderr


def test_the_first_token_is_made_by_an_owner_that_lets_in_nobody_else(folder: Path) -> None:
    (folder / ".workspace").mkdir(parents=True)
    (folder / ".workspace" / "config.toml").write_text('trusted_proxies = ["127.0.0.1"]\n')
    refused = run("serve", folder, "--port", "0")
    assert (refused.returncode, "token create" in refused.stderr) == (2, True)
    try:
        assert run("token", "list", "--dir", folder).stdout == "no tokens\n"
        [url] = [
            one["url"] for one in json.loads(run("list", "--json").stdout)["servers"] if one["folder"] == str(folder)
        ]
        assert httpx2.get(f"{url}/api/v1/files").status_code == 401
        token = run("token", "create", "--agent", "ada", "--dir", folder).stdout.strip()
        assert httpx2.get(f"{url}/api/v1/files", headers={"authorization": f"Bearer {token}"}).status_code == 200
    finally:
        run("stop", "--dir", folder)
