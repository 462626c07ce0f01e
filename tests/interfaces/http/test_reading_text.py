"""What files say over HTTP: documents by their pages, long texts in parts."""

import httpx2
import pytest

from tests.indexer import files

pytestmark = pytest.mark.anyio

PLAN = files.pdf([["Owner: Ada Meyer"], [], ["Due date: 3 March 2026"]])


async def test_a_document_is_read_page_by_page(client: httpx2.AsyncClient) -> None:
    await client.put("/files/plan.pdf", content=PLAN)
    first = (await client.get("/files/plan.pdf:text", params={"page": 1})).json()
    last = (await client.get("/files/plan.pdf:text", params={"page": first["pages"], "version": 1})).json()
    whole = (await client.get("/files/plan.pdf:text")).json()

    assert (first["page"], first["text"]) == (1, "Owner: Ada Meyer\n\n")
    assert (last["page"], last["text"], last["start_line"]) == (3, "Due date: 3 March 2026\n", 4)
    assert (whole["text"], whole["extracted"], whole["more"]) == (
        "Owner: Ada Meyer\n\n\nDue date: 3 March 2026\n",
        True,
        False,
    )
    assert (await client.get("/files/plan.pdf")).content == PLAN


async def test_a_long_text_says_where_to_read_on(client: httpx2.AsyncClient) -> None:
    content = "".join(f"line {number}\n" for number in range(200))
    await client.put("/files/long.txt", content=content.encode())
    parts = [(await client.get("/files/long.txt:text", params={"max_tokens": 200})).json()]
    while parts[-1]["more"]:
        parts.append((await client.get("/files/long.txt:text", params=parts[-1]["next"] | {"max_tokens": 200})).json())

    assert len(parts) > 2
    assert "".join(part["text"] for part in parts) == content
    lines = await client.get("/files/long.txt:text", params={"start_line": 7, "max_lines": 2})
    assert lines.json()["text"] == "line 6\nline 7\n"


@pytest.mark.parametrize(
    ("path", "asked", "status", "code"),
    [
        ("plan.pdf", {"page": 4}, 400, "invalid_argument"),
        ("plan.pdf", {"page": 0}, 400, "invalid_argument"),
        ("plan.pdf", {"page": 2, "start_line": 4}, 400, "invalid_argument"),
        ("a.txt", {"page": 1}, 400, "invalid_argument"),
        ("a.bin", {}, 422, "not_text"),
        ("none.txt", {}, 404, "not_found"),
    ],
)
async def test_what_cannot_be_read_as_text_or_by_that_page_is_refused(
    client: httpx2.AsyncClient, path: str, asked: dict[str, int], status: int, code: str
) -> None:
    for name, content in (("plan.pdf", PLAN), ("a.txt", b"a\n"), ("a.bin", b"\x00\xff\x00")):
        await client.put(f"/files/{name}", content=content)
    refused = await client.get(f"/files/{path}:text", params=asked)

    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
