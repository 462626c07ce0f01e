"""Changes of files over HTTP: preconditions as HTTP spells them, and the contract's refusals."""

import httpx2
import pytest

pytestmark = pytest.mark.anyio


def code(answer: httpx2.Response) -> str:
    found: str = answer.json()["error"]["code"]
    return found


async def test_a_replacement_says_which_version_it_replaces(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"one\n")
    silent = await client.put("/files/a.md", content=b"two\n")
    stale = await client.put("/files/a.md", content=b"two\n", headers={"If-Match": '"7"'})
    right = await client.put("/files/a.md", content=b"two\n", headers={"If-Match": '"1"'})

    assert (silent.status_code, code(silent)) == (428, "version_required")
    assert silent.json()["error"]["version"] == 1
    assert (stale.status_code, code(stale)) == (412, "conflict")
    assert (right.status_code, right.json()["version"], right.headers["etag"]) == (200, 2, '"2"')


async def test_a_refused_body_is_sent_again_by_its_draft(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"one\n")
    refused = (await client.put("/files/a.md", content=b"two\n")).json()["error"]
    right, query = {"If-Match": '"1"'}, f"/files/a.md?draft={refused['draft']}"
    both = await client.put(query, content=b"three\n", headers=right)
    foreign = await client.put(query, headers={**right, "X-Agent": "bo"})
    done = await client.put(query, headers=right)

    assert (both.status_code, code(both)) == (400, "invalid_argument")
    assert (foreign.status_code, code(foreign)) == (404, "not_found")
    assert (done.status_code, done.json()["version"]) == (200, 2)
    assert (await client.get("/files/a.md")).content == b"two\n"


async def test_a_change_can_be_the_last_under_its_lock(client: httpx2.AsyncClient) -> None:
    for answer in (
        lambda lock: client.put("/files/a.md?unlock=true", content=b"one", headers={"X-Lock": lock}),
        lambda lock: client.patch(
            "/files/a.md", json={"edits": [{"old_text": "one", "new_text": "two"}], "lock": lock, "unlock": True}
        ),
        lambda lock: client.post(
            "/commits", json={"changes": [{"op": "delete", "path": "a.md"}], "lock": lock, "unlock": True}
        ),
    ):
        lock = (await client.post("/locks", json={"paths": ["a.md"]})).json()["lock"]
        assert (await answer(lock)).is_success
        assert (await client.get("/locks")).json()["locks"] == []


async def test_a_change_is_told_of_announcements_and_of_inputs_that_moved_on(client: httpx2.AsyncClient) -> None:
    bo = {"X-Agent": "bo"}
    await client.put("/files/in.md", content=b"one")
    await client.get("/files/in.md", headers=bo)
    await client.put("/files/in.md", content=b"two", headers={"If-Match": '"1"'})
    await client.post("/locks", json={"paths": ["out.md"], "mode": "intent", "purpose": "summing up"})
    told = (await client.put("/files/out.md", content=b"x", headers=bo)).json()

    assert told["warnings"] == [{"stale_inputs": [{"path": "in.md", "you_read": 1, "now": 2, "by": "ana"}]}]
    assert [one["purpose"] for one in told["intents"]] == ["summing up"]


async def test_a_file_can_be_made_only_where_none_is(client: httpx2.AsyncClient) -> None:
    first = await client.put("/files/a.md", content=b"one", headers={"If-None-Match": "*"})
    second = await client.put("/files/a.md", content=b"two", headers={"If-None-Match": "*"})

    assert first.status_code == 201
    assert (second.status_code, code(second)) == (412, "conflict")


@pytest.mark.parametrize(
    "headers",
    [
        {"If-Match": "*"},
        {"If-Match": 'W/"1"'},
        {"If-Match": '"1", "2"'},
        {"If-Match": "soon"},
        {"If-None-Match": '"1"'},
        {"If-Match": '"1"', "If-None-Match": "*"},
        {"If-Match": '"99999999999999999999"'},
    ],
)
async def test_a_precondition_that_is_not_understood_is_refused(client: httpx2.AsyncClient, headers: dict) -> None:
    answer = await client.put("/files/a.md", content=b"one", headers=headers)

    assert (answer.status_code, code(answer)) == (400, "invalid_argument")


async def test_a_lock_is_given_by_its_handle(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"one")
    lock = (await client.post("/locks", json={"paths": ["a.md"], "purpose": "rewriting"})).json()["lock"]
    without = await client.put("/files/a.md?overwrite=true", content=b"two")
    foreign = await client.put("/files/a.md", content=b"two", headers={"X-Agent": "bo", "X-Lock": lock})
    within = await client.put("/files/a.md", content=b"two", headers={"X-Lock": lock})
    await client.delete(f"/locks/{lock}")
    after = await client.put("/files/a.md", content=b"three", headers={"X-Lock": lock})

    assert (without.status_code, code(without), without.json()["error"]["yours"]) == (423, "locked", True)
    assert (foreign.status_code, code(foreign), foreign.json()["error"]["reason"]) == (409, "lock_lost", "unknown")
    assert within.status_code == 200
    assert (after.status_code, code(after)) == (409, "lock_lost")


async def test_a_repeated_request_is_answered_from_the_record(client: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "r-1"}
    first = await client.put("/files/a.md", content=b"one", headers=key)
    again = await client.put("/files/a.md", content=b"one", headers=key)

    assert again.json() == {**first.json(), "replayed": True}


async def test_a_file_is_edited_in_place(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"one two three\n")
    edit = {"edits": [{"old_text": "two", "new_text": "2"}]}
    stale = await client.patch("/files/a.md", json=edit, headers={"If-Match": '"3"'})
    done = await client.patch("/files/a.md", json=edit, headers={"If-Match": '"1"'})
    missing = await client.patch("/files/a.md", json=edit)

    assert code(stale) == "conflict"
    assert done.json()["version"] == 2
    assert "+one 2 three" in done.json()["diff"]
    assert (missing.status_code, code(missing)) == (422, "edit_failed")
    assert (await client.get("/files/a.md")).content == b"one 2 three\n"


async def test_a_file_moves_with_its_content(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"one")
    copied = await client.post("/files/a.md:copy", json={"to": "b.md"})
    moved = await client.post("/files/a.md:move", json={"to": "deep/c.md"})

    assert copied.json()["to"] == "b.md"
    assert moved.json()["to"] == "deep/c.md"
    assert (await client.get("/files/a.md")).status_code == 404
    assert (await client.get("/files/b.md")).content == (await client.get("/files/deep/c.md")).content == b"one"


async def test_a_deleted_file_comes_back(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"one")
    deleted = await client.delete("/files/a.md")
    gone = await client.get("/files/a.md")
    old = await client.get("/files/a.md?version=1")
    listed = await client.get("/files?deleted=true")
    back = await client.post("/files/a.md:restore", json={})

    assert deleted.status_code == 200
    assert (gone.status_code, code(gone)) == (404, "not_found")
    assert old.content == b"one"
    assert [row["path"] for row in listed.json()["files"]] == ["a.md"]
    assert (back.status_code, back.json()["version"]) == (201, 2)


async def test_a_directory_is_deleted_only_with_a_word(client: httpx2.AsyncClient) -> None:
    await client.put("/files/dir/a.md", content=b"one")
    shy = await client.delete("/files/dir")
    told = await client.delete("/files/dir?recursive=true")

    assert (shy.status_code, code(shy)) == (409, "is_directory")
    assert told.json()["files"] == 1


async def test_the_history_tells_who_did_what(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"one\n", headers={"X-Message": "start"})
    await client.put("/files/a.md?overwrite=true", content=b"two\n", headers={"X-Agent": "bo"})
    versions = (await client.get("/files/a.md:history")).json()["versions"]
    diff = (await client.get("/files/a.md:diff?from=1")).json()

    assert [(one["version"], one["by"], one["message"]) for one in versions] == [(2, "bo", None), (1, "ana", "start")]
    assert (diff["from"], diff["to"]) == (1, 2)
    assert "-one\n+two\n" in diff["diff"]


async def test_the_blame_tells_who_wrote_which_line(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"one\ntwo\n", headers={"X-Message": "start"})
    await client.put("/files/a.md?overwrite=true", content=b"one\n2\n", headers={"X-Agent": "bo"})
    blame = (await client.get("/files/a.md:blame?start_line=2")).json()

    assert [(one["start_line"], one["by"], one["version"]) for one in blame["stretches"]] == [(2, "bo", 2)]
    assert (blame["path"], blame["version"], blame["total_lines"], blame["more"]) == ("a.md", 2, 2, False)


async def test_a_file_is_described(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"# Title\n\nprice: 19 EUR\n")
    described = (await client.get("/files/a.md:describe")).json()

    assert (described["path"], described["version"]) == ("a.md", 1)


async def test_several_changes_are_made_together_or_not_at_all(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"one\n")
    await client.put("/files/old.md", content=b"old\n")
    torn = await client.post(
        "/commits",
        json={"changes": [{"op": "write", "path": "b.md", "content": "b"}, {"op": "delete", "path": "absent.md"}]},
    )
    whole = await client.post(
        "/commits",
        json={
            "message": "both",
            "changes": [
                {"op": "write", "path": "b.md", "content": "b"},
                {"op": "edit", "path": "a.md", "edits": [{"old_text": "one", "new_text": "1"}]},
                {"op": "move", "path": "old.md", "to": "c.md"},
            ],
        },
    )

    assert code(torn) == "not_found"
    assert whole.status_code == 200, whole.text
    names = [row["path"] for row in (await client.get("/files")).json()["files"]]
    assert names == ["a.md", "b.md", "c.md"]


async def test_a_listing_goes_on_where_it_stopped(client: httpx2.AsyncClient) -> None:
    names = [f"f{number:02}.txt" for number in range(12)]
    for name in names:
        await client.put(f"/files/{name}", content=b"x")
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get("/files", params={"max_tokens": 300, **cursor})).json()
        seen += [row["path"] for row in page["files"]]
        if "next_cursor" not in page:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == names
    found = await client.get("/files", params={"pattern": "*0[12].txt"})
    assert [row["path"] for row in found.json()["files"]] == ["f01.txt", "f02.txt"]


async def test_the_hint_of_a_refusal_is_a_request_that_sends_the_draft(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a b.md", content=b"one\n")
    refused = (await client.put("/files/a b.md", content=b"two\n")).json()["error"]

    assert f'PUT /api/v1/files/a%20b.md?draft={refused["draft"]} with If-Match: "1"' in refused["hint"]
    sent = await client.put(f"/files/a b.md?draft={refused['draft']}", headers={"If-Match": '"1"'})
    assert (sent.status_code, (await client.get("/files/a b.md")).text) == (200, "two\n")
