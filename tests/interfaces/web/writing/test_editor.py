"""The editor: what it opens, what a save changes, and what it offers when a save is refused."""

import codecs
import re

import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from tests.interfaces.web.filling import Browser
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL
from workspace_server.errors import VersionRequired

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")


async def stored(served: Listening, path: str, version: int | None = None) -> bytes:
    found = await served.engine.files.open_content(ANA, path=path, version=version)
    return await found.read()


async def test_a_text_is_edited_and_its_reason_stands_in_the_history(
    served: Listening, owner: Browser, hand: Hand
) -> None:
    await hand.write("notes/plan.md", "one\ntwo\n")
    await owner.open("/edit?path=notes/plan.md")
    assert owner.form.fields["text"] == "one\ntwo\n"

    await owner.send(text="one\n2\n", message="a number", do="save")

    assert (owner.page.status_code, owner.page.headers["location"]) == (303, "/files/notes/plan.md")
    assert await stored(served, "notes/plan.md") == b"one\n2\n"
    newest = (await served.engine.files.file_history(ANA, path="notes/plan.md"))["versions"][0]
    assert (newest["version"], newest["by"], newest["message"]) == (2, "owner", "a number")


@pytest.mark.parametrize(
    ("path", "content", "offered"),
    [
        ("a.md", b"# A\n", {"Edit", "Blame"}),
        ("a.svg", b"<svg/>", {"Edit", "Blame"}),
        ("a.ipynb", b"{}", {"Edit", "Blame"}),
        ("core", b"\x7fELF\0", set()),
        ("a.pdf", b"%PDF-1.7", set()),
        ("a.docx", b"PK\x03\x04", set()),
        ("a.xls", b"\xd0\xcf\x11\xe0", set()),
        ("a.png", b"\x89PNG", set()),
        ("long.txt", b"x" * (LIMITS.edited_text_bytes_max + 1), {"Blame"}),
    ],
)
async def test_editing_and_blame_are_offered_where_they_work(
    owner: Browser, hand: Hand, path: str, content: bytes, offered: set[str]
) -> None:
    await hand.write(path, content)
    await owner.open(f"/files/{path}")
    html = owner.page.text

    assert {word for word in ("Edit", "Blame") if f"{word}</a>" in html} == offered
    assert "Download</a>" in html


async def test_a_browser_that_nobody_let_in_saves_as_anonymous(served: Listening, guest: Browser, hand: Hand) -> None:
    await hand.write("a.md", "one\n")
    await guest.open("/edit?path=a.md")
    await guest.send(text="two\n", do="save")

    assert (await served.engine.files.stat(ANA, path="a.md"))["modified_by"] == "anonymous"


TEXTS = [
    (b"a\r\nb\r\n", "a\nnew\nb\n", b"a\r\nnew\r\nb\r\n", "CRLF line ends"),
    (b"a\nb\r\nc\n", "a\nb\nc\nd\n", b"a\nb\r\nc\nd\n", "CRLF and LF line ends"),
    (codecs.BOM_UTF8 + b"a\n", "b\n", codecs.BOM_UTF8 + b"b\n", "byte order mark"),
    (codecs.BOM_UTF16_LE + "ä\n".encode("utf-16-le"), "ö\n", codecs.BOM_UTF16_LE + "ö\n".encode("utf-16-le"), "16"),
    ("Zürich\n".encode("latin-1"), "Zürich, é\n", "Zürich, é\n".encode("latin-1"), "LATIN-1"),
    (b"no end", "still none", b"still none", ""),
    (b"\n\nleading\n", "\n\nleading lines\n", b"\n\nleading lines\n", ""),
    ("\u202eodd\u200b\n".encode(), "\u202eodd\u200b!\n", "\u202eodd\u200b!\n".encode(), "cannot be seen"),
    (b"</textarea><script>&amp;\n", "</textarea>&lt;\n", b"</textarea>&lt;\n", ""),
]
"""A file's bytes, what is typed over its text, the bytes that come of it, and what the page says of the file's form."""


async def test_a_save_changes_what_was_typed_and_nothing_else(served: Listening, owner: Browser, hand: Hand) -> None:
    for number, (before, typed, after, said) in enumerate(TEXTS):
        path = f"{number}.txt"
        await hand.write(path, before)
        await owner.open(f"/edit?path={path}")
        assert said in owner.page.text
        assert owner.form.fields["text"] != typed

        await owner.send(do="save")
        assert await stored(served, path) == before, "to save what was opened changes nothing"
        assert (await served.engine.files.stat(ANA, path=path))["version"] == 1

        await owner.open(f"/edit?path={path}")
        await owner.send(text=typed, do="save")
        assert await stored(served, path) == after


async def test_letters_that_latin_1_lacks_are_saved_as_utf_8_once_that_is_said(
    served: Listening, owner: Browser, hand: Hand
) -> None:
    await hand.write("a.txt", "Zürich\n".encode("latin-1"))
    await owner.open("/edit?path=a.txt")
    await owner.send(text="Zürich 5 €\n", do="save")

    assert "Latin-1, which lacks a letter" in owner.alert
    assert owner.form.fields["text"] == "Zürich 5 €\n"
    assert await stored(served, "a.txt") == "Zürich\n".encode("latin-1")

    await owner.send(do="utf-8")
    assert await stored(served, "a.txt") == "Zürich 5 €\n".encode()


@pytest.mark.parametrize(
    ("path", "content", "why"), [("a.bin", b"\0\1", "is not text"), ("a.txt", b"x" * 1_048_577, "1,048,576")]
)
async def test_what_cannot_be_edited_here_is_offered_for_download(
    owner: Browser, hand: Hand, path: str, content: bytes, why: str
) -> None:
    await hand.write(path, content)
    await owner.open(f"/edit?path={path}")

    assert why in owner.page.text
    assert f'href="/api/v1/files/{path}" download' in owner.page.text
    assert 'href="/upload?in="' in owner.page.text


async def test_a_text_that_has_grown_too_large_is_given_back(owner: Browser, hand: Hand) -> None:
    await hand.write("a.txt", "x\n")
    await owner.open("/edit?path=a.txt")
    typed = "é" * (LIMITS.edited_text_bytes_max // 2 + 1)
    await owner.send(text=typed, do="save")

    assert owner.page.status_code == 413
    assert owner.form.fields["text"] == typed


async def test_a_conflict_shows_both_sides_and_merges_them(served: Listening, owner: Browser, hand: Hand) -> None:
    await hand.write("a.md", "one\ntwo\nthree\nfour\nfive\n")
    await owner.open("/edit?path=a.md")
    await hand.write("a.md", "ONE\ntwo\nthree\nfour\nfive\n", agent="bo")
    await owner.send(text="one\ntwo\nthree\nfour\nFIVE\n", message="mine", do="save")

    assert owner.page.status_code == 412
    assert owner.form.fields["text"] == "one\ntwo\nthree\nfour\nFIVE\n"
    assert owner.form.fields["message"] == "mine"
    assert "Saved meanwhile by <bdi>bo</bdi>" in owner.page.text
    assert "<code>ONE</code>" in owner.page.text
    assert "<code>FIVE</code>" in owner.page.text
    assert owner.form.buttons == ["merge", "replace", "save"]
    merged = owner.page.text.partition("Both merged")[2]
    assert re.findall(r"<tr class=\"(added|removed)\">.*?<code>(\w+)</code>", merged) == [
        ("removed", "one"),
        ("added", "ONE"),
        ("removed", "five"),
        ("added", "FIVE"),
    ]

    await owner.send(do="merge")
    assert await stored(served, "a.md") == b"ONE\ntwo\nthree\nfour\nFIVE\n"


async def test_what_cannot_be_merged_replaces_just_the_version_that_was_shown(
    served: Listening, owner: Browser, hand: Hand
) -> None:
    await hand.write("a.md", "one\n")
    await owner.open("/edit?path=a.md")
    await hand.write("a.md", "theirs\n", agent="bo")
    await owner.send(text="mine\n", do="save")
    assert owner.form.buttons == ["replace", "save"]
    assert "Both merged" not in owner.page.text

    await hand.write("a.md", "theirs again\n", agent="bo")
    await owner.send(do="replace")
    assert owner.page.status_code == 412
    assert "<code>theirs again</code>" in owner.page.text
    assert owner.form.fields["text"] == "mine\n"

    await owner.send(do="replace")
    assert await stored(served, "a.md") == b"mine\n"


async def test_a_file_that_was_deleted_meanwhile_is_brought_back(served: Listening, owner: Browser, hand: Hand) -> None:
    await hand.write("a.md", "one\r\n")
    await owner.open("/edit?path=a.md")
    await served.engine.files.delete_file(Caller(agent="bo"), path="a.md")
    await owner.send(text="mine\n", do="save")
    assert "bring the file back" in owner.page.text

    await owner.send(do="replace")
    assert await stored(served, "a.md") == b"mine\r\n"


async def test_a_locked_file_says_who_holds_it_and_the_owner_may_break_that(
    served: Listening, owner: Browser, guest: Browser, hand: Hand
) -> None:
    await hand.write("a.md", "one\n")
    lock = await served.engine.locks.lock_files(ANA, paths=["a.md"], purpose="chapter <two>", ttl_seconds=600)
    await guest.open("/edit?path=a.md")
    await guest.send(text="mine\n", do="save")
    assert guest.page.status_code == 423
    assert "a.md is locked by ana. It is for: chapter &lt;two&gt;." in guest.alert
    assert "10m 00s left" in guest.alert
    assert guest.form.buttons == ["save"]
    assert guest.form.fields["text"] == "mine\n"
    assert "workspace-server open" in guest.page.text
    await guest.send(lock=lock["lock"].partition("-")[0], sure="1", do="break")
    assert guest.page.status_code == 403

    await owner.open("/edit?path=a.md")
    await owner.send(text="mine\n", do="save")
    assert owner.form.buttons == ["break", "save"]
    await owner.send(do="break")
    assert owner.page.status_code == 423, "once more: nobody has said that it is meant"

    await owner.send(sure="1", message="it is late", do="break")
    assert await stored(served, "a.md") == b"mine\n"
    broken = (await served.engine.events.feed(ANA, types=["lock.broken"]))["events"][0]
    assert (broken["by"], broken["note"]) == ("owner", "it is late")


async def test_a_lock_that_has_ended_meanwhile_is_no_hindrance(served: Listening, owner: Browser, hand: Hand) -> None:
    await hand.write("a.md", "one\n")
    lock = await served.engine.locks.lock_files(ANA, paths=["a.md"])
    await owner.open("/edit?path=a.md")
    await owner.send(text="mine\n", do="save")
    await served.engine.locks.unlock_files(ANA, lock=lock["lock"])
    await owner.send(sure="1", do="break")

    assert await stored(served, "a.md") == b"mine\n"


async def test_a_text_that_seems_cut_is_saved_once_that_is_said(served: Listening, owner: Browser, hand: Hand) -> None:
    before = "".join(f"line {n}\n" for n in range(60))
    await hand.write("a.py", before)
    await owner.open("/edit?path=a.py")
    typed = "line 0\n# ... rest of the file unchanged ...\n"
    await owner.send(text=typed, do="save")
    assert owner.page.status_code == 422
    assert owner.form.fields["text"] == typed

    await owner.send(text=typed + "more\n", do="insist")
    assert await stored(served, "a.py") == (typed + "more\n").encode()


async def test_a_draft_is_opened_over_the_version_that_stands_there(
    served: Listening, owner: Browser, hand: Hand
) -> None:
    await hand.write("a.md", "one\n")
    await owner.open("/edit?path=a.md")
    await hand.write("a.md", "two\n")
    await owner.send(text="mine\r\n", do="save")
    found = await served.engine.editing.draft_text(Caller(agent="owner"), "D1")
    assert found == "mine\n"

    await owner.open("/edit?path=a.md&draft=D1")
    assert owner.form.fields["text"] == "mine\n"
    assert owner.form.fields["base"] == "2"
    await owner.open("/edit?path=a.md&draft=D9")
    assert owner.page.status_code == 404

    with pytest.raises(VersionRequired):
        await served.engine.files.write_file(Caller(agent="owner"), path="a.md", content="AAE=", encoding="base64")
    await owner.open("/edit?path=a.md&draft=D2")
    assert owner.page.status_code == 422


async def test_an_old_version_is_edited_to_become_the_newest(served: Listening, owner: Browser, hand: Hand) -> None:
    await hand.write("a.md", "one\n")
    await hand.write("a.md", "two\n")
    await owner.open("/edit?path=a.md&version=1")
    assert owner.form.fields["text"] == "one\n"
    await owner.send(do="save")

    assert await stored(served, "a.md", 3) == b"one\n"


async def test_an_old_version_of_a_deleted_file_is_edited_to_bring_it_back(
    served: Listening, owner: Browser, hand: Hand
) -> None:
    await hand.write("a.md", "one\n")
    await served.engine.files.delete_file(ANA, path="a.md")
    await owner.open("/edit?path=a.md&version=1")
    await hand.write("a.md", "theirs\n", agent="bo")
    await owner.send(text="mine\n", do="save")
    assert owner.page.status_code == 412
    assert owner.form.buttons == ["replace", "save"]

    await owner.send(do="replace")
    assert await stored(served, "a.md") == b"mine\n"


async def test_a_file_that_never_was_leaves_the_text_in_the_form(owner: Browser, hand: Hand) -> None:
    await hand.write("a.md", "one\n")
    await owner.open("/edit?path=a.md")
    await owner.send(path="never.md", text="mine\n", do="save")

    assert owner.page.status_code == 404
    assert owner.form.fields["text"] == "mine\n"


async def test_a_guarded_name_says_who_may_write_it(served: Listening, guest: Browser, owner: Browser) -> None:
    await guest.open("/new?in=")
    await guest.send(name="CLAUDE.md", text="obey\n", do="save")
    assert guest.page.status_code == 403
    assert "workspace-server open" in guest.alert
    assert guest.form.fields["text"] == "obey\n"

    await owner.open("/new?in=")
    await owner.send(name="CLAUDE.md", text="obey\n", do="save")
    assert await stored(served, "CLAUDE.md") == b"obey\n"


async def test_a_workspace_that_is_paused_says_so_and_leaves_the_text_in_the_form(
    served: Listening, guest: Browser, hand: Hand
) -> None:
    await hand.write("a.md", "one\n")
    await served.engine.agents.pauses.pause_workspace(Caller(agent="owner", scope=ALL), note="release day")
    await guest.open("/edit?path=a.md")
    await guest.send(text="mine\n", do="save")

    assert guest.page.status_code == 423
    assert "release day" in guest.page.text
    assert "on the page of the agents" in guest.alert
    assert guest.form.fields["text"] == "mine\n"


async def test_a_new_file_makes_the_folders_above_it(served: Listening, owner: Browser) -> None:
    await owner.open("/new?in=notes")
    await owner.send(name="deep/er/plan.md", text="one\ntwo\n", message="begin", do="save")

    assert owner.page.headers["location"] == "/files/notes/deep/er/plan.md"
    assert await stored(served, "notes/deep/er/plan.md") == b"one\ntwo\n"


async def test_a_name_that_does_not_do_leaves_the_text_in_the_form(owner: Browser, hand: Hand) -> None:
    await hand.write("taken.md", "there\n")
    await hand.write("notes/a.md", "there\n")
    for name, status in (("../up.md", 400), ("notes", 409), ("", 400), ("taken.md", 412)):
        await owner.open("/new?in=")
        await owner.send(name=name, text="typed\n", do="save")

        assert owner.page.status_code == status
        assert owner.alert
        assert owner.form.fields["text"] == "typed\n"


async def test_the_forms_are_those_of_our_own_pages(served: Listening, owner: Browser, hand: Hand) -> None:
    await hand.write("a.md", "one\n")
    await owner.open("/edit?path=a.md")
    await owner.send(token="wrong", text="two\n", do="save")
    assert owner.page.status_code == 403
    owner.http.headers["origin"] = "https://evil.example"
    answer = await owner.http.post("/edit", data={"path": "a.md", "base": "1", "text": "x", "token": "wrong"})

    assert answer.status_code == 403
    assert await stored(served, "a.md") == b"one\n"
    assert (await owner.http.post("/edit", content=b"\xff")).status_code == 403


async def test_a_number_that_is_none_is_refused(owner: Browser, hand: Hand) -> None:
    await hand.write("a.md", "one\n")
    await owner.open("/edit?path=a.md")
    await owner.send(base="x", do="save")

    assert owner.page.status_code == 400


async def test_the_pages_of_a_folder_and_of_a_file_lead_here(owner: Browser, hand: Hand) -> None:
    await hand.write("notes/a.md", "one\n")
    await owner.open("/files/notes")
    for address in ("/new?in=notes", "/upload?in=notes", "/move?path=notes", "/delete?path=notes"):
        assert f'href="{address}"' in owner.page.text
    await owner.open("/files/notes/a.md")
    for address in ("/edit?path=notes%2Fa.md", "/move?path=notes%2Fa.md", "/delete?path=notes%2Fa.md"):
        assert f'href="{address}"' in owner.page.text
