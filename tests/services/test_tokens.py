"""Tokens: made once, kept as digests, and proving nothing from the moment on at which they are revoked."""

import asyncio
from collections.abc import AsyncIterator

import anyio
import pytest

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL
from workspace_server.errors import Forbidden, NotFound, QuotaExceeded, RateLimited, Unauthenticated
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio
OWNER = Caller(agent="owner", scope=ALL)
DAY_S = 24 * 3600


async def test_a_token_proves_who_bears_it_until_it_is_revoked(engine: Engine) -> None:
    was_required = engine.tokens.required
    made = await engine.tokens.create_token(OWNER, agent="ann", allow=["read:docs/**"], note="for the laptop")
    assert (was_required, engine.tokens.required) == (False, True)
    assert made["allow"] == ["read:docs/**"]
    assert engine.tokens.bearer(made["token"]).acts_as(None) == "ann"
    assert engine.tokens.check(made["id"]).agent == "ann"

    assert await engine.tokens.revoke_token(OWNER, token=made["id"]) == {"id": made["id"], "state": "revoked"}
    with pytest.raises(Unauthenticated):
        engine.tokens.bearer(made["token"])
    with pytest.raises(Unauthenticated):
        engine.tokens.check(made["id"])
    assert engine.tokens.required
    assert (await engine.tokens.revoke_token(OWNER, token=made["id"]))["state"] == "revoked"
    with pytest.raises(NotFound):
        await engine.tokens.revoke_token(OWNER, token="0" * 12)


async def test_a_token_ends_with_its_time(engine: Engine, clock: ManualClock) -> None:
    made = await engine.tokens.create_token(OWNER, agent="ann", expires_in_seconds=DAY_S)
    clock.advance(DAY_S - 1)
    assert engine.tokens.bearer(made["token"]).agent == "ann"
    clock.advance(1)
    with pytest.raises(Unauthenticated):
        engine.tokens.bearer(made["token"])
    (listed,) = (await engine.tokens.list_tokens(OWNER))["tokens"]
    assert listed["state"] == "expired"
    assert (await engine.tokens.revoke_token(OWNER, token=made["id"]))["state"] == "expired"


async def test_a_token_is_kept_nowhere_and_the_next_owner_knows_it_by_its_digest(engine: Engine) -> None:
    made = await engine.tokens.create_token(OWNER, agent="ann")
    secret = made["token"].split("_", 2)[2]
    assert made["token"] not in str(await engine.tokens.list_tokens(OWNER))
    engine.tokens.bearer(made["token"])
    await engine.tokens.flush()
    assert (await engine.tokens.list_tokens(OWNER))["tokens"][0]["used_at"]
    state = engine.root / ".workspace"
    assert not [file for file in state.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]

    engine.tokens._live = {}
    engine.tokens.required = False
    await engine.tokens.load(engine.db)
    assert engine.tokens.required
    assert engine.tokens.bearer(made["token"]).token_id == made["id"]


async def test_making_and_revoking_takes_the_verb_admin_and_is_audited(engine: Engine) -> None:
    for refused in (
        engine.tokens.create_token(Caller(agent="ann"), agent="ann"),
        engine.tokens.list_tokens(Caller(agent="ann")),
        engine.tokens.revoke_token(Caller(agent="ann"), token="0" * 12),
    ):
        with pytest.raises(Forbidden):
            await refused
    made = await engine.tokens.create_token(OWNER, agent="ann")
    await engine.tokens.revoke_token(OWNER, token=made["id"])
    rows = await engine.db.read(lambda tx: tx.all("SELECT agent, action, subject FROM audit"))
    assert [row[0] for row in rows] == ["owner", "owner"]
    assert [tuple(row[1:]) for row in rows] == [("create_token", made["id"]), ("revoke_token", made["id"])]


async def test_a_repeated_request_is_not_told_the_token_again(engine: Engine) -> None:
    once = Caller(agent="owner", scope=ALL, request_id="once")
    first = await engine.tokens.create_token(once, agent="ann")
    again = await engine.tokens.create_token(once, agent="ann")
    assert again == {name: value for name, value in first.items() if name != "token"} | {"replayed": True}
    assert len((await engine.tokens.list_tokens(OWNER))["tokens"]) == 1


async def test_who_guesses_tokens_has_to_wait_and_who_has_one_goes_on(engine: Engine) -> None:
    made = await engine.tokens.create_token(OWNER, agent="ann")
    for _ in range(LIMITS.token_misses_per_second):
        with pytest.raises(Unauthenticated):
            engine.tokens.bearer("wst_0123456789ab_" + "a" * 43)
    with pytest.raises(RateLimited):
        engine.tokens.bearer("nonsense")
    assert engine.tokens.bearer(made["token"]).agent == "ann"


async def test_who_guesses_at_one_address_keeps_nobody_waiting_at_another(engine: Engine) -> None:
    for _ in range(LIMITS.token_misses_per_second):
        with pytest.raises(Unauthenticated):
            engine.tokens.bearer("nonsense", address="2001:db8::1")
    with pytest.raises(RateLimited):
        engine.tokens.bearer("nonsense", address="2001:db8::2")  # whoever has the one has the other
    with pytest.raises(Unauthenticated):
        engine.tokens.bearer("nonsense", address="192.0.2.1")


async def test_who_guesses_from_many_addresses_has_to_wait_as_well(engine: Engine) -> None:
    made = await engine.tokens.create_token(OWNER, agent="ann")
    for number in range(LIMITS.token_misses_all_per_second):
        with pytest.raises(Unauthenticated):
            engine.tokens.bearer("nonsense", address=f"192.0.2.{number}")
    with pytest.raises(RateLimited):
        engine.tokens.bearer("nonsense", address="198.51.100.1")
    assert engine.tokens.bearer(made["token"], address="198.51.100.1").agent == "ann"


async def test_an_agent_that_calls_too_often_has_to_wait_while_others_go_on(engine: Engine, clock: ManualClock) -> None:
    each = engine.folder.settings.rates_agent_per_second
    for _ in range(2 * each):  # while no token is asked for, nobody is counted
        engine.tokens.count_call("ann")
    await engine.tokens.create_token(OWNER, agent="ann")
    for _ in range(each):
        engine.tokens.count_call("ann")
    with pytest.raises(RateLimited) as refusal:
        engine.tokens.count_call("ann")
    assert refusal.value.facts["retry_after_seconds"] == 1
    assert refusal.value.retryable
    engine.tokens.count_call("bob")
    clock.advance(1)
    engine.tokens.count_call("ann")


async def test_there_are_so_many_tokens_and_no_more(engine: Engine) -> None:
    made = await engine.tokens.create_token(OWNER, agent="ann")
    (token,) = engine.tokens._live.values()
    engine.tokens._live |= {str(number): token for number in range(LIMITS.live_tokens_max - 1)}
    with pytest.raises(QuotaExceeded):
        await engine.tokens.create_token(OWNER, agent="bob")
    await engine.tokens.revoke_token(OWNER, token=made["id"])
    assert await engine.tokens.create_token(OWNER, agent="bob")


async def test_an_agent_stands_for_what_all_its_tokens_grant(engine: Engine) -> None:
    assert engine.tokens.standing("ann").may("write")
    made = await engine.tokens.create_token(OWNER, agent="ann", allow=["read:a/**"])
    await engine.tokens.create_token(OWNER, agent="ann", allow=["read:b/**"])
    await engine.tokens.create_token(OWNER, agent="crew", crew=True, allow=["write:c/**"])
    assert engine.tokens.standing("ann").sees("a/x")
    assert engine.tokens.standing("crew/bo").scope.allows("write", "c/x")
    assert not engine.tokens.standing("bob").scope.grants
    await engine.tokens.revoke_token(OWNER, token=made["id"])
    assert not engine.tokens.standing("ann").sees("a/x")
    assert engine.tokens.standing("ann").sees("b/x")


async def test_what_is_open_goes_on_for_as_long_as_its_token_and_without_one_until_the_first(engine: Engine) -> None:
    unproven = Caller(agent="bob", door="http")
    engine.tokens.check_open(unproven)
    assert engine.tokens.current(unproven).sees("a")
    made = await engine.tokens.create_token(OWNER, agent="ann", allow=["read:a/**"])
    ann = engine.tokens.bearer(made["token"]).caller("ann")
    with pytest.raises(Unauthenticated):
        engine.tokens.check_open(unproven)
    assert not engine.tokens.current(unproven).may("read")
    engine.tokens.check_open(ann)
    assert engine.tokens.current(ann) == ann
    await engine.tokens.revoke_token(OWNER, token=made["id"])
    with pytest.raises(Unauthenticated):
        engine.tokens.check_open(ann)
    assert not engine.tokens.current(ann).may("read")
    engine.tokens.check_open(OWNER)
    assert engine.tokens.current(OWNER) == OWNER


async def test_a_call_that_waits_is_given_nothing_once_its_token_has_ended(engine: Engine) -> None:
    made = await engine.tokens.create_token(OWNER, agent="ann", allow=["all:**"])
    ann = engine.tokens.bearer(made["token"]).caller("ann")
    mine = await engine.locks.lock_files(ann, paths=["ann.md"])
    held = await engine.locks.lock_files(OWNER, paths=["held.md"])
    await engine.jobs.add_job(OWNER, queue="q", instructions="done before")
    await engine.jobs.claim_job(OWNER, queue="q")

    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"
        await engine.tokens.revoke_token(OWNER, token=made["id"])
        yield b"two"

    waiting = [
        asyncio.ensure_future(engine.jobs.claim_job(ann, queue="q", wait_seconds=50)),
        asyncio.ensure_future(engine.locks.lock_files(ann, paths=["held.md"], wait_seconds=50)),
        asyncio.ensure_future(engine.waits.wait_for(ann, files=["later.md"], timeout_seconds=50)),
    ]
    with anyio.fail_after(60):
        while not await all_wait(engine):  # noqa: ASYNC110 - what is looked at lies in the server
            await anyio.sleep(0.01)
        with pytest.raises(Unauthenticated):
            await engine.files.upload(ann, path="ann.md", chunks=chunks(), lock=mine["lock"])
        await engine.jobs.add_job(OWNER, queue="q", instructions="secret")
        await engine.files.write_file(OWNER, path="later.md", content="secret")
        await engine.locks.unlock_files(OWNER, lock=held["lock"])
        for one in waiting:
            with pytest.raises(Unauthenticated):
                await one
    for call in (engine.search.search(ann, query="secret"), engine.search.query_facts(ann, query="secret")):
        with pytest.raises(Unauthenticated):
            await call
    # Others get what it was not given, at once.
    assert (await engine.jobs.claim_job(OWNER, queue="q"))["job"]["attempt"] == 1
    assert (await engine.locks.lock_files(OWNER, paths=["held.md"]))["lock"]


async def all_wait(engine: Engine) -> bool:
    (queue,) = (await engine.queues.list_queues(OWNER))["queues"]
    return bool(queue["waiting"] and (await engine.locks.list_locks(OWNER))["waiting"])
