"""A workspace in which something of everything has happened, and the addresses at which one sees it.

A page that is added needs an address here: `test_every_address_of_a_page_has_a_sample` says so until it has one.
"""

import base64
import json
from collections.abc import Sequence

from tests.indexer import files as documents
from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c636060f8ff1f000401"
    "01ff7f3a1b2c0000000049454e44ae426082"
)
PLAN = "# Plan\n\nWe need **three weeks**.\n\n## Steps\n\n1. Research\n2. Compare\n\n## Risks\n\n- Old figures\n"
CODE = 'def hello() -> str:\n    """Say hello."""\n    return "hello"\n'
SILENCE = b"\xff\xfb\x10\xc4" + bytes(100)
NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "source": "# Prices\n\nOne figure.\n"},
            {
                "cell_type": "code",
                "execution_count": 1,
                "source": "print(19)\nplot()",
                "outputs": [
                    {"output_type": "stream", "text": "19\n"},
                    {"output_type": "display_data", "data": {"image/png": base64.b64encode(PIXEL).decode()}},
                    {"output_type": "error", "traceback": ["NameError: plot"]},
                ],
            },
        ]
    }
)
MANAGER, ANA, BO = Caller(agent="manager"), Caller(agent="ana"), Caller(agent="bo")
OWNER = Caller(agent="owner", scope=ALL)

SAMPLES: Sequence[str] = (
    "/",
    "/files/research",
    "/files/?name=*.md&type=text/&agent=editor&since=7d&sort=-modified",
    "/files/?name=nothing-is-called-that",
    "/files/?deleted=1",
    "/folders",
    "/folders?path=research/deep",
    "/find?q=pri",
    "/keys",
    "/files/empty/nothing.md",
    "/files/plan.md",
    "/files/src/app.py#L3",
    "/files/research/prices.csv",
    "/files/data.json",
    "/files/pixel.png",
    "/files/blob.bin",
    "/files/log.jsonl",
    "/files/page.html",
    "/files/paper.pdf",
    "/files/tune.mp3",
    "/files/work.ipynb",
    "/files/long.log?line=9",
    "/files/gone.md",
    "/files/plan.md?view=source&q=four+weeks&found=3-3#L3",
    "/files/plan.md?view=history",
    "/files/plan.md?diff=1..2",
    "/files/plan.md?diff=1..2&layout=side",
    "/files/plan.md?diff=1..2&form=rendered",
    "/files/research/prices.csv?diff=1..2&form=rendered",
    "/files/blob.bin?diff=1..1",
    "/files/plan.md?view=blame",
    "/files/research/a.md?view=source",
    "/files/final/summary.md?view=facts",
    "/files/plan.md?view=facts",
    "/search",
    "/search?q=weeks",
    "/search?q=weeks&mode=exact",
    "/search?q=(&mode=regex",
    "/search?q=nowhere&path=research&agent=ana",
    "/facts",
    "/facts?q=price&as_of=6",
    "/facts?kind=risk&subject=nobody",
    "/contradictions",
    "/contradictions?subject=Alpha&key=price",
    "/contradictions?cursor=1",
    "/activity",
    "/activity?squash=1&path=research/",
    "/activity?kind=attention&agent=nobody",
    "/agents",
    "/agents/ana",
    "/undo?agent=editor&since=1h",
    "/locks",
    "/jobs",
    "/jobs/J1",
    "/triggers",
    "/triggers/analyst-when-all-in",
    "/triggers/publish?delete=1",
    "/triggers:new",
    "/triggers/publish/change",
    "/runs",
    "/runs/F1",
    "/deliveries",
    "/deliveries/none",
    "/receivers",
    "/attention",
    "/attention?kind=dead_job",
    "/attention/A1",
    "/connect",
    "/edit?path=plan.md",
    "/edit?path=blob.bin",
    "/new?in=research",
    "/upload?in=research",
    "/move?path=plan.md",
    "/delete?path=research",
    "/links",
    "/links?path=plan.md",
    "/login",
    "/no-such-page",
)


async def stage(served: Listening) -> None:
    """Let agents do what fills every page."""
    hand, engine = Hand(served), served.engine
    await hand.write("plan.md", PLAN, agent="manager", message="first plan")
    await hand.write("plan.md", PLAN.replace("three", "four"), agent="manager", message="one week more")
    await hand.write("research/prices.csv", "name,price\nalpha,1.5\nbeta,20\n", agent="researcher-1")
    await hand.write("research/prices.csv", "name,price\nalpha,1.5\nbeta,21\n", agent="researcher-1")
    await hand.write("research/a.md", "# Alpha\n\nprice: 19 EUR\n", agent="researcher-1")
    await hand.write("research/b.md", "# Alpha\n\nprice: 21 EUR\n", agent="researcher-2")
    await hand.write("src/app.py", CODE, agent="editor")
    await hand.write("data.json", '{"name": "atlas", "list": [1, 2, {"deep": true}]}')
    await hand.write("pixel.png", PIXEL)
    await hand.write("blob.bin", b"\x00\x01\x02")
    await hand.write("log.jsonl", '{"at": 1, "by": ["ana", "bo"]}\n{"at": 2}\n')
    await hand.write("page.html", "<!doctype html><title>Report</title><h1>Report</h1><p>All is well.</p>")
    await hand.write("paper.pdf", documents.pdf([["Owner: Ada"], ["Cost: 3 EUR"]]))
    await hand.write("tune.mp3", SILENCE)
    await hand.write("work.ipynb", NOTEBOOK)
    await hand.write("long.log", ("2026-11-30 12:00:00 INFO" + " all is well" * 40 + "\n") * 320)
    await hand.write("research/deep/er/note.txt", "x")
    await hand.write("gone.md", "x")
    await engine.files.delete_file(ANA, path="gone.md")
    await engine.locks.lock_files(ANA, paths=["research/"], purpose="checking the figures once more")
    await engine.locks.lock_files(BO, paths=["plan.md"], mode="intent", purpose="a chapter on risks")
    await engine.jobs.add_job(MANAGER, queue="review", instructions="Read the plan.", inputs=["plan.md"])
    await engine.jobs.claim_job(BO, queue="review")
    for job in ("J2", "J3"):
        await engine.jobs.add_job(MANAGER, queue="sums", instructions="Add it up.")
        await engine.jobs.claim_job(ANA, queue="sums")
        await engine.jobs.finish_job(ANA, job=job, outcome="failed", note="The figures are missing.")
    await engine.jobs.write_log(BO, job="J1", attempt=1, text="reading\n" * 500)
    names = [f"research/{name}.csv" for name in ("prices", "features", "reviews")]
    await engine.triggers.create_trigger(MANAGER, name="analyst-when-all-in", files=names, mode="all", queue="a")
    options = {"approval": "Publish it?", "settle": "immediate"}
    await engine.triggers.create_trigger(MANAGER, name="publish", files=["final/{name}.md"], options=options)
    await hand.write("final/report.md", "# Report\n\nprice: 20 EUR\n", agent="editor")
    used = [{"path": "plan.md", "version": 1}, {"path": "research/a.md", "version": 1}]
    await engine.files.write_file(BO, path="final/summary.md", content="# Summary\n", sources=used)
    await engine.agents.notes.leave_note(OWNER, agent="ana", text="Use the new price list.", acknowledge=True)
    await engine.agents.pauses.pause_agent(OWNER, agent="researcher-2", note="wrong sources")
    await engine.search.query_facts(ANA, min_seq=engine.events.head_seq)
