"""Every principal at every page and every form of the web view, inside and outside of its scope.

What a cell has to be follows from the rules below: a page or a form without a rule fails. No answer is a fault of the
server, and none tells of what lies outside.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from starlette.responses import Response

from tests.interfaces.listening import Listening, listening
from tests.interfaces.test_matrix import INSIDE, OUTSIDE, OWNER, SECRET, Rule, anywhere, needs, whole
from workspace_server.core.scopes import parse_scope
from workspace_server.interfaces.web.routes import SECTIONS

pytestmark = pytest.mark.anyio

PRINCIPALS: Mapping[str, list[str]] = {
    "reader": ["read,search:open/**"],
    "searcher": ["search:open/**"],
    "editor": ["read,write,lock,search:open/**"],
    "worker": ["read,jobs,trigger:open/**"],
    "owner of a part": ["all:open/**"],
    "watcher": ["read:**"],
    "operator": ["all:**"],
}
OPEN = Rule(())
READS, FINDS, TRIGGERS, JOBS = anywhere("read"), anywhere("search"), anywhere("trigger"), anywhere("jobs")
DECIDES = anywhere("admin")
PAGES: Mapping[str, Rule] = {
    "/": READS,
    "/connect": OPEN,
    "/keys": OPEN,
    "/files": OPEN,
    "/files/": READS,
    "/files/{path}": needs("read"),
    "/files/{path}?view=history": needs("read"),
    "/files/{path}?view=blame": needs("read"),
    "/files/{path}?view=facts": needs("read", "search"),
    "/files/{path}?diff=1..1": needs("read"),
    "/folders": READS,
    "/find": anywhere("read", url="q=a"),
    "/search": anywhere("search", url="q=relay&mode=exact"),
    "/facts": FINDS,
    "/contradictions": FINDS,
    "/activity": READS,
    "/agents": READS,
    "/agents/{name:path}": READS,
    "/undo": anywhere("write", "admin", url="agent=boss&since=1h"),
    "/locks": READS,
    "/jobs": JOBS,
    "/jobs/{job}": JOBS,
    "/triggers": TRIGGERS,
    "/triggers:new": OPEN,
    "/triggers/{name}": TRIGGERS,
    "/triggers/{name}/change": TRIGGERS,
    "/runs": TRIGGERS,
    "/runs/{name}": TRIGGERS,
    "/deliveries": TRIGGERS,
    "/deliveries/{name}": TRIGGERS,
    "/receivers": TRIGGERS,
    "/attention": READS,
    "/attention/{id}": READS,
    "/edit": needs("read", url="path=$"),
    "/new": OPEN,
    "/upload": OPEN,
    "/move": needs("read", url="path=$"),
    "/delete": needs("read", url="path=$"),
    "/links": READS,
    "/links?path={path}": READS,
}
FORMS: Mapping[str, Rule] = {
    "/agents": whole("admin", action="pause"),
    "/agents/{name:path}": whole("admin", action="pause"),
    "/undo": anywhere("write", "admin", agent="boss", since="1h"),
    "/locks": anywhere("admin", lock="L1"),
    "/jobs/{job}": anywhere("jobs", action="retry"),
    "/contradictions": anywhere("admin", subject="s", key="k"),
    "/triggers:new": needs("trigger", "read", action="create", name="t", files="$", kind="queue", to="q"),
    "/triggers/{name}": anywhere("trigger", action="pause"),
    "/triggers/{name}/change": anywhere("trigger"),
    "/deliveries/{name}": TRIGGERS,
    "/receivers": anywhere("trigger", name="r1", action="pause"),
    "/attention": anywhere("admin", attention="A1", action="dismiss"),
    "/attention/{id}": anywhere("admin", action="dismiss"),
    "/edit": needs("write", path="$", text="The relay.\n", base="1"),
    "/new": needs("write", name="$", text="The relay.\n"),
    "/upload": needs("write"),
    "/replace": needs("write", path="$", draft="D9"),
    "/move": needs("read", "write", path="$", to="$.moved"),
    "/delete": needs("write", path="$"),
    "/restore": needs("read", "write", path="$", version="1"),
    "/links": needs("read", "admin", path="$", term="3600"),
    "/links/revoke": anywhere("admin", link="S1"),
}
VALUES = {"name": "boss", "job": "J1", "id": "A1"}
BESIDE = {"/files/", *(one for one in PAGES if "{path}" in one)}
"""Pages that the list of addresses does not name one by one."""


@pytest.fixture
async def served(folder: Path) -> AsyncIterator[Listening]:
    """A workspace whose files are the same inside and outside, and in which something of each kind is both."""
    async with listening(folder, name="atlas") as found:
        engine = found.engine
        for path in (INSIDE, OUTSIDE, f"{SECRET}.md"):
            content = f"# Relay\n\nprice: {len(path)} EUR\n\nThe relay is {path}.\n"
            sources = [{"path": INSIDE, "version": 1}, {"path": OUTSIDE, "version": 1}]
            await engine.files.write_file(OWNER, path=path, content=content, sources=sources)
            job = await engine.jobs.add_job(OWNER, queue=path.partition("/")[0], instructions=path, inputs=[path])
            await engine.jobs.claim_job(OWNER, queue=path.partition("/")[0])
            await engine.jobs.finish_job(OWNER, job=job["job"], outcome="blocked", note=f"what of {path}?")
            await engine.links.create_link(OWNER, path=path, note=path)
        await engine.triggers.create_trigger(OWNER, name=SECRET, files=[f"{SECRET}/*"], queue=SECRET)
        await engine.locks.lock_files(OWNER, paths=[OUTSIDE], mode="intent", purpose=SECRET)
        await engine.agents.notes.leave_note(OWNER, agent=SECRET, text=SECRET)
        await engine.agents.pauses.pause_agent(OWNER, agent="boss", note=SECRET)
        await engine.agents.pauses.resume_agent(OWNER, agent="boss")
        yield found


async def browsers(served: Listening) -> Mapping[str, tuple[httpx2.AsyncClient, str]]:
    """Return a browser for each principal, logged in by a token, with what the forms of its pages carry."""
    found = {}
    for name, grants in PRINCIPALS.items():
        made = await served.engine.tokens.create_token(OWNER, agent=name.replace(" ", "-"), allow=grants)
        answer = Response()
        served.guard.logins.begin(answer, made["id"])
        headers = {"cookie": answer.headers["set-cookie"].partition(";")[0], "origin": served.url}
        client = httpx2.AsyncClient(timeout=60, base_url=served.url, headers={**headers, "accept": "text/html"})
        page = await client.get("/keys")
        token = re.search(r'name="token" value="([0-9a-f]{64})"', page.text)
        assert token is not None
        found[name] = client, token[1]
    return found


def cells(rules: Mapping[str, Rule]) -> Iterator[tuple[str, Rule, str]]:
    """Yield all cells of one principal: an address, its rule and a path."""
    for address, rule in rules.items():
        for path in rule.paths:
            yield address, rule, path


def target(address: str, rule: Rule, path: str) -> str:
    filled = re.sub(r"\{(\w+)(:path)?\}", lambda found: {**VALUES, "path": path}[found[1]], address)
    return filled + (f"?{rule.url.replace('$', path)}" if rule.url else "")


def is_refused(answer: httpx2.Response, rule: Rule) -> bool:
    """Whether a page or form is refused; of what is uploaded each file is, and what is not seen is not there."""
    beside_the_file = answer.request.url.path in {"/upload", "/replace"} and "needs the verb write" in answer.text
    unseen = answer.status_code == 404 and rule is FORMS["/attention/{id}"]
    return answer.status_code == 403 or beside_the_file or unseen


def wrong(rule: Rule, principal: str, path: str, answer: httpx2.Response) -> str | None:
    """Return what is wrong with a cell."""
    scope = parse_scope(PRINCIPALS[principal])
    if answer.status_code >= 500 or answer.status_code == 401:
        return f"it was {answer.status_code}"
    granted = rule.allows(scope, path)
    if granted == is_refused(answer, rule):
        return f"{'granted' if granted else 'not granted'}, and it was {answer.status_code}"
    # Above the page of a file stands the way to it, which its address has named.
    told = re.sub(r'<nav class="crumbs".*?</nav>', "", answer.text, flags=re.DOTALL)
    told = told.replace(quote(path, safe=""), "").replace(path, "")
    if not scope.is_whole("read") and SECRET in told:
        return f"it tells of what lies outside: …{told[max(0, told.index(SECRET) - 200) :][:300]}"
    return None


async def test_every_page_and_form_has_a_rule_that_holds_for_every_principal(served: Listening) -> None:
    assert set(PAGES) - BESIDE == {address for section in SECTIONS for address in section.pages}
    assert set(FORMS) == {address for section in SECTIONS for address in section.forms}
    found = []
    for principal, (client, token) in (await browsers(served)).items():
        for address, rule, path in cells(PAGES):
            answer = await client.get(target(address, rule, path))
            found.append((principal, "GET", address, path, wrong(rule, principal, path, answer)))
        for address, rule, path in cells(FORMS):
            fields = {name: str(value) for name, value in rule.filled(path).items()}
            files = {"file": (path, b"x")} if address == "/upload" else None
            answer = await client.post(target(address, rule, path), data={**fields, "token": token}, files=files)
            found.append((principal, "POST", address, path, wrong(rule, principal, path, answer)))
        await client.aclose()
    assert "\n".join(" · ".join(map(str, cell)) for cell in found if cell[-1] is not None) == ""
    assert len(found) == len(PRINCIPALS) * sum(len(rule.paths) for rule in [*PAGES.values(), *FORMS.values()])


async def test_the_bar_leads_to_what_is_not_refused_and_clients_are_told_to_bear_tokens(served: Listening) -> None:
    for principal, (client, _) in (await browsers(served)).items():
        page = (await client.get("/connect")).text
        assert ("?agent=" in page, page.count("$WORKSPACE_TOKEN")) == (False, 4)
        bar = page.split('<nav aria-label="Main">')[1].split("</nav>")[0]
        scope = parse_scope(PRINCIPALS[principal])
        assert all(PAGES[address].allows(scope, INSIDE) for address in re.findall(r'href="([^"]+)"', bar)), principal
        assert ("Flows" in bar) == scope.may("trigger")
        assert ('href="/triggers"' in (await client.get("/")).text) == (scope.may("trigger"))
        await client.aclose()
