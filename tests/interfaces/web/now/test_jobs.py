"""The pages of jobs: queues, what is in progress, a job with its log, and what a person does about it."""

import re

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller

pytestmark = pytest.mark.anyio

ANA, BO = Caller(agent="ana"), Caller(agent="bo")


async def add(served: Listening, queue: str = "review") -> str:
    job: str = (await served.engine.jobs.add_job(ANA, queue=queue, instructions="Read <it>."))["job"]
    return job


async def state(served: Listening, job: str) -> str:
    found: str = (await served.engine.queues.show_job(ANA, job=job))["state"]
    return found


async def send(served: Listening, person: httpx2.AsyncClient, job: str, **fields: str) -> httpx2.Response:
    return await person.post(f"/jobs/{job}", data={"token": served.guard.form_token, **fields})


async def test_jobs_are_shown_by_queue_and_state(served: Listening, reader: httpx2.AsyncClient) -> None:
    for queue in ("review", "review", "edit"):
        await add(served, queue)
    await served.engine.jobs.claim_job(BO, queue="edit")
    html = (await reader.get("/jobs")).text

    assert re.findall(r'href="/jobs/(J\d)"', html) == ["J3", "J2", "J1"]
    assert re.findall(r'href="/jobs/(J\d)"', (await reader.get("/jobs?state=claimed")).text) == ["J3"]
    assert re.findall(r'href="/jobs/(J\d)"', (await reader.get("/jobs?queue=review")).text) == ["J2", "J1"]
    assert "No such jobs" in (await reader.get("/jobs?state=dead")).text
    assert (await reader.get("/jobs?state=lost")).status_code == 400
    assert (await reader.get("/jobs/J99")).status_code == 404


async def test_more_jobs_than_a_page_holds_stand_on_the_next(
    served: Listening, reader: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace_server.interfaces.web.now.jobs.PAGE", 2)
    for _ in range(3):
        await add(served)
    first = (await reader.get("/jobs")).text
    [more] = re.findall(r'href="(/jobs\?[^"]*cursor=\w+)"', first)

    assert re.findall(r'href="/jobs/(J\d)"', (await reader.get(more)).text) == ["J1"]


async def test_what_is_in_progress_is_told_with_what_it_waits_for(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    assert "No jobs yet" in (await reader.get("/jobs")).text
    triggers = served.engine.triggers
    await triggers.create_trigger(ANA, name="analyst", files=["a.md", "b.md"], mode="all", queue="analyst")
    await hand.write("a.md", "x")
    html = (await reader.get("/jobs")).text

    assert "fills: 1 of 2 in" in html
    assert 'waits for <a class="path" href="/files/b.md">' in html


async def test_a_firing_that_is_held_back_is_told_with_what_holds_it(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    triggers = served.engine.triggers
    for name, rest in (("busy", "immediate"), ("resting", {"quiet_ms": 60_000, "max_wait_ms": 120_000})):
        await triggers.create_trigger(ANA, name=name, files=[f"{name}.md"], queue=name, options={"settle": rest})
        await hand.write(f"{name}.md", "x")
    await hand.write("busy.md", "y")
    locked = {"settle": "immediate", "hold_max_seconds": 600}
    await triggers.create_trigger(ANA, name="locked", files=["locked.md"], queue="locked", options=locked)
    lock = (await served.engine.locks.lock_files(ANA, paths=["locked.md"]))["lock"]
    await served.engine.files.write_file(ANA, path="locked.md", content="x", lock=lock)
    html = (await reader.get("/jobs")).text

    assert 'href="/files/busy.md"><bdi>busy.md</bdi></a><span class="version">v2</span>' in html
    assert "waits until an earlier firing is done" in html
    assert "waits until its files are left alone" in html
    assert "waits for the lock of <bdi>ana</bdi> to end" in html


async def test_a_job_tells_its_inputs_at_their_versions_and_the_run_it_belongs_to(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    options = {"settle": "immediate"}
    await served.engine.triggers.create_trigger(ANA, name="edit", files=["a.md"], queue="editor", options=options)
    await hand.write("a.md", "x")
    await served.engine.jobs.claim_job(BO, queue="editor")
    html = (await reader.get("/jobs/J1")).text

    assert 'href="/files/a.md?version=1"' in html
    assert 'href="/runs/F1"' in html
    assert re.search(r'data-left="\d+"', html)
    assert "data-poll" in html
    assert "<form" not in html.partition("<main")[2]


async def test_the_end_of_a_log_is_shown_and_its_beginning_is_a_link_away(
    served: Listening, reader: httpx2.AsyncClient
) -> None:
    await add(served)
    await served.engine.jobs.claim_job(BO, queue="review")
    text = "\n".join(f"line <{number}>" for number in range(1, 701))
    await served.engine.jobs.write_log(BO, job="J1", attempt=1, text=text)
    html = (await reader.get("/jobs/J1")).text
    assert "line &lt;700&gt;" in html
    assert "line &lt;300&gt;" not in html
    assert "lines 301 to 700 of 700" in html

    earlier = (await reader.get("/jobs/J1?attempt=1&before=300")).text
    assert "line &lt;1&gt;\n" in earlier
    assert "Earlier lines" not in earlier
    assert (await reader.get("/jobs/J1?attempt=9")).status_code == 404


async def test_the_log_of_a_command_is_the_operators(served: Listening, reader: httpx2.AsyncClient) -> None:
    await add(served)
    await served.engine.jobs.claim_job(BO, queue="review")
    await served.engine.jobs.write_log(BO, job="J1", attempt=1, text="the password is x")
    await served.engine.db.write(lambda tx: tx.run("UPDATE jobs SET queue = 'command:it'"))
    html = (await reader.get("/jobs/J1")).text

    assert "the password" not in html
    assert "workspace-server jobs J1 --log" in html


async def test_a_person_answers_a_blocked_job(served: Listening, person: httpx2.AsyncClient) -> None:
    await add(served)
    await served.engine.jobs.claim_job(BO, queue="review")
    await served.engine.jobs.finish_job(BO, job="J1", outcome="blocked", note="Which one?")
    assert "Which one?" in (await person.get("/jobs/J1")).text
    assert (await send(served, person, "J1", action="reply", note="")).status_code == 400
    answer = await send(served, person, "J1", action="reply", note="the first")

    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs/J1")
    [job] = (await served.engine.jobs.claim_job(BO, queue="review")).values()
    assert job["reply"] == "the first"


async def test_a_person_gives_a_job_up_and_has_it_tried_again(served: Listening, person: httpx2.AsyncClient) -> None:
    await add(served)
    assert (await send(served, person, "J1", action="explode")).status_code == 400
    assert (await send(served, person, "J1", action="cancel", note="no longer wanted")).status_code == 303
    assert await state(served, "J1") == "failed"
    assert "no longer wanted" in (await person.get("/jobs/J1")).text
    assert 'role="alert"' in (await send(served, person, "J1", action="cancel")).text
    assert (await send(served, person, "J1", action="retry")).status_code == 303
    assert await state(served, "J1") == "queued"


async def test_who_only_reads_gives_nothing_up(served: Listening, reader: httpx2.AsyncClient) -> None:
    await add(served)
    fields = {"token": served.guard.form_token, "action": "cancel"}
    answer = await reader.post("/jobs/J1", data=fields, headers={"origin": served.url})

    assert answer.status_code == 403
    assert await state(served, "J1") == "queued"
