"""Share links: who makes them, what they lead to, and how they end."""

from dataclasses import replace
from pathlib import Path

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL
from workspace_server.errors import (
    Forbidden,
    Gone,
    InvalidArgument,
    InvalidPath,
    IsDirectory,
    NotFound,
    QuotaExceeded,
    RateLimited,
)
from workspace_server.services import links
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")
OWNER = Caller(agent="owner", scope=ALL)


async def share(engine: Engine, path: str, **how: object) -> str:
    """Return the id in the address of a new link."""
    made = await engine.links.create_link(OWNER, path=path, **how)  # type: ignore[arg-type]
    base, _, link_id = made["url"].rpartition("/s/")
    assert base == engine.folder.base_url
    return str(link_id)


async def read(engine: Engine, link_id: str, below: str = "") -> bytes:
    return await (await engine.links.content(await engine.links.enter(link_id), below)).read()


async def write(engine: Engine, path: str, content: str) -> None:
    await engine.files.write_file(ANA, path=path, content=content, overwrite=True)


async def names(engine: Engine, link_id: str, below: str = "") -> list[str]:
    listing = await engine.links.listing(await engine.links.enter(link_id), below)
    return [one["path"] for one in listing["files"]]


async def test_a_link_leads_to_the_newest_version_or_to_the_one_that_it_is_pinned_to(engine: Engine) -> None:
    await write(engine, "a.md", "one")
    live, pinned = await share(engine, "a.md"), await share(engine, "a.md", version=1)
    await write(engine, "a.md", "two")
    assert (await read(engine, live), await read(engine, pinned)) == (b"two", b"one")

    await engine.files.delete_file(ANA, path="a.md")
    with pytest.raises(NotFound):
        await read(engine, live)
    assert await read(engine, pinned) == b"one"


async def test_a_directory_is_shared_as_it_is_or_as_of_a_moment(engine: Engine) -> None:
    await write(engine, "in/a.md", "one")
    await write(engine, "out.md", "secret")
    live, pinned = await share(engine, "in"), await share(engine, "in", as_of_seq=engine.head_seq)
    whole = await share(engine, "")
    await write(engine, "in/a.md", "two")
    await write(engine, "in/deep/b.md", "new")

    assert await read(engine, live, "a.md") == b"two"
    assert await read(engine, pinned, "a.md") == b"one"
    assert await names(engine, live) == ["in/a.md", "in/deep"]
    assert await names(engine, live, "deep") == ["in/deep/b.md"]
    assert await names(engine, pinned) == ["in/a.md"]
    assert await names(engine, whole) == ["in", "out.md"]
    with pytest.raises(IsDirectory):
        await read(engine, whole)
    for below in ("out.md", "b.md"):
        with pytest.raises(NotFound):
            await read(engine, live, below)


async def test_only_who_may_administrate_makes_or_revokes_one(engine: Engine) -> None:
    await write(engine, "a.md", "one")
    await share(engine, "a.md")
    with pytest.raises(Forbidden):
        await engine.links.create_link(ANA, path="a.md")
    with pytest.raises(Forbidden):
        await engine.links.revoke_link(ANA, link="S1")

    (listed,) = (await engine.links.list_links(ANA))["links"]
    assert listed["state"] == "open"
    assert "url" not in listed


async def test_a_revoked_link_leads_nowhere_at_once_and_the_log_says_who_did_what(engine: Engine) -> None:
    await write(engine, "a.md", "one")
    link_id = await share(engine, "a.md", version=1, note="for the board")
    assert await engine.links.revoke_link(OWNER, link="S1") == {"link": "S1", "state": "revoked"}
    with pytest.raises(Gone):
        await engine.links.enter(link_id)
    assert await engine.links.revoke_link(OWNER, link="S1") == {"link": "S1", "state": "revoked"}
    with pytest.raises(NotFound):
        await engine.links.revoke_link(OWNER, link="S2")

    made, revoked = (await engine.events.feed(ANA, types=["link.created", "link.revoked"], since_seq=0))["events"]
    assert (made["agent"], made["path"], made["version"], made["link"], made["note"]) == (
        "owner",
        "a.md",
        1,
        "S1",
        "for the board",
    )
    assert (revoked["agent"], revoked["path"], revoked["link"]) == ("owner", "a.md", "S1")
    assert link_id not in repr((made, revoked, await engine.links.list_links(ANA)))
    audited = await engine.db.read(lambda tx: tx.all("SELECT action, agent FROM audit ORDER BY audit_id DESC LIMIT 2"))
    assert audited == [("revoke_link", "owner"), ("create_link", "owner")]


async def test_a_link_ends_when_its_time_is_over_and_is_forgotten_later(engine: Engine, clock: ManualClock) -> None:
    await write(engine, "a.md", "one")
    link_id = await share(engine, "a.md", expires_in_seconds=LIMITS.link_s_min)
    clock.advance(LIMITS.link_s_min - 1)
    await engine.links.enter(link_id)
    clock.advance(1)
    with pytest.raises(Gone):
        await engine.links.enter(link_id)
    assert await engine.links.revoke_link(OWNER, link="S1") == {"link": "S1", "state": "expired"}

    clock.advance(LIMITS.link_kept_s + 1)
    await engine.links.forget_old()
    with pytest.raises(NotFound):
        await engine.links.enter(link_id)


UNSHARABLE: list[tuple[str, dict[str, object], type[Exception]]] = [
    ("nothing.md", {}, NotFound),
    ("a.md", {"version": 9}, NotFound),
    ("a.md", {"as_of_seq": 1}, InvalidArgument),
    ("in", {"version": 1}, InvalidArgument),
    ("in", {"as_of_seq": 10_000}, InvalidArgument),
    ("a.md", {"expires_in_seconds": 1}, InvalidArgument),
    ("../up", {}, InvalidPath),
]


async def test_what_cannot_be_shared_so_is_refused(engine: Engine) -> None:
    await write(engine, "a.md", "one")
    await write(engine, "in/a.md", "one")
    for path, how, refusal in UNSHARABLE:
        with pytest.raises(refusal):
            await share(engine, path, **how)


async def test_the_id_is_kept_nowhere(engine: Engine) -> None:
    await write(engine, "a.md", "one")
    repeated = Caller(agent="owner", scope=ALL, request_id="once")
    first = await engine.links.create_link(repeated, path="a.md")
    again = await engine.links.create_link(repeated, path="a.md")
    assert again == {name: value for name, value in first.items() if name != "url"} | {"replayed": True}

    link_id = str(first["url"]).rpartition("/")[2]
    kept = b"".join(path.read_bytes() for path in (engine.root / ".workspace").glob("workspace.db*"))
    assert b"S1" in kept
    assert link_id.encode() not in kept


async def test_wrong_ids_are_bounded_and_right_ones_are_not(engine: Engine, clock: ManualClock) -> None:
    await write(engine, "a.md", "one")
    link_id = await share(engine, "a.md")
    for wrong in ["x", *["A" * 32] * (LIMITS.link_misses_per_second - 1)]:
        with pytest.raises(NotFound):
            await engine.links.enter(wrong)
    with pytest.raises(RateLimited):
        await engine.links.enter("B" * 32)
    await engine.links.enter(link_id)

    clock.advance(1)
    with pytest.raises(NotFound):
        await engine.links.enter("B" * 32)


async def test_how_often_a_link_was_opened_outlives_the_server(folder: Path, clock: ManualClock) -> None:
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await write(engine, "a.md", "one")
        link = await engine.links.enter(await share(engine, "a.md"))
        engine.links.note_opened(link)
        engine.links.note_opened(link)
        assert (await engine.links.list_links(ANA))["links"][0]["opened"] == 2

    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        (listed,) = (await engine.links.list_links(ANA))["links"]
        assert listed["opened"] == 2
        assert "opened_at" in listed
        await engine.links.flush()


async def test_links_are_listed_page_by_page_and_by_path(engine: Engine) -> None:
    for name in ("a.md", "b.md"):
        await write(engine, name, "x")
        await share(engine, name)
    first = await engine.links.list_links(ANA, limit=1)
    assert [one["link"] for one in first["links"]] == ["S2"]
    rest = await engine.links.list_links(ANA, limit=1, cursor=first["next_cursor"])
    assert [one["link"] for one in rest["links"]] == ["S1"]
    assert "next_cursor" not in rest
    assert [one["link"] for one in (await engine.links.list_links(ANA, path="b.md"))["links"]] == ["S2"]


async def test_there_are_so_many_links_at_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    await write(engine, "a.md", "x")
    monkeypatch.setattr(links, "LIMITS", replace(LIMITS, links_max=1))
    await share(engine, "a.md")
    with pytest.raises(QuotaExceeded):
        await share(engine, "a.md")
    await engine.links.revoke_link(OWNER, link="S1")
    await share(engine, "a.md")
