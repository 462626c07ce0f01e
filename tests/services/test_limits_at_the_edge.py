"""Every bound of the table at its edge: what is just within passes, one more is refused, and the bound is named."""

import ast
import asyncio
import base64
import re
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from starlette.applications import Starlette

from tests.project.tree import ROOT
from tests.services.edges import ANN, CALLS, RULES, TESTS, edge
from tests.services.edges import ROOT as PERSON
from workspace_server.app.serving import Server
from workspace_server.core import diffs, issued
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS, Limits
from workspace_server.core.pace import Pace
from workspace_server.core.patterns import Selector
from workspace_server.core.subscriptions import parse_wanted
from workspace_server.delivery.guard import Policy
from workspace_server.delivery.issuer import IssuerOverHttp
from workspace_server.delivery.sender import Sender
from workspace_server.errors import Conflict, InvalidArgument, InvalidPath, QuotaExceeded, TooLarge, WorkspaceError
from workspace_server.services import activity, issuer, tokens
from workspace_server.services.agents import presence
from workspace_server.services.automation import jobs, making, runs
from workspace_server.services.automation.sending import dispatch
from workspace_server.services.engine import Engine
from workspace_server.services.files import drafts, puts, seen
from workspace_server.services.locking import line
from workspace_server.services.subscribing import reading
from workspace_server.storage.disk.watcher import Marks
from workspace_server.storage.reserve import Reserve
from workspace_server.storage.tables import drafts as draft_rows

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("some bounds are those of the disk")]
REFUSED = (InvalidArgument, InvalidPath, TooLarge, QuotaExceeded, ValueError)
RATES = {"bytes_per_s_min": "slow_window_s"}
"""A rate is tested by the stretch in which it is measured."""


def test_every_bound_has_one_test_at_its_edge() -> None:
    bounds = [field.name for field in fields(Limits)]
    assert sorted([*CALLS, *RULES, *TESTS]) == sorted(bounds), (
        "a new bound stands in one of the tables of tests/services/edges.py"
    )


@pytest.mark.parametrize("name", TESTS)
def test_a_test_that_is_named_is_there_and_names_the_bound(name: str) -> None:
    file, _, function = TESTS[name].partition("::")
    text = (ROOT / "tests" / file).read_text("utf-8")
    there = {one.name for one in ast.parse(text).body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert function in there
    assert re.search(rf"\b{RATES.get(name, name)}\b", text)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_takes_what_is_just_within_its_bound(name: str) -> None:
    within, beyond = edge(name)
    RULES[name](within)
    with pytest.raises(REFUSED) as refusal:
        RULES[name](beyond)
    said = refusal.value
    if name != "agent_chars_max":  # a name is refused with its form as a whole
        told = f"{said} {said.hint} {said.facts}" if isinstance(said, WorkspaceError) else str(said)
        assert str(within) in told


async def test_a_call_takes_what_is_just_within_its_bound(engine: Engine) -> None:
    await engine.files.write_file(ANN, path="a.md", content="a")
    for name, (argument, ask) in CALLS.items():
        within, beyond = edge(name)
        try:
            await ask(engine, within)
            refused = None
        except WorkspaceError as other:  # of another argument, or of what is not there: the bound let it pass
            refused = other.facts.get("argument")
        assert refused != argument, name
        with pytest.raises(REFUSED) as refusal:
            await ask(engine, beyond)
        said = refusal.value
        assert isinstance(said, WorkspaceError)
        assert said.facts.get("argument", argument) == argument
        assert str(within) in f"{said} {said.hint} {said.facts}", name


def lower(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType, **bounds: Any) -> None:
    """Let bounds be small in the modules that hold to them, so that going to their edge is cheap."""
    for module in modules:
        monkeypatch.setattr(module, "LIMITS", replace(LIMITS, **bounds))


def test_a_diff_is_cut_where_it_is_longer_than_it_may_be() -> None:
    def diff(chars: int) -> str:
        return diffs.unified("", "x" * chars + "\n", before_name="a", after_name="b")

    frame = len(diff(1)) - 1
    assert diffs.CUT not in diff(LIMITS.diff_chars_max - frame)
    assert diffs.CUT in diff(LIMITS.diff_chars_max - frame + 1)
    assert len(diff(LIMITS.diff_chars_max - frame + 1)) <= LIMITS.diff_chars_max


async def test_a_text_is_edited_up_to_its_bound(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    lower(monkeypatch, puts, merge_bytes_max=10)
    await engine.files.write_file(ANN, path="a.md", content="x" * 9 + "y")
    await engine.files.edit_file(ANN, path="a.md", edits=[{"old_text": "y", "new_text": "zz"}])
    with pytest.raises(TooLarge) as refusal:
        await engine.files.edit_file(ANN, path="a.md", edits=[{"old_text": "zz", "new_text": "y"}])
    assert (refusal.value.facts["limit"], refusal.value.facts["actual"]) == (10, 11)


async def test_so_many_agents_are_remembered(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    lower(monkeypatch, presence, agents_max=2)
    here = presence.Presence(clock)
    counted = [here.begin(Caller(agent=name), "read_file").counts for name in ("ann", "bob", "cy", "ann")]
    assert counted == [True, True, False, True]


async def test_an_agents_drafts_hold_so_many_bytes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    lower(monkeypatch, drafts, draft_rows, draft_bytes_per_agent_max=10)
    await engine.files.write_file(ANN, path="a.md", content="a")

    async def kept(size: int) -> object:
        with pytest.raises(Conflict) as refusal:
            await engine.files.write_file(ANN, path="a.md", content="x" * size, expect_version=7)
        return refusal.value.facts.get("draft")

    assert [await kept(10), await kept(11)] == ["D1", None]
    assert await kept(1) == "D2"
    with pytest.raises(WorkspaceError):
        await engine.files.write_file(ANN, path="a.md", draft="D1", overwrite=True)
    assert (await engine.files.write_file(ANN, path="a.md", draft="D2", overwrite=True))["version"] == 2


async def test_so_many_reads_are_remembered_and_for_so_long(
    engine: Engine, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower(monkeypatch, seen, reads_max=2)
    for path in ("a.md", "b.md", "c.md"):
        await engine.files.write_file(PERSON, path=path, content="x")
        await engine.files.read_file(ANN, path=path)
    known = engine.folder.seen
    await known.flush(engine.db)
    assert {path for agent, path in known._sights if agent == "ann"} == {"b.md", "c.md"}

    async def remembered() -> set[str]:
        fresh = seen.Seen()
        await fresh.load(engine.db)
        return {path for agent, path in fresh._sights if agent == "ann"}

    clock.advance(LIMITS.read_kept_s - 1.0)
    assert await remembered() == {"b.md", "c.md"}
    clock.advance(1.0)
    assert await remembered() == set()


def test_the_line_has_so_many_places(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {"agent": "ann", "mode": "exclusive", "chosen": [Selector.stored("path", "a.md")]}
    lower(monkeypatch, line, lock_places_max=1)
    line._check_room([], **asked)
    lower(monkeypatch, line, lock_places_max=0)
    with pytest.raises(QuotaExceeded) as refusal:
        line._check_room([], **asked)
    assert refusal.value.facts == {"limit": 0, "actual": 1}


async def test_a_page_of_the_activity_squashes_so_many_events(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    lower(monkeypatch, activity, events_squashed_max=2)
    wanted = activity.Wanted(types=["file.updated", "file.created"], squash=True)
    for number in range(2):
        await engine.files.write_file(ANN, path="a.md", content=str(number), overwrite=True)
    assert [one["changes"] for one in (await engine.activity.recent(ANN, wanted))["events"]] == [2]
    await engine.files.write_file(ANN, path="a.md", content="more", overwrite=True)
    page = await engine.activity.recent(ANN, wanted)
    assert ([one["changes"] for one in page["events"]], page.get("older") is not None) == ([2], True)


async def test_a_workspace_has_so_many_triggers(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    lower(monkeypatch, making, triggers_max=1)
    await engine.triggers.create_trigger(ANN, name="one", files=["a.md"], queue="q")
    with pytest.raises(QuotaExceeded) as refusal:
        await engine.triggers.create_trigger(ANN, name="two", files=["a.md"], queue="q")
    assert refusal.value.facts == {"limit": 1, "actual": 2}


async def test_a_run_shows_so_many_steps(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    await engine.triggers.create_trigger(ANN, name="one", files=["a.md"], mode="any", settle="immediate", queue="q")
    seq = (await engine.files.write_file(ANN, path="a.md", content="x"))["seq"]
    whole = await engine.runs.show_run(ANN, run=str(seq))
    count = len(whole["steps"])
    assert (count > 1, whole["more"]) == (True, False)
    lower(monkeypatch, runs, run_steps_max=count)
    assert not (await engine.runs.show_run(ANN, run=str(seq)))["more"]
    lower(monkeypatch, runs, run_steps_max=count - 1)
    assert (await engine.runs.show_run(ANN, run=str(seq)))["more"]


async def test_so_many_logs_of_attempts_are_kept(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    lower(monkeypatch, jobs, job_logs_max=1)
    for name in ("J1", "J2"):
        await engine.jobs.add_job(ANN, queue="q", instructions="x")
        await engine.jobs.claim_job(ANN, queue="q")
        await engine.jobs.write_log(ANN, job=name, attempt=1, text=name)
        assert (await engine.queues.read_log(PERSON, job=name))["log"] == name
    with pytest.raises(WorkspaceError) as refusal:
        await engine.queues.read_log(PERSON, job="J1")
    assert refusal.value.code in {"gone", "not_found"}


async def test_who_sends_out_holds_to_the_table_unless_told_otherwise() -> None:
    async with Sender(Policy()) as sender:
        assert sender._session is not None
        assert sender._session.timeout.connect == LIMITS.delivery_connect_s
        assert sender._session.timeout.total == LIMITS.delivery_total_s


def test_an_endpoint_has_room_for_so_many_attempts() -> None:
    pace = Pace(most_per_second=1, per_second=1, left=1, at_s=0)
    at_once, unrecorded = LIMITS.deliveries_in_flight_max, LIMITS.deliveries_unrecorded_max
    assert dispatch._Traffic(pace, in_flight=at_once - 1).room() == 1
    assert dispatch._Traffic(pace, in_flight=at_once).room() == 0
    assert dispatch._Traffic(pace, unrecorded=set(range(unrecorded - 1))).room() == 1
    assert dispatch._Traffic(pace, unrecorded=set(range(unrecorded))).room() == 0


async def test_a_poll_looks_at_so_many_events(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        await engine.files.write_file(ANN, path=f"{number}.md", content="x")
    lower(monkeypatch, reading, poll_rows_max=2)
    engine.events.tail._kept.clear()
    first = await engine.subscribing.reading.page(ANN, parse_wanted("file.deleted", {}), 0, most=10)
    assert (first.seen_seq, first.more) == (2, True)
    lower(monkeypatch, reading, poll_rows_max=engine.head_seq + 1_000)
    assert not (await engine.subscribing.reading.page(ANN, parse_wanted("file.deleted", {}), 0, most=10)).more


async def test_a_share_link_lives_a_week_unless_it_is_said(engine: Engine, clock: ManualClock) -> None:
    await engine.files.write_file(ANN, path="a.md", content="x")
    made = await engine.links.create_link(PERSON, path="a.md")
    token = made["url"].rpartition("/")[2]
    clock.advance(LIMITS.link_s - 1.0)
    assert await engine.links.enter(token)
    clock.advance(1.0)
    with pytest.raises(WorkspaceError):
        await engine.links.enter(token)


def test_a_connection_rests_as_long_as_the_table_says() -> None:
    assert Server(Starlette(), log_level="critical").config.timeout_keep_alive == LIMITS.keep_alive_s


def test_the_reserve_is_as_large_as_the_table_says(tmp_path: Path) -> None:
    Reserve(tmp_path).open()
    assert (tmp_path / "reserve").stat().st_size == LIMITS.reserve_bytes


def test_beyond_so_many_marks_everything_is_dirty() -> None:
    marks = Marks(lambda: None)
    for number in range(LIMITS.watch_dirty_max):
        marks.mark(str(number))
    marks.mark("0")
    assert not marks._everything
    marks.mark("one more")
    assert marks.take() == (True, set())


def test_a_token_of_an_issuer_is_looked_at_up_to_its_bounds() -> None:
    header = base64.urlsafe_b64encode(b'{"alg": "ES256"}').decode().rstrip("=")

    def token(size: int) -> str:
        signature = "AAAA" if (size - len(header) - 6) % 4 != 1 else "AAA"
        return f"{header}.{'A' * (size - len(header) - 2 - len(signature))}.{signature}"

    assert issuer._header(token(LIMITS.issued_token_bytes_max)) == {"alg": "ES256"}
    assert issuer._header(token(LIMITS.issued_token_bytes_max + 1)) is None
    assert issued._seconds({"exp": LIMITS.issued_time_s_max}, "exp") == LIMITS.issued_time_s_max
    with pytest.raises(issued.Unproven):
        issued._seconds({"exp": LIMITS.issued_time_s_max + 1}, "exp")


async def test_so_many_tokens_of_an_issuer_are_remembered(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    lower(monkeypatch, tokens, issued_tokens_max=2)
    made = await engine.tokens.create_token(PERSON, agent="ann", allow=["read:**"])
    token = engine.tokens.check(made["id"])
    for digest in "abc":
        engine.tokens.add_issued(digest, token)
    assert [digest for digest in "abc" if engine.tokens.issued(digest) is not None] == ["b", "c"]


async def test_an_issuer_is_heard_up_to_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = IssuerOverHttp("https://login.example")
    assert (heard._sender._total_s, heard._sender._answer_bytes_max) == (
        LIMITS.issuer_s,
        LIMITS.issuer_answer_bytes_max,
    )

    async def says(_: object, __: str) -> dict[str, Any]:
        return {"keys": [{"kid": str(number)} for number in range(LIMITS.issuer_keys_max + 1)], "jwks_uri": "https://x"}

    monkeypatch.setattr(IssuerOverHttp, "_json", says)
    monkeypatch.setattr(IssuerOverHttp, "_keys_url", lambda _: asyncio.sleep(0, "https://login.example/jwks"))
    assert len(await heard.keys()) == LIMITS.issuer_keys_max
