"""Logging in: a browser stands for a token for as long as that one proves something."""

import html
import re
from dataclasses import replace
from urllib.parse import urlencode

import httpx2
import pytest
from starlette.requests import HTTPConnection
from starlette.responses import Response

from tests.interfaces.listening import ADMIN_KEY, Listening
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL
from workspace_server.interfaces import logins as logins_module
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.logins import Logins

pytestmark = pytest.mark.anyio
OWNER = Caller(agent="owner", scope=ALL)
PAGE = {"accept": "text/html"}


def form_token(page: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


async def login(
    served: Listening, browsing: httpx2.AsyncClient, token: str, *, page: str = "/login"
) -> httpx2.Response:
    shown = await browsing.get(page, headers=PAGE)
    assert shown.status_code == 200
    assert "atlas" not in shown.text
    then = re.search(r'name="then" value="([^"]*)"', shown.text)
    assert then is not None
    fields = {"token": form_token(shown.text), "bearer": token, "then": html.unescape(then[1])}
    return await browsing.post("/login", data=fields, headers={"origin": served.url})


async def test_a_browser_logs_in_with_a_token_and_revocation_ends_it(
    served: Listening, reader: httpx2.AsyncClient
) -> None:
    assert (await reader.get("/", headers=PAGE)).status_code == 200
    made = await served.engine.tokens.create_token(OWNER, agent="ann")
    sent = await reader.get("/", headers=PAGE)
    assert (sent.status_code, sent.headers["location"]) == (303, "/login")

    answer = await login(served, reader, made["token"])
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Domain" not in cookie
    assert made["token"] not in cookie
    assert (await reader.get("/", headers=PAGE)).status_code == 200

    await served.engine.tokens.revoke_token(OWNER, token=made["id"])
    assert (await reader.get("/", headers=PAGE)).status_code == 303


async def test_who_has_logged_in_is_where_it_wanted_to_be(served: Listening, reader: httpx2.AsyncClient) -> None:
    made = await served.engine.tokens.create_token(OWNER, agent="ann")
    asked = "/files/docs/a%20b.md?tab=history&line=3"
    sent = (await reader.get(asked, headers=PAGE)).headers["location"]
    refused = await login(served, reader, "wst_0123456789ab_" + "a" * 43, page=sent)
    assert html.escape(asked) in refused.text
    assert (await login(served, reader, made["token"], page=sent)).headers["location"] == asked


@pytest.mark.parametrize(
    "then",
    [
        *("//evil.example", "/\\evil.example", "https://evil.example/", "evil.example", "javascript:alert(1)", ""),
        *("/\t/evil.example", "/a\r\nset-cookie: x=y", "\n//evil.example", "/a b", "/ä", "\\\\evil.example"),
    ],
)
async def test_a_link_to_the_login_page_leads_to_no_other_server(
    served: Listening, reader: httpx2.AsyncClient, then: str
) -> None:
    made = await served.engine.tokens.create_token(OWNER, agent="ann")
    answer = await login(served, reader, made["token"], page=f"/login?{urlencode({'then': then})}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    token = form_token((await reader.get("/login", headers=PAGE)).text)
    fields = {"token": token, "bearer": made["token"], "then": then}
    answer = await reader.post("/login", data=fields, headers={"origin": served.url})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_what_is_no_token_logs_nobody_in(served: Listening, reader: httpx2.AsyncClient) -> None:
    assert (await login(served, reader, "")).status_code == 401
    await served.engine.tokens.create_token(OWNER, agent="ann")
    refused = await login(served, reader, "wst_0123456789ab_" + "a" * 43)
    assert refused.status_code == 401
    assert 'role="alert"' in refused.text
    assert not reader.cookies


def test_where_browsers_come_by_https_the_cookie_is_bound_to_the_host() -> None:
    logins = Guard(public_url="https://atlas.example", admin_key="k").logins
    answer = Response()
    logins.begin(answer, "0123456789ab")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-workspace-login-")
    assert all(part in cookie for part in ("Secure", "Path=/", "HttpOnly", "SameSite=strict"))


def test_so_many_browsers_are_logged_in_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    logins = Logins(secure=False, key=None)
    monkeypatch.setattr(logins_module, "LIMITS", replace(LIMITS, logins_max=1))
    first, second = Response(), Response()
    logins.begin(first, "first")
    logins.begin(second, "second")

    def token_of(answer: Response) -> str | None:
        cookie = answer.headers["set-cookie"].partition(";")[0].encode()
        return logins.token_of(HTTPConnection({"type": "http", "method": "GET", "headers": [(b"cookie", cookie)]}))

    assert (token_of(first), token_of(second)) == (None, "second")


async def test_a_form_that_is_not_ours_logs_nobody_in_or_out(served: Listening, reader: httpx2.AsyncClient) -> None:
    made = await served.engine.tokens.create_token(OWNER, agent="ann")
    origin = {"origin": served.url}
    fields = {"token": "0" * 64, "bearer": made["token"]}
    assert (await reader.post("/login", data=fields, headers=origin)).status_code == 403
    await login(served, reader, made["token"])
    assert (await reader.post("/logout", data={"token": "0" * 64}, headers=origin)).status_code == 403
    assert (await reader.get("/", headers=PAGE)).status_code == 200
    assert (await reader.post("/logout", data={"token": "0" * 64})).status_code == 401


async def test_a_browser_logs_out(served: Listening, reader: httpx2.AsyncClient) -> None:
    made = await served.engine.tokens.create_token(OWNER, agent="ann")
    await login(served, reader, made["token"])
    page = await reader.get("/agents", headers=PAGE)
    left = await reader.post("/logout", data={"token": form_token(page.text)}, headers={"origin": served.url})
    assert (left.status_code, left.headers["location"]) == (303, "/login")
    assert (await reader.get("/", headers=PAGE)).status_code == 303


async def test_programs_are_told_what_to_send_and_signs_of_life_go_on(
    served: Listening, reader: httpx2.AsyncClient
) -> None:
    made = await served.engine.tokens.create_token(OWNER, agent="ann")
    for path in ("/", "/api/v1/locks", "/mcp", "/metrics", "/readyz", "/nothing"):
        refused = await reader.get(path)
        assert refused.status_code == 401, path
        assert refused.json()["error"]["code"] == "unauthenticated"
        assert refused.headers["www-authenticate"] == 'Bearer realm="workspace"'
    wrong = await reader.get("/api/v1/locks", headers={"authorization": f"Bearer {made['token']}x"})
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]
    for scheme in ("Basic YTpi", "Bearer"):
        assert (await reader.get("/api/v1/locks", headers={"authorization": scheme})).status_code == 401
    for proof in ({"authorization": f"Bearer {made['token']}"}, {"x-admin-key": ADMIN_KEY}):
        assert (await reader.get("/api/v1/locks", headers=proof)).status_code == 200
    for path in ("/healthz", "/login"):
        assert (await reader.get(path)).status_code == 200
    assert (await reader.get("/s/" + "a" * 32)).status_code == 404
