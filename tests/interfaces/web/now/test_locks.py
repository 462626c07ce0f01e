"""The page of locks: who holds what, who waits at which place, and a person who breaks one."""

import asyncio
import re

import httpx2
import pytest

from tests.interfaces.listening import Listening
from workspace_server.core.access import Caller
from workspace_server.errors import LockLost

pytestmark = pytest.mark.anyio

ANA, BO, CY = (Caller(agent=name) for name in ("ana", "bo", "cy"))


async def send(person: httpx2.AsyncClient, **fields: str) -> httpx2.Response:
    found = re.search(r'name="token" value="(\w+)"', (await person.get("/locks")).text)
    return await person.post("/locks", data={"token": found[1] if found else "", **fields})


async def test_a_person_breaks_a_lock_and_its_holder_is_told(served: Listening, person: httpx2.AsyncClient) -> None:
    held = await served.engine.locks.lock_files(ANA, paths=["a.md"], purpose="writing it")
    answer = await send(person, lock="L1", note="ana has gone home")

    assert (answer.status_code, answer.headers["location"]) == (303, "/locks")
    with pytest.raises(LockLost) as lost:
        await served.engine.files.write_file(ANA, path="a.md", content="x", lock=held["lock"])
    assert lost.value.facts["reason"] == "broken"
    [told] = (await served.engine.events.feed(ANA, types=["lock.broken"]))["events"]
    assert (told["agent"], told["by"], told["note"]) == ("ana", "owner", "ana has gone home")
    html = (await person.get("/locks")).text
    assert "Nobody holds a lock" in html
    assert '<section class="card" id="lock-queue" data-live></section>' in html, "so that no empty frame is drawn"


async def test_a_lock_that_is_gone_is_refused_above_the_list(served: Listening, person: httpx2.AsyncClient) -> None:
    await served.engine.locks.lock_files(ANA, paths=["a.md"])
    answer = await send(person, lock="L77")

    assert answer.status_code >= 400
    assert 'role="alert"' in answer.text


async def test_who_may_not_break_locks_is_told_how_to(served: Listening, reader: httpx2.AsyncClient) -> None:
    await served.engine.locks.lock_files(ANA, paths=["dir/"])
    html = (await reader.get("/locks")).text
    fields = {"token": served.guard.form_token, "lock": "L1"}

    assert "<form" not in html.partition("<main")[2]
    assert "workspace-server open" in html
    assert '<a class="path" href="/files/dir">' in html
    assert (await reader.post("/locks", data=fields, headers={"origin": served.url})).status_code == 403


async def test_the_line_tells_each_place_and_how_long_it_is_waited_at(
    served: Listening, reader: httpx2.AsyncClient
) -> None:
    locks = served.engine.locks
    await locks.lock_files(ANA, paths=["a.md"])
    waiting = []
    for number, agent in enumerate((BO, CY), 1):
        waiting.append(asyncio.create_task(locks.lock_files(agent, paths=["a.md"], wait_seconds=30)))
        while len((await locks.list_locks(ANA))["waiting"]) < number:  # noqa: ASYNC110 - the line tells nobody
            await asyncio.sleep(0)
    html = (await reader.get("/locks")).text
    for call in waiting:
        call.cancel()

    assert re.findall(r'data-label="Place in line">(\d+)<', html) == ["1", "2"]
    assert re.findall(r'data-since="(\d+)"', html) == ["0", "0"]


async def test_many_locks_stand_on_pages_and_are_counted(
    served: Listening, reader: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace_server.interfaces.web.now.locks.PAGE", 2)
    for number in range(3):
        await served.engine.locks.lock_files(ANA, paths=[f"{number}.md"])
    waiting = []
    for number in range(3):
        waiting.append(asyncio.create_task(served.engine.locks.lock_files(BO, paths=[f"{number}.md"], wait_seconds=30)))
        while len((await served.engine.locks.list_locks(ANA))["waiting"]) <= number:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
    first = (await reader.get("/locks")).text
    [newer] = re.findall(r'href="(/locks\?after=\d+)"', first)
    second = (await reader.get(newer)).text
    beyond = (await reader.get("/locks?after=3")).text
    for call in waiting:
        call.cancel()

    assert re.findall(r'data-label="Lock">(L\d)<', first) == ["L1", "L2"]
    assert re.findall(r'data-label="Lock">(L\d)<', second) == ["L3"]
    assert "<h2>3 locks</h2>" in first
    assert "the first 2 of 3" in first
    assert "Newer</a>" not in second
    assert "No newer locks" in beyond
