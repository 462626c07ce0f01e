"""Secrets never leave: what proves who somebody is shows in nothing that the server says, keeps or counts.

Each is planted at every door, in requests that go well and in ones that do not; then everything that can be read is
searched for it. Only what has to sign with a secret keeps it: the row of its trigger, in a file of mode 0600.
"""

import base64
import io
import logging
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import apsw
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.interfaces.listening import ADMIN_KEY, Listening, listening
from workspace_server.app.logs import OURS, JsonLines, TextLines
from workspace_server.core.spans import Span
from workspace_server.storage.database import connect
from workspace_server.storage.upkeep.archive import backup

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]  # it reads the folder beside the server

WEBHOOK = "whsec_" + base64.b64encode(b"the-secret-of-a-webhook-of-theirs").decode()
ATTENTION = "whsec_" + base64.b64encode(b"the-secret-of-attention-of-ours-!").decode()
MODELS = "sk-planted-key-of-the-models-server"
USERINFO = "planted-password-in-an-address"
BEARER = f"wst_{'ab' * 6}_{'planted-token-that-is-none-'.ljust(43, 'x')}"
FOREIGN = "eyJhbGciOiJub25lIn0.cGxhbnRlZC1vYXV0aC10b2tlbg.cGxhbnRlZC1zaWduYXR1cmU"
COOKIE = "planted-value-of-a-cookie"
WRONG_KEY = "planted-admin-key-that-is-wrong"
HEADER = "planted-secret-in-a-header-of-theirs"


SPEAKERS = (*OURS, "uvicorn", "uvicorn.error", "uvicorn.access", "mcp.server", "starlette", "sse_starlette")
"""Who may speak in the server's process in detail; the clients of this test do so in another one, in life."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """All cases share a server, and so its event loop."""
    return "asyncio"


class Said:
    """Everything that was said while secrets were planted, by where it can be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = io.StringIO()
        self.places: dict[str, str] = {}
        self.secrets: dict[str, str] = {
            "webhook secret": WEBHOOK,
            "attention secret": ATTENTION,
            "key of the models": MODELS,
            "password in an address": USERINFO,
            "wrong token": BEARER,
            "token of another issuer": FOREIGN,
            "wrong cookie": COOKIE,
            "admin key": ADMIN_KEY,
            "wrong admin key": WRONG_KEY,
            "header of theirs": HEADER,
        }

    def leaks(self, places: Mapping[str, str], *, signing: bool = False) -> list[tuple[str, str]]:
        """Return which secret stands where.

        Args:
            places: What can be read, by where.
            signing: Whether what the server signs with may stand there.
        """
        allowed = {"webhook secret", "secret that was made"} if signing else set()
        return [
            (name, where)
            for where, text in places.items()
            for name, secret in self.secrets.items()
            if secret in text and name not in allowed
        ]


def headers(said: Mapping[str, str]) -> dict[str, str]:
    return {"X-Header-Of-Theirs": HEADER, **said}


PROOFS: tuple[dict[str, str], ...] = (
    {},
    {"X-Admin-Key": WRONG_KEY},
    {"Authorization": f"Bearer {BEARER}"},
    {"Authorization": f"Bearer {FOREIGN}"},
    {"Authorization": f"Basic {base64.b64encode(USERINFO.encode()).decode()}"},
    {"Cookie": f"workspace-login-00000000={COOKIE}; workspace-admin-00000000={COOKIE}"},
)
ADDRESSES = (
    ("GET", "/api/v1/files"),
    ("GET", "/api/v1/files/none.md"),
    ("PUT", "/api/v1/files/put.md?overwrite=true"),
    ("POST", "/api/v1/locks"),
    ("GET", "/"),
    ("GET", "/none"),
    ("POST", "/mcp"),
    ("POST", "/admission"),
    ("POST", "/login"),
    ("GET", "/metrics"),
)


@pytest.fixture(scope="module")
async def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    folder = tmp_path_factory.mktemp("secrets")
    said = Said(folder)
    told: list[Span] = []
    root = logging.getLogger()
    before = {name: logging.getLogger(name).level for name in SPEAKERS}
    handlers = [logging.StreamHandler(said.log), logging.StreamHandler(said.log)]
    handlers[0].setFormatter(JsonLines())
    handlers[1].setFormatter(TextLines())
    for handler in handlers:
        root.addHandler(handler)
    for name in SPEAKERS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        settings: dict[str, Any] = {
            "models_api_key": MODELS,
            "attention_secret": ATTENTION,
            "attention_url": "https://hooks.example.com/attention",
            "deliveries": False,
        }
        async with (
            listening(folder, **settings) as served,
            served.engine.traced(told.append),
            httpx2.AsyncClient(base_url=served.url) as http,
        ):
            await plant(served, http, said)
            await look(served, http, said)
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
        for handler in handlers:
            root.removeHandler(handler)
    said.places["log"] = said.log.getvalue()
    said.places["traces"] = repr(told)
    return said


async def plant(served: Listening, http: httpx2.AsyncClient, said: Said) -> None:
    """Say every secret at every door, right and wrong."""
    owner = headers({"X-Admin-Key": ADMIN_KEY})
    for number, proof in enumerate(PROOFS):
        for method, address in ADDRESSES:
            answer = await http.request(method, address, headers=headers(proof), content=b"{}")
            said.places[f"answer {number} {method} {address}"] = answer.text + repr(answer.headers)
    trigger = {
        "name": "t",
        "files": ["a.md"],
        "url": f"https://someone:{USERINFO}@hooks.example.com/",
        "secret": WEBHOOK,
    }
    for body in (trigger, trigger | {"url": "https://hooks.example.com/", "secret": WEBHOOK, "nonsense": HEADER}):
        answer = await http.post("/api/v1/triggers", json=body, headers=owner)
        assert answer.status_code == 400
        said.places[f"refusal of {len(body)} fields"] = answer.text
    made = await http.post("/api/v1/triggers", json=trigger | {"url": "https://hooks.example.com/"}, headers=owner)
    assert made.status_code == 201, made.text
    said.places["answer to the trigger"] = made.text
    await http.post("/api/v1/files/a.md:link", json={"expires_in_seconds": 600}, headers=owner)
    token = (await http.post("/api/v1/tokens", json={"agent": "ada"}, headers=owner)).json()
    said.secrets["token"] = token["token"]
    said.secrets["secret part of the token"] = token["token"].split("_", 2)[2]
    bears = headers({"Authorization": f"Bearer {token['token']}"})
    await http.put("/api/v1/files/a.md", content=b"a", headers=bears)
    once = owner | {"Idempotency-Key": "once"}
    hook = {"name": "made", "files": ["b.md"], "url": "https://hooks.example.com/"}
    first = await http.post("/api/v1/triggers", json=hook, headers=once)
    said.secrets["secret that was made"] = first.json()["secret"]
    said.places["answer again"] = (await http.post("/api/v1/triggers", json=hook, headers=once)).text
    link = await http.post("/api/v1/links", json={"path": "a.md"}, headers=owner)
    said.secrets["id of a share link"] = link.json()["url"].rpartition("/s/")[2]
    await http.get(f"/s/{said.secrets['id of a share link']}/")
    form = {"token": served.guard.login_form_token, "bearer": token["token"]}
    await http.post("/login", data=form, headers={"Origin": served.url})
    said.secrets["cookie"] = next(iter(http.cookies.values()))
    for number, proof in enumerate(PROOFS):
        for method, address in ADDRESSES:
            answer = await http.request(method, address, headers=headers(proof), content=b"{}")
            said.places[f"answer with tokens {number} {method} {address}"] = answer.text
    async with (
        httpx2.AsyncClient(headers=bears) as own,
        Client(streamable_http_client(f"{served.url}/mcp", http_client=own)) as client,
    ):
        for name, arguments in (("list_files", {}), ("read_file", {"path": "none.md"}), ("none", {"x": 1})):
            said.places[f"tool {name}"] = repr(await client.call_tool(name, arguments))
    revoked = await http.delete(f"/api/v1/tokens/{token['id']}", headers=owner)
    said.places["revoking"] = revoked.text
    for address in ("/api/v1/files", "/mcp", "/"):
        said.places[f"revoked at {address}"] = (await http.get(address, headers=bears)).text


async def look(served: Listening, http: httpx2.AsyncClient, said: Said) -> None:
    """Read all that can be read, as the owner."""
    owner = {"X-Admin-Key": ADMIN_KEY}
    api = "status events triggers endpoints deliveries tokens links attention agents openapi.json"
    pages = ("/", "/triggers", "/deliveries", "/agents", "/metrics")
    for address in (*(f"/api/v1/{name}" for name in api.split()), *pages):
        answer = await http.get(address, headers=owner, follow_redirects=True)
        said.places[f"page {address}"] = answer.text
    await served.engine.auditing.flush()
    rows = await served.engine.db.read(lambda tx: tx.all("SELECT * FROM audit"))
    said.places["audit log"] = repr([tuple(row) for row in rows])


async def test_no_secret_is_in_what_is_said(said: Said) -> None:
    assert said.leaks(said.places) == []
    assert len(said.places) > 100


async def test_what_was_planted_went_well_and_failed(said: Said) -> None:
    """Else nothing was planted, and nothing could leak."""
    assert "log_in" in said.places["audit log"]
    assert "refused: unauthenticated" in said.places["audit log"]
    assert '"outcome": "unauthenticated"' in said.places["log"]
    assert '"outcome": "ok"' in said.places["log"]
    assert "create_trigger" in said.places["traces"]
    assert said.secrets["cookie"] != COOKIE


async def test_the_database_keeps_digests_only_but_for_what_signs(said: Said) -> None:
    with closing(connect(said.folder / ".workspace" / "workspace.db", read_only=True)) as connection:
        kept = "\n".join(repr(row) for row in rows_of(connection))
    assert said.leaks({"database": kept}, signing=True) == []
    assert WEBHOOK in kept, "the search finds what is there"
    assert (said.folder / ".workspace" / "workspace.db").stat().st_mode & 0o077 == 0


async def test_what_is_kept_to_answer_a_repetition_has_no_secret(said: Said) -> None:
    with closing(connect(said.folder / ".workspace" / "workspace.db", read_only=True)) as connection:
        kept = "\n".join(map(repr, connection.execute("SELECT * FROM requests")))
    assert "create_trigger" in kept
    assert said.leaks({"requests": kept}) == []


async def test_a_backup_holds_no_secret_but_what_signs(said: Said, tmp_path: Path) -> None:
    await anyio.to_thread.run_sync(backup, said.folder, tmp_path / "backup.tar")
    raw = (tmp_path / "backup.tar").read_bytes()
    assert said.leaks({"backup": raw.decode("latin-1")}, signing=True) == []
    assert WEBHOOK.encode() in raw, "the search finds what is there"
    assert (tmp_path / "backup.tar").stat().st_mode & 0o077 == 0


async def test_the_search_finds_a_secret_that_leaks(said: Said) -> None:
    """The negative control: one careless line, and the same search names it."""
    for formatter in (JsonLines(), TextLines()):
        careless = logging.LogRecord("x", logging.DEBUG, "x.py", 1, "sent %s", ({"authorization": BEARER},), None)
        assert said.leaks({"log": formatter.format(careless)}) == [("wrong token", "log")]


def rows_of(connection: apsw.Connection) -> list[tuple[object, ...]]:
    """Return every row of every table."""
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return [row for name in names for row in connection.execute(f'SELECT * FROM "{name}"')]
