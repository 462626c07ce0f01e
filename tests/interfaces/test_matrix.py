"""Every principal at every tool and every operation, inside and outside of its scope: each cell is asserted.

What a cell has to be follows from the rules below and from nothing else: a tool or an operation without a rule fails.
A cell that is granted may still be refused for another reason; what it answers never tells of what lies outside.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest

from tests.interfaces.listening import Listening, listening
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL, Scope, Verb, parse_scope
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.http.api import Api
from workspace_server.interfaces.http.openapi import PREFIX
from workspace_server.interfaces.mcp.tools import TOOLS

pytestmark = pytest.mark.anyio

Where = Literal["path", "somewhere", "whole"]
Needs = Sequence[tuple[Verb, Where]]
OWNER = Caller(agent="boss", scope=ALL)
SECRET = "zanzibar"
INSIDE, OUTSIDE = "open/a.md", f"{SECRET}/a.md"
PRINCIPALS: Mapping[str, Sequence[str]] = {
    "reader": ["read,search:open/**"],
    "searcher": ["search:open/**"],
    "writer": ["write:open/**"],
    "editor": ["read,write,lock,search:open/**"],
    "worker": ["jobs,trigger:**"],
    "owner of a part": ["all:open/**"],
    "watcher": ["read:**"],
    "agent": ["read,write,lock,search,trigger,jobs:**"],
    "operator": ["all:**"],
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a tool or an operation needs, and arguments with which that alone decides; `$` stands for the path."""

    needs: Needs
    arguments: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""

    @property
    def paths(self) -> Sequence[str]:
        """The paths that make a difference."""
        return (INSIDE, OUTSIDE) if any(where == "path" for _, where in self.needs) else (INSIDE,)

    def allows(self, scope: Scope, path: str) -> bool:
        of_where = {"path": lambda verb: scope.allows(verb, path), "somewhere": scope.may, "whole": scope.is_whole}
        return all(of_where[where](verb) for verb, where in self.needs)

    def filled(self, path: str) -> dict[str, Any]:
        filled: dict[str, Any] = json.loads(json.dumps(self.arguments).replace("$", path))
        return filled


def needs(*verbs: Verb, where: Where = "path", url: str = "", **arguments: Any) -> Rule:
    return Rule([(verb, where) for verb in verbs], arguments, url)


def anywhere(*verbs: Verb, url: str = "", **arguments: Any) -> Rule:
    return needs(*verbs, where="somewhere", url=url, **arguments)


def whole(*verbs: Verb, **arguments: Any) -> Rule:
    return needs(*verbs, where="whole", **arguments)


EDITS = [{"old_text": "relay", "new_text": "relais"}]
TOOL_RULES: Mapping[str, Rule] = {
    "list_files": anywhere("read"),
    "read_file": needs("read", path="$"),
    "file_history": needs("read", path="$"),
    "write_file": needs("write", path="$", content="The relay.\n", overwrite=True),
    "edit_file": needs("read", "write", path="$", edits=EDITS),
    "move_file": Rule([("read", "path"), ("write", "path")], {"path": "$", "to": "$.copy", "copy": True}),
    "delete_file": needs("write", path="$"),
    "commit_files": needs(
        "write", changes=[{"op": "write", "path": "$", "content": "The relay.\n", "overwrite": True}]
    ),
    "restore_file": needs("read", "write", path="$"),
    "lock_files": needs("lock", paths=["$"], mode="intent"),
    "unlock_files": anywhere("lock", paths=["$"]),
    "list_locks": anywhere("read"),
    "search": anywhere("search", query="relay", mode="exact"),
    "query_facts": anywhere("search", query="relay"),
    "describe_file": needs("read", path="$"),
    "wait_for": needs("read", files=["$"], timeout_seconds=0),
    "list_events": anywhere("read"),
    "create_trigger": needs("trigger", "read", name="t", files=["$"], queue="q"),
    "list_triggers": anywhere("trigger"),
    "delete_trigger": anywhere("trigger", name="t"),
    "add_job": needs("jobs", "read", queue="q", instructions="do", inputs=["$"]),
    "claim_job": anywhere("jobs", queue="q"),
    "finish_job": anywhere("jobs", job="J1"),
}
ADMINS = whole("admin")
TRIGGERS = anywhere("trigger")
JOBS = anywhere("jobs")
DECIDES = anywhere("admin")
READS = anywhere("read")
FLOWS = {
    "GET /triggers": TRIGGERS,
    "POST /triggers": needs("trigger", "read", name="t2", files=["$"], queue="q"),
    "GET /triggers/{name}": TRIGGERS,
    "PATCH /triggers/{name}": TRIGGERS,
    "DELETE /triggers/{name}": TRIGGERS,
    "POST /triggers/{name}:pause": TRIGGERS,
    "POST /triggers/{name}:resume": TRIGGERS,
    "POST /triggers/{name}:test": TRIGGERS,
    "POST /triggers/{name}:send_test": TRIGGERS,
    "POST /triggers/{name}:rotate_secret": TRIGGERS,
    "POST /triggers:test": needs("trigger", "read", files=["$"], queue="q"),
    "POST /triggers:reload": ADMINS,
    "GET /runs": TRIGGERS,
    "GET /runs/{id}": TRIGGERS,
    "GET /deliveries": TRIGGERS,
    "GET /deliveries/{id}": TRIGGERS,
    "POST /deliveries/{id}:redeliver": TRIGGERS,
    "POST /deliveries:redeliver": anywhere("trigger", since="1h"),
    "GET /endpoints": TRIGGERS,
    "POST /endpoints/{id}:enable": TRIGGERS,
    "POST /endpoints/{id}:pause": TRIGGERS,
    "POST /endpoints/{id}:resume": TRIGGERS,
    "GET /queues": JOBS,
    "POST /queues/{queue}:add": needs("jobs", "read", instructions="do", inputs=["$"]),
    "POST /queues/{queue}:claim": JOBS,
    "GET /jobs": JOBS,
    "GET /jobs/{job}": JOBS,
    "POST /jobs/{job}:finish": JOBS,
    "GET /jobs/{job}:log": JOBS,
    "POST /jobs/{job}:log": anywhere("jobs", attempt=1, text="x"),
    "POST /jobs/{job}:cancel": DECIDES,
    "POST /jobs/{job}:revive": JOBS,
}
PEOPLE = {
    "GET /attention": READS,
    "GET /attention/{id}": READS,
    "POST /attention/{id}:approve": DECIDES,
    "POST /attention/{id}:deny": DECIDES,
    "POST /attention/{id}:dismiss": DECIDES,
    "POST /attention/{id}:reply": anywhere("admin", reply="x"),
    "POST /attention/{id}:retry": DECIDES,
    "GET /agents": READS,
    "GET /agents/{agent}": READS,
    "POST /agents/{agent}:pause": ADMINS,
    "POST /agents/{agent}:resume": ADMINS,
    "POST /agents/{agent}:note": whole("admin", text="x"),
    "POST /workspace:pause": ADMINS,
    "POST /workspace:resume": ADMINS,
    "GET /tokens": ADMINS,
    "POST /tokens": whole("admin", agent="x"),
    "DELETE /tokens/{token}": ADMINS,
    "POST /undo": anywhere("write", "admin", agent="boss", since="1h", dry_run=True),
    "GET /links": READS,
    "POST /links": needs("read", "admin", path="$"),
    "DELETE /links/{link}": DECIDES,
    "GET /subscriptions": anywhere("read"),
    "DELETE /subscriptions/{subscription}": ADMINS,
    "POST /gc": ADMINS,
    "POST /reindex": ADMINS,
    "GET /upkeep": ADMINS,
    "GET /status": READS,
    "GET /openapi.json": Rule(()),
}
FILES = {
    "GET /files": anywhere("read"),
    "GET /files/{path}": needs("read"),
    "PUT /files/{path}": needs("write"),
    "PATCH /files/{path}": needs("read", "write", edits=EDITS),
    "DELETE /files/{path}": needs("write"),
    "GET /files/{path}:text": needs("read"),
    "GET /files/{path}:history": needs("read"),
    "GET /files/{path}:diff": needs("read", url="from=1"),
    "GET /files/{path}:blame": needs("read"),
    "GET /files/{path}:describe": needs("read"),
    "POST /files/{path}:move": needs("read", "write", to="$.moved"),
    "POST /files/{path}:copy": needs("read", "write", to="$.copied"),
    "POST /files/{path}:restore": needs("read", "write"),
    "POST /files/{path}:checkout": needs("write", "lock"),
    "POST /files/{path}:checkin": needs("write", "lock"),
    "POST /files/{path}:purge": ADMINS,
    "POST /commits": needs("write", changes=[{"op": "delete", "path": "$"}]),
    "GET /locks": anywhere("read"),
    "POST /locks": needs("lock", paths=["$"], mode="intent"),
    "PATCH /locks/{lock}": anywhere("lock"),
    "DELETE /locks/{lock}": anywhere("lock"),
    "GET /search": anywhere("search", url="query=relay&mode=exact"),
    "GET /facts": anywhere("search", url="query=relay"),
    "GET /facts:conflicts": anywhere("search"),
    "POST /facts:dismiss": anywhere("admin", subject="s", key="k"),
    "GET /events": anywhere("read"),
}
OPERATION_RULES: Mapping[str, Rule] = FILES | FLOWS | PEOPLE
VALUES = {
    "lock": "L1-aaaa",
    "link": "S1",
    "subscription": "s1",
    "name": "t",
    "id": "D1",
    "queue": "q",
    "job": "J1",
    "agent": "boss",
    "token": "0" * 12,
}


@pytest.fixture
async def served(folder: Path) -> AsyncIterator[Listening]:
    async with listening(folder) as found:
        yield found


@pytest.fixture
async def tokens(served: Listening) -> dict[str, str]:
    """A token for each principal, in a workspace whose files are the same inside and outside."""
    await served.engine.triggers.create_trigger(
        OWNER, name=SECRET, files=[f"{SECRET}/*", "open/*"], queue=SECRET, settle="immediate", instructions=SECRET
    )
    for path in (INSIDE, OUTSIDE):
        sources = [{"path": INSIDE, "version": 1}, {"path": OUTSIDE, "version": 1}]
        content = f"The relay is {path}.\n"
        await served.engine.files.write_file(OWNER, path=path, content=content, sources=sources)
        for instructions in (f"read {path}", f"sum up {path}"):
            await served.engine.jobs.add_job(OWNER, queue="q", instructions=instructions, inputs=[path])
        job = (await served.engine.jobs.claim_job(OWNER, queue="q"))["job"]
        asked = f"what of {job['inputs'][0]['path']}?"
        await served.engine.jobs.finish_job(OWNER, job=job["job"], outcome="blocked", note=asked)
        await served.engine.links.create_link(OWNER, path=path)
    await served.engine.locks.lock_files(OWNER, paths=[OUTSIDE], mode="intent", purpose=SECRET)
    made = {
        name: await served.engine.tokens.create_token(OWNER, agent=name.replace(" ", "-"), allow=grants)
        for name, grants in PRINCIPALS.items()
    }
    return {name: one["token"] for name, one in made.items()}


def wrong(rule: Rule, scope: Scope, path: str, code: str | None, said: str) -> str | None:
    """Return what is wrong with a cell."""
    if code in {"unauthenticated", "internal"}:
        return f"it was {code}: {said}"
    granted = rule.allows(scope, path)
    if granted == (code == "forbidden"):
        return f"{'granted' if granted else 'not granted'}, and it was {code}: {said[:300]}"
    sees_all = any(scope.is_whole(verb) for verb in scope.verbs)
    if not sees_all and SECRET in said.replace(path, ""):
        return f"it tells of what lies outside: {said[:600]}"
    return None


async def call_tool(client: httpx2.AsyncClient, name: str, arguments: Mapping[str, Any]) -> tuple[str | None, str]:
    """Return the code with which a tool was refused, if it was, and all that it said."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "matrix", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": name, "arguments": arguments, "_meta": meta}
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": name}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    answer = await client.post("/mcp", json=message, headers={**headers, "accept": "application/json"})
    if answer.status_code != 200:
        return answer.json()["error"]["code"], answer.text
    result = answer.json()["result"]
    said = "\n".join(block.get("text", "") for block in result["content"])
    return (json.loads(said)["code"] if result.get("isError") else None), said


async def test_every_tool_has_a_rule_that_holds_for_every_principal(
    served: Listening, tokens: Mapping[str, str]
) -> None:
    assert set(TOOL_RULES) == {tool.name for tool in TOOLS}
    found = []
    async with httpx2.AsyncClient(base_url=served.url) as client:
        for name, rule in TOOL_RULES.items():
            assert (await call_tool(client, name, rule.filled(INSIDE)))[0] == "unauthenticated"
        for principal, token in tokens.items():
            client.headers["authorization"] = f"Bearer {token}"
            scope = parse_scope(PRINCIPALS[principal])
            for name, rule in TOOL_RULES.items():
                for path in rule.paths:
                    code, said = await call_tool(client, name, rule.filled(path))
                    found.append((principal, name, path, wrong(rule, scope, path, code, said)))
    assert "\n".join(" · ".join(map(str, cell)) for cell in found if cell[-1] is not None) == ""
    assert len(found) == len(PRINCIPALS) * sum(len(rule.paths) for rule in TOOL_RULES.values())


async def test_every_operation_has_a_rule_that_holds_for_every_principal(
    served: Listening, tokens: Mapping[str, str]
) -> None:
    table = Api(served.engine, Guard()).table
    assert set(OPERATION_RULES) == {f"{one.method} {one.template}" for one in table.operations}
    found = []
    async with httpx2.AsyncClient(base_url=served.url + PREFIX) as client:

        async def answer(name: str, rule: Rule, path: str) -> tuple[str | None, str]:
            method, template = name.split(" ")
            target = template.format_map({**VALUES, "path": path}) + (f"?{rule.url}" if rule.url else "")
            body = None if method in {"GET", "DELETE"} else rule.filled(path)
            said = await client.request(method, target, json=body)
            return (None if said.is_success else said.json()["error"]["code"]), said.text

        for name, rule in OPERATION_RULES.items():
            assert (await answer(name, rule, INSIDE))[0] == "unauthenticated"
        for principal, token in tokens.items():
            client.headers["authorization"] = f"Bearer {token}"
            scope = parse_scope(PRINCIPALS[principal])
            for name, rule in OPERATION_RULES.items():
                for path in rule.paths:
                    code, said = await answer(name, rule, path)
                    found.append((principal, name, path, wrong(rule, scope, path, code, said)))
    assert "\n".join(" · ".join(map(str, cell)) for cell in found if cell[-1] is not None) == ""
    assert len(found) == len(PRINCIPALS) * sum(len(rule.paths) for rule in OPERATION_RULES.values())


async def test_how_all_of_it_is_is_told_to_who_may_read_all_of_it(served: Listening, tokens: Mapping[str, str]) -> None:
    async with httpx2.AsyncClient(base_url=served.url) as client:
        for principal, token in tokens.items():
            client.headers["authorization"] = f"Bearer {token}"
            expected = 200 if parse_scope(PRINCIPALS[principal]).is_whole("read") else 403
            told = [(await client.get(page)).status_code for page in ("/metrics", "/readyz")]
            assert told == [expected, expected], principal


async def test_the_tools_that_are_listed_are_those_that_may_be_used_somewhere(
    served: Listening, tokens: Mapping[str, str]
) -> None:
    for principal in PRINCIPALS:
        headers = {
            "authorization": f"Bearer {tokens[principal]}",
            "mcp-protocol-version": "2026-07-28",
            "mcp-method": "tools/list",
            "accept": "application/json",
        }
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "matrix", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        async with httpx2.AsyncClient(base_url=served.url) as client:
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
            listed = (await client.post("/mcp", json=message, headers=headers)).json()["result"]["tools"]
        verbs = parse_scope(PRINCIPALS[principal]).verbs
        assert [tool["name"] for tool in listed] == [tool.name for tool in TOOLS if tool.verb in verbs], principal
