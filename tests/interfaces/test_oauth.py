"""Access tokens of an authorization server at every door that HTTP leads to, with a small issuer on loopback."""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from tests.interfaces.listening import ADMIN_KEY, Listening, listening
from tests.issuer import Issuer, by_hand, ec_key, issuing, public, rsa_key
from workspace_server.app.logs import TextLines
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.rates import Rates
from workspace_server.core.scopes import ALL
from workspace_server.errors import InvalidArgument, Unauthenticated

pytestmark = pytest.mark.anyio
OWNER = Caller(agent="boss", scope=ALL)
GRANTS = {
    "editors": {"scope": "docs.edit", "allow": ["read,write:docs/**"]},
    "staff": {"group": "staff", "allow": ["read:staff/**"]},
}


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace whose callers an issuer vouches for."""

    issuer: Issuer
    served: Listening
    client: httpx2.AsyncClient
    clock: ManualClock

    def claims(self, **other: Any) -> dict[str, Any]:
        now_s = int(self.clock.wall_s())
        good = {
            "iss": self.issuer.name,
            "aud": f"{self.served.url}/mcp",
            "sub": "ann",
            "client_id": "editor-app",
            "iat": now_s,
            "exp": now_s + 3_600,
            "scope": "openid workspace:read,write:docs/**",
        }
        return {name: value for name, value in (good | other).items() if value is not None}

    def token(self, **other: Any) -> str:
        return self.issuer.sign(self.claims(**other))

    async def ask(self, token: str, path: str = "docs/a.md") -> httpx2.Response:
        headers = {b"authorization": f"Bearer {token}".encode()}
        return await self.client.get(f"/api/v1/files/{path}", headers=headers)

    async def why_not(self, token: str) -> str:
        """Return in what words a token is refused."""
        answer = await self.ask(token)
        assert answer.status_code == 401, answer.text
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        said: str = answer.json()["error"]["message"]
        return said


@asynccontextmanager
async def place(folder: Path, path: str = "", **settings: object) -> AsyncIterator[Place]:
    clock = ManualClock()
    async with (
        issuing(path) as issuer,
        listening(folder, clock, oauth_issuer=issuer.name, oauth_grants=GRANTS, **settings) as served,
        httpx2.AsyncClient(base_url=served.url) as client,
    ):
        for file in ("docs/a.md", "staff/a.md"):
            await served.engine.files.write_file(OWNER, path=file, content="x")
        yield Place(issuer, served, client, clock)


async def test_a_token_says_who_calls_and_what_for(folder: Path) -> None:
    async with place(folder, "/realms/work") as at:
        assert (await at.ask(at.token())).status_code == 200
        assert (await at.ask(at.token(), "staff/a.md")).status_code == 403
        headers = {"authorization": f"Bearer {at.token()}", "if-match": '"1"'}
        assert (await at.client.put("/api/v1/files/docs/a.md", content="y", headers=headers)).status_code == 200
        named = {"authorization": f"Bearer {at.token()}", "x-agent": "ann/second", "if-match": '"2"'}
        assert (await at.client.put("/api/v1/files/docs/a.md", content="z", headers=named)).status_code == 200
        history = await at.served.engine.files.file_history(OWNER, path="docs/a.md")
        assert [one["by"] for one in history["versions"]][:2] == ["ann/second", "ann"]
        other = {"authorization": f"Bearer {at.token()}", "x-agent": "bob/desk"}
        assert (await at.client.get("/api/v1/files/docs/a.md", headers=other)).status_code == 403
        # What clients of an issuer may do follows from the operator's table as well; tokens of ours go on beside it.
        assert (await at.ask(at.token(scope="docs.edit"))).status_code == 200
        assert (await at.ask(at.token(scope=None, groups=["staff"]), "staff/a.md")).status_code == 200
        made = await at.served.engine.tokens.create_token(OWNER, agent="own", allow=["read:docs/**"])
        assert (await at.ask(made["token"])).status_code == 200
        assert at.issuer.asked == 1


async def test_who_bears_nothing_is_told_where_tokens_are_made(folder: Path) -> None:
    async with place(folder) as at:
        for path in ("/mcp", "/api/v1/files"):
            answer = await at.client.post(path, json={})
            assert answer.status_code == 401
            said = answer.headers["www-authenticate"]
            metadata = f"{at.served.url}/.well-known/oauth-protected-resource/mcp"
            scope = "workspace:read,write,lock,search,trigger,jobs:**"
            assert said == f'Bearer realm="workspace", scope="{scope}", resource_metadata="{metadata}"'
        for path in ("", "/mcp"):
            told = (await at.client.get(f"/.well-known/oauth-protected-resource{path}")).json()
            assert told["resource"] == f"{at.served.url}/mcp"
            assert told["authorization_servers"] == [at.issuer.name]
            assert told["scopes_supported"] == [scope]


async def test_without_an_issuer_nobody_is_told_of_one(folder: Path) -> None:
    async with listening(folder) as served, httpx2.AsyncClient(base_url=served.url) as client:
        assert (await client.get("/.well-known/oauth-protected-resource")).status_code == 404


async def test_a_scope_that_is_too_small_says_which_would_do(folder: Path) -> None:
    async with place(folder) as at:
        outside = await at.ask(at.token(), "staff/a.md")
        assert outside.status_code == 403
        assert 'error="insufficient_scope", scope="workspace:read:staff/a.md"' in outside.headers["www-authenticate"]
        verb = await at.client.request(
            "DELETE",
            "/api/v1/files/docs/a.md",
            headers={"authorization": f"Bearer {at.token(scope='workspace:read:**')}"},
        )
        assert 'scope="workspace:write:docs/a.md"' in verb.headers["www-authenticate"]
        spaced = await at.ask(at.token(), "two words.md")
        assert "scope=" not in spaced.headers["www-authenticate"].replace("insufficient_scope", "")
        for scope in ("openid", "workspace:fly:**", "workspace:read", None):
            nothing = await at.client.post(
                "/mcp", json={}, headers={"authorization": f"Bearer {at.token(scope=scope)}"}
            )
            assert nothing.status_code == 403
            assert 'error="insufficient_scope", scope="workspace:read,write' in nothing.headers["www-authenticate"]
            assert "resource_metadata=" in nothing.headers["www-authenticate"]


async def test_what_is_not_signed_by_the_issuer_for_us_and_now_proves_nothing(folder: Path) -> None:
    async with place(folder) as at:
        assert (await at.ask(at.token())).status_code == 200
        at.served.engine.tokens._misses = Rates(each=1_000, total=1_000, now_s=at.clock.boot_s())
        now_s = int(at.clock.wall_s())
        cases: dict[str, tuple[dict[str, Any], str]] = {
            "audience": ({"aud": f"{at.served.url}/other"}, "audience"),
            "no audience": ({"aud": None}, "no claim aud"),
            "issuer": ({"iss": "https://other.example"}, "another issuer"),
            "no issuer": ({"iss": None}, "no claim iss"),
            "expired": ({"exp": now_s - LIMITS.leeway_s}, "expired"),
            "no end": ({"exp": None}, "no claim exp"),
            "no time": ({"exp": "soon"}, "no time"),
            "not yet": ({"nbf": now_s + LIMITS.leeway_s + 1}, "not valid yet"),
            "from the future": ({"iat": now_s + LIMITS.leeway_s + 1}, "not valid yet"),
            "nobody": ({"sub": None}, "names nobody"),
        }
        for other, why in cases.values():
            assert why in await at.why_not(at.token(**other))
        for near in (
            {"exp": now_s - LIMITS.leeway_s + 1},
            {"nbf": now_s + LIMITS.leeway_s},
            {"aud": ["x", at.claims()["aud"]]},
        ):
            assert (await at.ask(at.token(**near))).status_code == 200

        claims = at.claims()
        header = {"typ": "at+jwt", "kid": "one"}
        assert "algorithm" in await at.why_not(by_hand({**header, "alg": "none"}, claims))
        pem = rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        unsigned = by_hand({**header, "alg": "HS256"}, claims).rstrip(".")
        mac = hmac.new(pem, unsigned.encode(), hashlib.sha256).digest()
        forged = by_hand({**header, "alg": "HS256"}, claims, mac)
        assert "algorithm" in await at.why_not(forged)
        assert "signature" in await at.why_not(by_hand({**header, "alg": "RS256"}, claims, b"x" * 256))
        assert "signature" in await at.why_not(jwt.encode(claims, rsa_key(2), "RS256", header))
        assert "by its type" in await at.why_not(at.issuer.sign(claims, typ="JWT"))
        deep = base64.urlsafe_b64encode(b"[" * 9_000).decode()
        for odd in ("x", "a.b.c", "wst_x", "é.é.é", "x" * 20_000, f"{deep}.e30.e30"):
            assert "unknown" in await at.why_not(odd)
        algorithms: list[Any] = [[], {}, 7, "ES256"]
        for alg in algorithms:
            assert await at.why_not(by_hand({**header, "alg": alg}, claims))
        assert (await at.ask(at.token(jti="good"))).status_code == 200


async def test_who_guesses_at_one_address_keeps_no_client_of_the_issuer_waiting_at_another(folder: Path) -> None:
    async with place(folder) as at:
        assert (await at.ask(at.token())).status_code == 200
        issuer = at.served.engine.issuer
        assert issuer is not None
        wrong = at.token(aud="other")
        for _ in range(LIMITS.token_misses_per_second):
            assert (await at.ask(wrong)).status_code == 401
        limited = await at.ask(wrong)
        assert (limited.status_code, limited.headers["retry-after"]) == (429, "1")
        with pytest.raises(Unauthenticated):
            issuer.bearer(wrong, address="192.0.2.1")
        assert (await at.ask(at.token(jti="good"))).status_code == 200


@pytest.mark.blocking  # it reads the folder beside the server
async def test_a_token_of_the_issuer_is_written_down_nowhere(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "workspace_server"):
        async with place(folder) as at:
            tokens = [at.token(), at.token(aud="other"), at.token(exp="soon")]
            said = [(await at.ask(token)).text for token in tokens[1:]]
            headers = {"authorization": f"Bearer {tokens[0]}", "if-match": '"1"', "idempotency-key": "once"}
            assert (await at.client.put("/api/v1/files/docs/a.md", content="y", headers=headers)).status_code == 200
            said.append((await at.client.get("/metrics", headers={"X-Admin-Key": ADMIN_KEY})).text)
    records = [TextLines().format(record) for record in caplog.records if record.name.startswith("workspace_server")]
    kept = [file.read_bytes().decode("latin-1") for file in folder.rglob("*") if file.is_file()]
    assert any("put_content" in record for record in records)
    assert any("docs/a.md" in one for one in kept)
    for token in tokens:
        for part in (token, token.rpartition(".")[2]):
            assert not [one for one in (*records, *kept, *said) if part in one]


async def test_types_that_say_nothing_count_where_the_operator_says_so(folder: Path) -> None:
    async with place(folder, oauth_plain_jwt=True, oauth_audience="workspace", oauth_agent_claim="client_id") as at:
        token = at.issuer.sign(at.claims(aud="workspace"), typ="JWT")
        assert (await at.ask(token)).status_code == 200
        assert "by its type" in await at.why_not(at.issuer.sign(at.claims(aud="workspace"), typ="secevent+jwt"))
        assert at.served.engine.tokens.standing("editor-app").may("read")
        assert not at.served.engine.tokens.standing("ann").may("read")


async def test_keys_are_asked_for_again_when_one_is_unknown_but_not_at_everybodys_wish(folder: Path) -> None:
    async with place(folder) as at:
        old = at.token()
        assert (await at.ask(old)).status_code == 200
        at.issuer.keys = [public(ec_key(), "two", "ES256"), {"kty": "odd"}, "odd"]
        at.issuer.signs_with = (ec_key(), "two", "ES256")
        new = at.token()
        assert "no such key" in await at.why_not(new)
        at.clock.advance(LIMITS.issuer_asked_every_s)
        assert (await at.ask(new)).status_code == 200
        assert at.issuer.asked == 2
        assert "no such key" in await at.why_not(old)  # the key that had signed it is gone
        at.issuer.signs_with = (ec_key(), None, "ES256")
        assert (await at.ask(at.token())).status_code == 200  # where there is one key, nobody has to name it
        assert at.issuer.asked == 2


async def test_a_token_that_was_good_ends_with_its_key(folder: Path) -> None:
    async with place(folder) as at:
        old = at.token(exp=int(at.clock.wall_s()) + 2 * LIMITS.issuer_keys_fresh_s)
        assert (await at.ask(old)).status_code == 200
        at.issuer.keys = [public(ec_key(), "two", "ES256")]
        assert (await at.ask(old)).status_code == 200  # nobody has asked for the keys since
        at.clock.advance(LIMITS.issuer_keys_fresh_s)
        assert "no such key" in await at.why_not(old)


async def test_an_issuer_that_is_down_takes_nothing_away_for_a_day(folder: Path) -> None:
    async with place(folder) as at:
        at.issuer.is_down = True
        first = await at.ask(at.token())
        assert (first.status_code, first.json()["error"]["code"]) == (503, "unavailable")
        at.issuer.is_down = False
        at.clock.advance(LIMITS.issuer_asked_every_s)
        assert (await at.ask(at.token())).status_code == 200
        at.issuer.is_down = True
        at.clock.advance(LIMITS.issuer_keys_fresh_s)
        assert (await at.ask(at.token(jti="later"))).status_code == 200
        at.clock.advance(LIMITS.issuer_keys_kept_s)
        assert (await at.ask(at.token(jti="a day later"))).status_code == 503
        at.issuer.is_down = False
        for wrong in ({"issuer": "https://other.example"}, {"jwks_uri": None}, {"jwks_uri": "http://192.0.2.1/jwks"}):
            at.issuer.metadata = wrong
            at.clock.advance(LIMITS.issuer_asked_every_s)
            assert (await at.ask(at.token(jti="wrong"))).status_code == 503
        at.issuer.metadata = {}
        for keys in ("none", ["x" * LIMITS.issuer_answer_bytes_max]):
            at.issuer.keys = keys
            at.clock.advance(LIMITS.issuer_asked_every_s)
            assert (await at.ask(at.token(jti="wrong"))).status_code == 503


async def test_what_is_open_ends_with_the_token(folder: Path) -> None:
    async with place(folder) as at:
        tokens = at.served.engine.tokens
        assert (await at.ask(at.token())).status_code == 200
        assert tokens.standing("ann/first").sees("docs/a.md")
        at.clock.advance(3_600 + LIMITS.leeway_s)
        assert not tokens.standing("ann/first").sees("docs/a.md")
        assert "expired" in await at.why_not(at.token(exp=int(at.clock.wall_s()) - LIMITS.leeway_s))


@pytest.mark.parametrize("issuer", ["login.example", "http://login.example", "https://a:b@login.example"])
async def test_an_issuer_that_cannot_be_believed_is_refused_at_the_start(folder: Path, issuer: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        async with listening(folder, oauth_issuer=issuer):
            pass
    assert refusal.value.facts["argument"] == "oauth.issuer"


class Kept:
    """What a client of OAuth has been given."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_an_mcp_client_finds_the_issuer_by_itself(folder: Path, era: Any) -> None:
    async with place(folder, "/realms/work") as at:
        came: list[httpx2.URL] = []

        async def lead(url: str) -> None:
            async with httpx2.AsyncClient() as browser:
                came.append(httpx2.URL((await browser.get(url)).headers["location"]))

        async def answer() -> AuthorizationCodeResult:
            query = parse_qs(urlsplit(str(came[-1])).query)
            return AuthorizationCodeResult(code=query["code"][0], state=query["state"][0])

        kept = Kept()
        metadata = OAuthClientMetadata(client_name="test", redirect_uris=["http://127.0.0.1:1/back"])  # type: ignore[list-item]
        auth = OAuthClientProvider(f"{at.served.url}/mcp", metadata, kept, lead, answer)
        async with (
            httpx2.AsyncClient(auth=auth) as http,
            Client(streamable_http_client(f"{at.served.url}/mcp?agent=ann/desk", http_client=http), mode=era) as client,
        ):
            result = await client.call_tool("write_file", {"path": "docs/new.md", "content": "by OAuth"})
            assert not result.is_error, result
        versions = await at.served.engine.files.read_file(OWNER, path="docs/new.md")
        assert kept.tokens is not None
        assert json.dumps(versions, default=str).count("ann/desk") == 1
        assert len(at.issuer.registered) == 1
