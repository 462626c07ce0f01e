"""Moving, deleting and restoring by hand."""

import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from tests.interfaces.web.filling import Browser, forms
from workspace_server.core.access import Caller

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")


async def paths(served: Listening) -> list[str]:
    listing = await served.engine.listing.list_files(ANA, recursive=True, detail="full")
    return [one["path"] for one in listing["files"] if one["type"] == "file"]


async def test_a_file_is_moved_with_the_reason(served: Listening, owner: Browser, hand: Hand) -> None:
    await hand.write("draft.md", "one\n")
    await owner.open("/move?path=draft.md")
    assert owner.form.fields["to"] == "draft.md"
    await owner.send(to="reports/final.md", message="it is final", do="move")

    assert (owner.page.status_code, owner.page.headers["location"]) == (303, "/files/reports/final.md")
    assert await paths(served) == ["reports/final.md"]
    newest = (await served.engine.files.file_history(ANA, path="reports/final.md"))["versions"][0]
    assert (newest["by"], newest["message"]) == ("owner", "it is final")


async def test_a_file_that_is_in_the_way_is_replaced_in_the_version_that_was_shown(
    served: Listening, owner: Browser, hand: Hand
) -> None:
    await hand.write("a.md", "a\n")
    await hand.write("b.md", "b\n")
    await owner.open("/move?path=a.md")
    await owner.send(to="b.md", do="move")
    assert owner.page.status_code == 428
    assert owner.form.fields["to"] == "b.md"
    assert 'href="/files/b.md">Look at it' in owner.page.text

    await hand.write("b.md", "newer\n")
    await owner.send(do="replace")
    assert owner.page.status_code == 412
    await owner.send(do="replace")

    assert await paths(served) == ["b.md"]
    assert (await served.engine.files.stat(ANA, path="b.md"))["version"] == 3


async def test_a_folder_is_moved_and_then_deleted_with_all_that_is_in_it(
    served: Listening, owner: Browser, hand: Hand
) -> None:
    for name in ("old/a.md", "old/in/b.md", "stays.md"):
        await hand.write(name, "x\n")
    await owner.open("/move?path=old")
    await owner.send(to="new", do="move")
    assert await paths(served) == ["new/a.md", "new/in/b.md", "stays.md"]

    await owner.open("/delete?path=new")
    assert "<strong>2 files</strong> in <strong><bdi>new/</bdi></strong>" in owner.page.text
    assert await paths(served) == ["new/a.md", "new/in/b.md", "stays.md"], "nothing goes before that is confirmed"
    await owner.send(message="done with it", do="delete")

    assert owner.page.headers["location"] == "/files/"
    assert await paths(served) == ["stays.md"]


async def test_only_the_version_that_was_shown_is_deleted(served: Listening, owner: Browser, hand: Hand) -> None:
    await hand.write("a.md", "one\n")
    await owner.open("/delete?path=a.md")
    await hand.write("a.md", "two\n", agent="bo")
    await owner.send(message="why", do="delete")
    assert owner.page.status_code == 412
    assert "Version 2" in owner.page.text
    assert owner.form.fields["message"] == "why"
    assert await paths(served) == ["a.md"]

    await owner.send(do="delete")
    assert await paths(served) == []


async def test_a_deleted_file_is_restored_from_its_page(served: Listening, owner: Browser, hand: Hand) -> None:
    await hand.write("a.md", "one\n")
    await owner.open("/delete?path=a.md")
    await owner.send(do="delete")
    await owner.open(owner.page.headers["location"])
    restoring = next(one for one in forms(owner.page.text) if one.action == "/restore")
    await owner.send(restoring)

    assert owner.page.headers["location"] == "/files/a.md"
    assert await paths(served) == ["a.md"]


async def test_what_is_locked_is_moved_or_deleted_once_its_lock_is_broken(
    served: Listening, owner: Browser, guest: Browser, hand: Hand
) -> None:
    await hand.write("a.md", "one\n")
    await served.engine.locks.lock_files(ANA, paths=["a.md"])
    for browser in (guest, owner):
        await browser.open("/move?path=a.md")
        await browser.send(to="b.md", do="move")
        assert browser.page.status_code == 423
        await browser.open("/delete?path=a.md")
        await browser.send(do="delete")
        assert browser.page.status_code == 423
    assert "break" not in guest.form.buttons

    await owner.send(sure="1", do="break")
    assert await paths(served) == []


async def test_what_is_not_there_says_so(owner: Browser) -> None:
    for address in ("/move?path=nothing.md", "/delete?path=nothing.md", "/move", "/delete"):
        await owner.open(address)
        assert owner.page.status_code in {400, 404}
