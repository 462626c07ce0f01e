"""The page of share links: who makes and revokes them there."""

import re

import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from tests.interfaces.web.filling import Browser, forms
from workspace_server.core.access import Caller

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")


async def test_a_link_is_made_shown_once_and_revoked(
    served: Listening, owner: Browser, guest: Browser, hand: Hand
) -> None:
    await hand.write("a.md", "hello\n")
    await owner.open("/files/a.md")
    assert 'href="/links?path=a.md"' in owner.page.text
    await owner.open("/links?path=a.md")
    await owner.send(pin="1", term="3600", note="for bo")
    found = re.search(rf"{served.url}(/s/[\w-]+)", owner.page.text)
    assert found is not None
    await hand.write("a.md", "changed\n")
    assert "hello" in (await guest.http.get(found[1])).text

    await owner.open("/links")
    assert found[1] not in owner.page.text
    (listed,) = (await served.engine.links.list_links(ANA))["links"]
    assert (listed["by"], listed["version"], listed["note"]) == ("owner", 1, "for bo")
    await owner.send(next(one for one in forms(owner.page.text) if one.action == "/links/revoke"))
    assert (await guest.http.get(found[1])).status_code == 410
    await owner.open("/links")
    assert "revoked" in owner.page.text


async def test_a_folder_is_shared_as_it_changes_or_as_it_is_now(served: Listening, owner: Browser, hand: Hand) -> None:
    await hand.write("in/a.md", "hello\n")
    for pin in ("", "1"):
        await owner.open("/links?path=in")
        await owner.send(pin=pin, term="86400")
    await owner.open("/links?path=/")
    await owner.send(pin="", term="86400")

    rows = (await served.engine.links.list_links(ANA))["links"]
    assert [(one["path"], "as_of_seq" in one) for one in rows] == [("", False), ("in", True), ("in", False)]


async def test_whoever_was_not_let_in_sees_the_links_and_makes_none(
    served: Listening, guest: Browser, owner: Browser, hand: Hand
) -> None:
    await hand.write("a.md", "hello\n")
    await owner.open("/links?path=a.md")
    making = owner.form
    await guest.open("/links?path=a.md")
    assert forms(guest.page.text) == []
    assert "workspace-server open" in guest.page.text
    await guest.send(making, pin="", term="3600")
    assert guest.page.status_code == 403
    await owner.send(making, pin="", term="1")
    assert owner.page.status_code == 400
    await owner.send(making, pin="", term="3600")
    await owner.open("/links")
    revoking = next(one for one in forms(owner.page.text) if one.action == "/links/revoke")
    await guest.send(revoking)

    assert guest.page.status_code == 403
    assert [one["state"] for one in (await served.engine.links.list_links(ANA))["links"]] == ["open"]


async def test_what_is_not_there_cannot_be_shared(owner: Browser) -> None:
    await owner.open("/links?path=nothing.md")

    assert "nothing to share" in owner.page.text
    assert forms(owner.page.text) == []
