"""Paths that a shared workspace must survive, through every page, form, part and share link that takes one."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from tests.interfaces.web.filling import forms
from tests.interfaces.web.writing.test_uploads import BOUNDARY, END, part
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL

pytestmark = pytest.mark.anyio

OWNER = Caller(agent="owner", scope=ALL)
CASES: list[dict[str, Any]] = [
    case
    for case in json.loads((Path(__file__).parents[2] / "data" / "hostile_paths.json").read_text("utf-8"))["paths"]
    if "setup" not in case
]
REFUSED = [case for case in CASES if case["expect"] == "reject"]
PAGES = ("/edit?path=", "/new?in=", "/move?path=", "/delete?path=", "/upload?in=", "/links?path=", "/find?q=")


def asked(path: str) -> str:
    return quote(path.encode("utf-8", "surrogatepass"), safe="")


def sent(path: str) -> list[tuple[str, dict[str, str]]]:
    """Return every form that takes a path, filled in with it."""
    return [
        ("/new", {"in": "", "name": path, "text": "x"}),
        ("/edit", {"path": path, "base": "1", "text": "x", "do": "insist"}),
        ("/move", {"path": path, "to": "moved.md"}),
        ("/move", {"path": "here.md", "to": path}),
        ("/delete", {"path": path, "sure": "1"}),
        ("/replace", {"path": path, "draft": "d1", "version": "1", "in": ""}),
        ("/restore", {"path": path, "version": "1"}),
        ("/links", {"path": path}),
    ]


async def stands(served: Listening, folder: Path) -> tuple[list[str], list[str]]:
    """Return what is in the workspace, and what lies beside it."""
    listed = await served.engine.listing.list_files(OWNER, recursive=True, detail="full")
    return [row["path"] for row in listed["files"]], sorted(path.name for path in folder.parent.iterdir())


async def test_every_page_that_takes_a_path_stands_every_path(person: httpx2.AsyncClient) -> None:
    for page in PAGES:
        # One after the other, each would wait a twentieth of a second for the client's own acknowledgement.
        answers = await asyncio.gather(*(person.get(f"{page}{asked(case['path'])}") for case in CASES))
        for case, answer in zip(CASES, answers, strict=True):
            assert answer.status_code < 500, (page, case)
            assert "<img src=x onerror" not in answer.text, (page, case)


async def test_every_form_refuses_what_must_be_refused(
    served: Listening, person: httpx2.AsyncClient, hand: Hand, folder: Path
) -> None:
    await hand.write("here.md", "x")
    token = forms((await person.get("/new")).text)[0].fields["token"]
    before = await stands(served, folder)
    for case in REFUSED:
        filled = sent(case["path"])
        kind = {"content-type": "application/x-www-form-urlencoded"}
        bodies = ["&".join(f"{n}={asked(v)}" for n, v in {"token": token, **fields}.items()) for _, fields in filled]
        answers = await asyncio.gather(
            *(person.post(form, content=b.encode(), headers=kind) for (form, _), b in zip(filled, bodies, strict=True))
        )
        for (form, _), answer in zip(filled, answers, strict=True):
            # A form that was taken leads to what it made; that of a replaced upload says in a page what became of it.
            assert 400 <= answer.status_code < 500 or (form, answer.status_code) == ("/replace", 200), (form, case)
    assert await stands(served, folder) == before


async def test_no_uploaded_file_has_a_name_that_must_be_refused(
    served: Listening, person: httpx2.AsyncClient, folder: Path
) -> None:
    token = forms((await person.get("/upload")).text)[0].fields["token"]
    before = await stands(served, folder)
    names = [case["path"] for case in REFUSED if case["path"].isprintable() and '"' not in case["path"]]
    # A browser sends only the last name of a path with backslashes, so what is before one may go.
    body = b"".join(part("file", b"x", name) for name in names if "\\" not in name)
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    answer = await person.post(
        "/upload", content=part("token", token.encode()) + body + END, headers={"content-type": kind}
    )
    assert answer.status_code == 200
    assert await stands(served, folder) == before


async def test_no_path_leads_out_of_what_is_shared(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand, folder: Path
) -> None:
    (folder.parent / "secret").write_text("secret")
    await hand.write("shared/a/b/f", "f")
    await hand.write("secret", "secret")
    made = await served.engine.links.create_link(OWNER, path="shared")
    address = str(made["url"]).removeprefix(served.url)
    for case in CASES:
        status, text = await served.raw("GET", f"{address}/{quote(case['path'].encode('utf-8', 'surrogatepass'))}")
        assert status in {200, 404, 400}, (case, status)
        assert "secret" not in text.partition("\r\n\r\n")[2], case
